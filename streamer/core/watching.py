"""A table `[[watch]]` of the config file: which calls of a PBX `serve --ari` taps by itself."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from streamer.errors import UsageError

ROOM, MEMBER = "room", "member"
_LONGEST = 200
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class WatchRule:
    """One table, checked; what is empty does not matter, other texts may have `*`, `?` and `[…]`."""

    context: str = ""
    endpoint: str = ""
    caller: str = ""
    queue: str = ""
    did: str = ""
    percentage: float = 100.0
    most: int = 0
    """Calls at once, 0 for any number."""
    boundary: str = ROOM


def read_watch_table(table: Mapping[str, Any], *, where: str) -> WatchRule:
    """Read one table; `where` it stands begins each message.

    Raises:
        UsageError: It has an unknown key, or a value that cannot be meant.
    """
    for name, value in table.items():
        check_watch_key(name, value, where=where)
    return WatchRule(**table)


def check_watch_key(name: str, value: Any, *, where: str) -> None:
    """Check a key of a table and its value; `where` the table stands begins the message.

    Raises:
        UsageError: The key is unknown, or its value is of no use.
    """
    if name not in _KEYS:
        (nearest,) = difflib.get_close_matches(name, _KEYS, n=1, cutoff=0.0)
        raise UsageError(f"{where} has the unknown key {name}; the nearest known one is {nearest}")
    is_right, wanted = _KEYS[name]
    if not is_right(value):
        raise UsageError(f"{where}: {name} must be {wanted}")


def _is_pattern(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable()


def _is_share(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 < value <= 100


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST


_KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "context": (_is_pattern, 'a string such as "from-trunk" or "from-*"'),
    "endpoint": (_is_pattern, 'a string such as "PJSIP/100" or "PJSIP/trunk*"'),
    "caller": (_is_pattern, 'a string, a number such as "0170*"'),
    "queue": (_is_pattern, 'a string, the name of a queue such as "sales"'),
    "did": (_is_pattern, 'a string, a number that was dialled such as "4930*"'),
    "percentage": (_is_share, "a number more than 0 and at most 100"),
    "most": (_is_count, f"a whole number from 1 to {_MOST}"),
    "boundary": (lambda value: value in (ROOM, MEMBER), f'"{ROOM}" or "{MEMBER}"'),
}
"""Of each key: whether a value may be meant, and what is wanted."""
