"""Where a PBX with stream-channel is, and how to talk to it."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass

from streamer.config import Settings
from streamer.core.trust import open_trust
from streamer.wire import stream_channel as wire

OPEN_TIMEOUT_S = 10.0
"""Seconds for each of: the TCP connection, and the PBX's answer to the upgrade request."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the PBX is and how to talk to it; `headers` and the url's password are secrets."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    tls: ssl.SSLContext | None = None
    open_timeout_s: float = OPEN_TIMEOUT_S

    def __post_init__(self) -> None:
        wire.check_url(self.url)


def read_address(settings: Settings) -> Address:
    """Return the address that settings name.

    Raises:
        UsageError: The url or the certificate cannot be used.
    """
    headers = dict(settings.headers)
    if settings.user or settings.password:
        token = base64.b64encode(f"{settings.user}:{settings.password}".encode()).decode("ascii")
        headers["Authorization"] = f"Basic {token}"
    return Address(
        settings.url, tuple(headers.items()), _tls_context(settings), settings.open_timeout
    )


def _tls_context(settings: Settings) -> ssl.SSLContext | None:
    if not settings.url.startswith("wss:"):
        return None
    return open_trust(settings.ca, insecure=settings.insecure)
