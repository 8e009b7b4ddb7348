"""One call and many: transcribed, stored, listed, deleted, placed, reported."""
