"""The tables `[[token]]` of the config file: who may ask `serve --api`, and for what."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from streamer.core.untrusted import printable
from streamer.errors import UsageError

LONGEST_NAME = 64


class Scope(StrEnum):
    """What a token is for."""

    READ = "read"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class TokenTable:
    """One table, checked; `token` is as the file has it."""

    name: str
    token: str
    scopes: frozenset[Scope]


def read_tokens(tables: Sequence[Mapping[str, Any]], *, where: str) -> tuple[TokenTable, ...]:
    """Read the tables; `where` they stand begins each message.

    Raises:
        UsageError: One cannot be meant, or two have one name. No message repeats a token.
    """
    read: dict[str, TokenTable] = {}
    for number, table in enumerate(tables, start=1):
        token = _read_token(table, where=f"{where}: token {number}")
        if token.name in read:
            raise UsageError(f"{where}: token {number} has the name of another one; rename it")
        read[token.name] = token
    return tuple(read.values())


def _read_token(table: Mapping[str, Any], *, where: str) -> TokenTable:
    for name, value in table.items():
        check_token_key(name, value, where=where)
    for name in _KEYS:
        if name not in table:
            raise UsageError(f"{where} has no {name}; add one")
    return TokenTable(table["name"], table["token"], frozenset(map(Scope, table["scopes"])))


def check_token_key(name: str, value: Any, *, where: str) -> None:
    """Check a key of a table and its value.

    Raises:
        UsageError: The key is unknown, or its value is of no use.
    """
    if name not in _KEYS:
        (nearest,) = difflib.get_close_matches(name, _KEYS, n=1, cutoff=0.0)
        raise UsageError(
            f"{where} has the unknown key {printable(name)}; the nearest known one is {nearest}"
        )
    is_right, wanted = _KEYS[name]
    if not is_right(value):
        raise UsageError(f"{where}: {name} must be {wanted}")


def _is_name(value: Any) -> bool:
    is_text = isinstance(value, str) and printable(value) == value
    return is_text and 0 < len(value.strip()) <= LONGEST_NAME


def _is_scopes(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(one in list(Scope) for one in value)


_KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_is_name, f"a string of 1 to {LONGEST_NAME} characters"),
    "token": (
        lambda value: isinstance(value, str) and bool(value.strip()),
        "a string, @FILE or $NAME",
    ),
    "scopes": (_is_scopes, f"a list of {', '.join(Scope)}"),
}
"""Of each key: whether a value may be meant, and what is wanted."""
