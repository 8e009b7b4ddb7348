"""Whether a page in a browser asks: any page may open a WebSocket to any address, but a browser says whose page it is."""

from __future__ import annotations

from urllib.parse import urlsplit

from streamer.sources.registration.hosts import is_own_host
from streamer.wire.websocket.base import Upgrade


def is_of_another_page(upgrade: Upgrade, *, names: frozenset[str], local: str) -> bool:
    """Say whether a page of another host asks; clients that are no browsers say nothing, or that they are of the host they ask."""
    origin = upgrade.headers.get("origin")
    if origin is None:
        return False
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return True
    return not is_own_host(host, local=local, names=names)
