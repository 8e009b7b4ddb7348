"""Whether a model is right and fast enough on this machine, tried on bundled speech, and remembered."""
