"""Watch-words: rules of the config file, and which of them fire on what is said; pure, values in and values out."""
