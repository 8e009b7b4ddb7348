"""Hosts and ports as users write them."""

from __future__ import annotations

from streamer.errors import UsageError


def parse_address(text: str, *, flag: str, lowest: int = 0) -> tuple[str, int]:
    """Read HOST:PORT, the host of IPv6 in brackets and the port at least `lowest`.

    Raises:
        UsageError: It is none.
    """
    host, colon, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if is_bracketed else host
    is_port = port.isascii() and port.isdigit() and lowest <= int(port) <= 0xFFFF
    if not colon or not host or not is_port or (":" in host and not is_bracketed):
        raise UsageError(f"{flag} must look like 127.0.0.1:9092 or [::1]:9092, not {text}")
    return host, int(port)
