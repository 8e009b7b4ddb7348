"""Hosts and ports as users write and read them: HOST:PORT, with the host of IPv6 in brackets."""

from __future__ import annotations

from streamer.errors import UsageError


def parse_address(text: str, *, flag: str, lowest: int = 0) -> tuple[str, int]:
    """Read HOST:PORT; the port is at least `lowest`.

    Raises:
        UsageError: The text is not HOST:PORT; the message names the flag.
    """
    host, colon, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if is_bracketed else host
    is_port = port.isascii() and port.isdigit() and lowest <= int(port) <= 0xFFFF
    if not colon or not host or not is_port or (":" in host and not is_bracketed):
        raise UsageError(f"{flag} must look like 127.0.0.1:9092 or [::1]:9092, not {text}")
    return host, int(port)


def show_host(host: str) -> str:
    """Return a host as it stands before a port, also in a URL."""
    return f"[{host}]" if ":" in host else host


def show_address(host: str, port: int) -> str:
    """Return HOST:PORT, which `parse_address` reads."""
    return f"{show_host(host)}:{port}"
