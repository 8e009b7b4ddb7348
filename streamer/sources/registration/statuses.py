"""What a PBX says of a call beside its audio, as facts of that call: before it comes, while it lasts, and for a while after it.

A call's status is `completed`, `failed` or `no_answer`; what a dialplan says of it (`dialstatus`, a status in words) is translated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from streamer.core.untrusted import printable

STATUS = "status"
MOST_CALLS = 1_000
LONGEST_VALUE = 200

_KINDS = ("type", "event")
_FACTS = ("dialstatus", "cause", "cause_txt", "reason")
_WORDS = {
    "completed": "completed",
    "failed": "failed",
    "cancelled": "no_answer",
    "no_answer": "no_answer",
    "noanswer": "no_answer",
    "cancel": "no_answer",
    "busy": "failed",
    "congestion": "failed",
    "chanunavail": "failed",
    "invalidargs": "failed",
    "rejected": "failed",
}

Take = Callable[[Mapping[str, str]], None]


def read_facts(said: Any) -> dict[str, str]:
    """Return what an event says, whatever was sent: its kind, how the call went as far as it tells that, and words of the PBX."""
    fields = said if isinstance(said, dict) else {}
    kind = next((fields[name] for name in _KINDS if isinstance(fields.get(name), str)), "")
    facts = {"event": kind, **{name: _read(fields.get(name)) for name in _FACTS}}
    told = (_read(fields.get(name)).lower().replace("-", "_") for name in (STATUS, "dialstatus"))
    facts[STATUS] = next((_WORDS[word] for word in told if word in _WORDS), "")
    return {name: printable(value, limit=LONGEST_VALUE) for name, value in facts.items() if value}


def _read(value: object) -> str:
    is_plain = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value)[:LONGEST_VALUE] if is_plain else ""


class Statuses:
    """Hands on what is said of a call to whoever follows it; what is said of one that has not come waits for it."""

    def __init__(self) -> None:
        self._takers: dict[UUID, Take] = {}  # the oldest first; at most MOST_CALLS
        self._early: dict[UUID, dict[str, str]] = {}  # as above

    def tell(self, call: UUID, facts: Mapping[str, str]) -> None:
        """Take what is said of a call."""
        if take := self._takers.get(call):
            take(facts)
            return
        self._early.setdefault(call, {}).update(facts)
        _shorten(self._early)

    def follow(self, call: UUID, take: Take) -> None:
        """Have what is said of a call from now on, and what was said before it came."""
        self._takers.pop(call, None)
        self._takers[call] = take
        _shorten(self._takers)
        if early := self._early.pop(call, None):
            take(early)


def _shorten(kept: dict[UUID, Any]) -> None:
    if len(kept) > MOST_CALLS:
        del kept[next(iter(kept))]
