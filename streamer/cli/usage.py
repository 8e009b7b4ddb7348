"""What is wrong with a command line, in our words: of values, Typer says what its own library says."""

from __future__ import annotations

import re

_WORDS = (
    (
        re.compile(r"(?<=: )(['\"]).*\1 is not a valid int(?:eger)?(?: range)?\.$", re.DOTALL),
        "it must be a whole number",
    ),
    (
        re.compile(r"(?<=: )(['\"]).*\1 is not a valid float(?: range)?\.$", re.DOTALL),
        "it must be a number",
    ),
    (
        re.compile(r"^Got unexpected extra argument\(s\) \((.*)\)$", re.DOTALL),
        r"Too many arguments: \1",
    ),
    (re.compile(r"(['\"])\.$"), r"\1"),
    (re.compile(r" \(Possible options: ([^)]*)\)$"), r". Did you mean \1?"),
)
_OUTSIDE = re.compile(r"(\S+) is not in the range (?:(\S+)<=)?x(?:[<>]=(\S+))?\.$")


def reword(message: str) -> str:
    """Return a message of Typer's without the words of the library that checks values for it."""
    for theirs, ours in _WORDS:
        message = theirs.sub(ours, message, count=1)
    return _OUTSIDE.sub(_say_bound, message, count=1)


def _say_bound(found: re.Match[str]) -> str:
    """Return which bound of a range, such as `1<=x<=5` or `x>=1`, a number does not keep to."""
    number, low, other = found.groups()
    is_most = low is not None or "x<=" in found[0]
    if is_most and (low is None or float(number) > float(low)):
        return f"it must be at most {other}"
    return f"it must be at least {low or other}"
