"""Whose connection it is that a proxy passes on: `X-Forwarded-For` is believed from known proxies alone; no sockets."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from streamer.errors import UsageError

HEADER = "x-forwarded-for"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies that are believed; none if there are no networks."""

    networks: Sequence[_Network] = ()

    def trust(self, host: str) -> bool:
        """Say whether a connection's address is that of a proxy."""
        address = _read_address(host)
        return address is not None and any(address in network for network in self.networks)

    def find_client(self, host: str, forwarded: str) -> str:
        """Return whose connection it is: the last address on the way here that is no proxy's.

        What stands before that one was said by whoever has it, so it is not looked at.
        """
        said = [part.strip() for part in forwarded.split(",")]
        while said and self.trust(host):
            address = _read_address(said.pop())
            if address is None:
                return host
            host = str(address)
        return host


NO_PROXIES = Proxies()


def read_proxies(text: str) -> Proxies:
    """Read addresses and networks, separated by commas.

    Raises:
        UsageError: One is neither.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    try:
        return Proxies(tuple(ipaddress.ip_network(name, strict=False) for name in names))
    except ValueError as error:
        raise UsageError(
            f"trusted_proxies must be addresses or networks such as 127.0.0.1, 10.0.0.0/8, separated by commas: {error}"
        ) from error


def _read_address(text: str) -> _Address | None:
    """Read an address, as proxies write it: also in brackets, and with a port behind it."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
