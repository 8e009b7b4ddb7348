"""The table `[keys]` of the config file: which keys do what on the screen; the screen knows its actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamer.core.untrusted import printable
from streamer.errors import UsageError


def read_keys(table: Mapping[str, Any], *, where: str) -> dict[str, tuple[str, ...]]:
    """Return the keys of each action, as they are written; `where` the table stands begins a message.

    Raises:
        UsageError: A value is neither a key nor a list of keys.
    """
    return {action: read_action_keys(action, value, where=where) for action, value in table.items()}


def read_action_keys(action: str, value: Any, *, where: str) -> tuple[str, ...]:
    """Return the keys of one action.

    Raises:
        UsageError: As with `read_keys`.
    """
    keys = value if isinstance(value, list) else [value]
    if not keys or not all(isinstance(key, str) and key for key in keys):
        raise UsageError(
            f'{where}: {printable(action)} must be a key, such as "x", or a list of keys'
        )
    return tuple(keys)
