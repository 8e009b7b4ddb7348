"""Words as rows of a terminal: wrapping, selection, formatting."""
