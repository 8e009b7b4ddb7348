"""Words as rows: wrapping, selection, wording."""
