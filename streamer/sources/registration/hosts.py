"""Who asks, and whom: a web page that is open on any machine must not register calls here.

A browser sends requests of any page to any address. It says so (`Origin`, `Sec-Fetch-Site`, `Referer`), but where a page has made its own name
point here it says nothing, and only the `Host` that it asks for is not one of ours.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Mapping

_HOST = re.compile(r"(\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:/@\s]+))(:\d{1,5})?")
_LOOPBACK = "loopback"
_OF_PAGES = ("Origin", "Referer")


def own_names(further: Iterable[str]) -> frozenset[str]:
    """Return the names by which this machine may be asked, in lower case."""
    host = socket.gethostname()
    names = ["localhost", "ip6-localhost", host, host.partition(".")[0], *further]
    return frozenset(name.strip().rstrip(".").lower() for name in names if name.strip())


def is_own_host(host: str, *, local: str, names: frozenset[str]) -> bool:
    """Say whether a request's Host is this machine: one of `names`, or the address `local` that the request came to."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = (found["six"] or found["name"]).rstrip(".").lower()
    if name in names:
        return True
    asked, here = _address(name), _address(local)
    if asked is None or here is None:
        return False
    return asked == here or (asked.is_loopback and here.is_loopback)


def is_of_a_page(headers: Mapping[str, str]) -> bool:
    """Say whether a browser sends a request on behalf of a web page."""
    is_from_page = headers.get("Sec-Fetch-Site", "none") != "none"
    return is_from_page or any(name in headers for name in _OF_PAGES)


def name_share(address: str) -> str:
    """Return what stands for all addresses that one host has as easily as one: its loopback, or its IPv6 network."""
    found = _address(address)
    if found is None:
        return address
    if found.is_loopback:
        return _LOOPBACK
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
