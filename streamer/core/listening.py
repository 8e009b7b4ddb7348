"""A table `[[listen]]` of the config file: one place where calls, or registrations of calls, may come to."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from streamer.core.addresses import parse_address
from streamer.errors import UsageError

AUDIOSOCKET, WEBSOCKET, REGISTER = "audiosocket", "websocket", "register"
STREAM_CHANNEL = "stream-channel"
LISTEN_KINDS = (AUDIOSOCKET, WEBSOCKET, REGISTER, STREAM_CHANNEL)
_URL = re.compile(r"(wss?|https?)://[^\s?#/]+(/[^\s?#]*)?")
_RATES = range(8_000, 192_001)


@dataclass(frozen=True, slots=True)
class ListenTable:
    """One table, checked; `tls` is None where the certificate of `serve` decides with the address."""

    kind: str
    host: str
    port: int
    tls: bool | None = None
    auth: tuple[str, ...] = ()
    rate: int = 0
    yeastar_auth: str = ""
    public_url: str = ""


def read_listen_table(table: Mapping[str, Any], *, where: str) -> ListenTable:
    """Read one table; `where` it stands begins each message.

    Raises:
        UsageError: It has an unknown key, lacks one, or has a value that cannot be meant. No message repeats a secret.
    """
    for name, value in table.items():
        check_listen_key(name, value, where=where)
    for name in ("kind", "address"):
        if name not in table:
            raise UsageError(f"{where} has no {name}; add one")
    kind = table["kind"]
    for name in ("auth", "rate", "yeastar_auth", "public_url"):
        if name in table and kind != WEBSOCKET and (name, kind) != ("auth", STREAM_CHANNEL):
            raise UsageError(f"{where}: {name} is only for the kind {WEBSOCKET}, not for {kind}")
    if kind == AUDIOSOCKET and table.get("tls"):
        raise UsageError(
            f"{where}: AudioSocket has no TLS; leave tls out, or listen for WebSockets"
        )
    host, port = parse_address(table["address"], flag=f"{where}: address")
    auth = table.get("auth", [])
    return ListenTable(
        kind,
        host,
        port,
        table.get("tls"),
        (auth,) if isinstance(auth, str) else tuple(auth),
        table.get("rate", 0),
        table.get("yeastar_auth", ""),
        table.get("public_url", ""),
    )


def check_listen_key(name: str, value: Any, *, where: str) -> None:
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


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return _is_text(value) or (isinstance(value, list) and all(map(_is_text, value)))


def _is_rate(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in _RATES


def _is_url(value: Any) -> bool:
    return _is_text(value) and _URL.fullmatch(value) is not None


_KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "kind": (lambda value: value in LISTEN_KINDS, f"one of {', '.join(LISTEN_KINDS)}"),
    "address": (_is_text, "a string, HOST:PORT"),
    "tls": (lambda value: isinstance(value, bool), "true or false"),
    "auth": (_is_texts, "a list of strings such as bearer:@FILE"),
    "rate": (_is_rate, f"a number of samples a second from {_RATES[0]} to {_RATES[-1]}"),
    "yeastar_auth": (_is_text, "a string, Header: value"),
    "public_url": (_is_url, "a string such as wss://streamer.example.com"),
}
"""Of each key: whether a value may be meant, and what is wanted."""
