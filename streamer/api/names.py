"""Names that a request uses, of parameters and of fields: what is not known is refused rather than passed over (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from streamer.errors import UsageError

_LONGEST_SHOWN = 80


def check_names(names: Iterable[str], known: Sequence[str], *, what: str) -> None:
    """See to it that all names are known, and each is given once; `what` is said of one that is not.

    Raises:
        UsageError: One is not; the message has the nearest that is.
    """
    for name, count in Counter(iter(names)).items():
        shown = name[:_LONGEST_SHOWN]
        if name not in known:
            raise UsageError(f"{shown} is no {what}; {_advise(name, known)}")
        if count > 1:
            raise UsageError(f"{shown} is given {count} times; give it once")


def _advise(name: str, known: Sequence[str]) -> str:
    if not known:
        return "nothing can be given here"
    nearest = get_close_matches(name, known, n=1)
    return f"{nearest[0]} is" if nearest else f"these are: {', '.join(known)}"
