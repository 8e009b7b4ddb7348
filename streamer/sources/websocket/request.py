"""The request with which a connection begins, as far as it decides what the connection is; no sockets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from streamer.sources.forwarded import HEADER as FORWARDED
from streamer.wire.websocket.base import Upgrade

MOST_HEAD = 1 << 14
"""Bytes of a request's head."""

END_OF_HEAD = b"\r\n\r\n"

_MOST_PARAMETERS = 100
_UPGRADE = re.compile(rb"^upgrade[ \t]*:[ \t]*websocket\b", re.IGNORECASE | re.MULTILINE)
_TLS_HANDSHAKE = 0x16


def asks_for_websocket(head: bytes) -> bool:
    """Say whether a request's head asks for a WebSocket, rightly or not."""
    return _UPGRADE.search(head) is not None


def explain_no_http(beginning: bytes) -> str:
    """Say what begins like this, if it cannot be HTTP; else nothing."""
    first = beginning[:1]
    if first == bytes([_TLS_HANDSHAKE]):
        return "it begins with a TLS handshake, and nothing is encrypted here; use ws://, or start `serve` with --cert and --key"
    if first and not (first.isalpha() or first in b"\r\n"):
        return f"it begins with the byte 0x{first.hex()}, which is not HTTP; only WebSockets and registrations come in here"
    return ""


def read_upgrade(target: str, headers: Sequence[tuple[str, str]]) -> Upgrade:
    """Return what a shape may know of a request; of parameters and headers that come twice the first counts, but for those of proxies."""
    path, query = _split(target)
    named: dict[str, str] = {}
    offered: list[str] = []
    for name, value in headers:
        if name.lower() == FORWARDED and FORWARDED in named:
            named[FORWARDED] += f", {value}"  # each proxy on the way may add a line
        named.setdefault(name.lower(), value)
        if name.lower() == "sec-websocket-protocol":
            offered += [part.strip() for part in value.split(",") if part.strip()]
    return Upgrade(path, query, named, tuple(offered), target)


def _split(target: str) -> tuple[str, dict[str, str]]:
    try:
        parts = urlsplit(target)
        pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:  # an IPv6 address that is none, or too many parameters
        return target.partition("?")[0], {}
    query: dict[str, str] = {}
    for name, value in pairs:
        query.setdefault(name, value)
    return parts.path or "/", query
