"""What is wrong with a command line, in our words: of values, Typer says what its own library says."""

from __future__ import annotations

import re

_WORDS = (
    (re.compile(r"Value error, "), ""),
    (re.compile(r"Input should be a valid integer\b.*"), "it must be a whole number"),
    (re.compile(r"Input should be a valid number\b.*"), "it must be a number"),
    (re.compile(r"Input should be greater than or equal to "), "it must be at least "),
    (re.compile(r"Input should be less than or equal to "), "it must be at most "),
    (re.compile(r"Input should be "), "it must be "),
    (re.compile(r" \(Possible options: ([^)]*)\)$"), r". Did you mean \1?"),
)


def reword(message: str) -> str:
    """Return a message of Typer's without the words of the library that checks values for it."""
    for theirs, ours in _WORDS:
        message = theirs.sub(ours, message, count=1)
    return message
