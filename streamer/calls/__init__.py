"""One call and many: transcribed, kept, listed, deleted."""
