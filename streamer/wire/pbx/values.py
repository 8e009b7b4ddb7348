"""Values that go into a PBX's lines: what could end or change a line there is refused, so nothing has to be escaped."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from streamer.core.addresses import parse_address, show_host
from streamer.core.untrusted import printable
from streamer.errors import UsageError

_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
_LONGEST_NAME = 253
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""A bearer token of RFC 6750, section 2.1."""
_LONGEST_TOKEN = 200
_PATH = re.compile(r"/[A-Za-z0-9._/+@-]{1,200}")
_HEADER = re.compile(r"[A-Za-z0-9_-]+")
_URL = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&()*+=%-]+")
_LONGEST_SHOWN = 60

LONGEST_HEADER, LONGEST_VALUE, LONGEST_URL = 63, 255, 255
"""What fits into the fields of a Yeastar P-Series, in bytes."""


def read_address(text: str, *, flag: str, listens: bool = False) -> tuple[str, int]:
    """Read HOST:PORT that a PBX connects to, or at which it `listens`.

    Raises:
        UsageError: It is none, or nobody can connect to it.
    """
    host, port = parse_address(printable(text, limit=300), flag=flag, lowest=1)
    if not _is_host(host):
        raise UsageError(
            f"{flag}: {printable(host, limit=_LONGEST_SHOWN)!r} is no host; write a name or an address, such as 192.0.2.5:{port}"
        )
    if not listens and _is_wildcard(host):
        raise UsageError(
            f"{flag} is what Asterisk connects to, and nobody can connect to {host}; write the address of streamer's machine"
        )
    return host, port


def _is_host(host: str) -> bool:
    if ":" in host or re.fullmatch(r"[0-9.]+", host, re.ASCII):
        return _is_ip(host)
    return len(host) <= _LONGEST_NAME and bool(_NAME.fullmatch(host))


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def _is_wildcard(host: str) -> bool:
    return _is_ip(host) and ip_address(host).is_unspecified


def is_local(host: str) -> bool:
    """Say whether a host is this machine alone."""
    return host == "localhost" or (_is_ip(host) and ip_address(host).is_loopback)


def name_listening(address: str) -> str:
    """Return where streamer listens so that a PBX reaches it at an address."""
    host, port = parse_address(address, flag="--address")
    if is_local(host):
        return f"{show_host(host)}:{port}"
    return f"[::]:{port}" if ":" in host else f"0.0.0.0:{port}"


def read_token(text: str, *, flag: str = "--token") -> str:
    """Read a secret that means the same in every file and URL.

    Raises:
        UsageError: It does not; the message does not repeat it.
    """
    if not _TOKEN.fullmatch(text) or len(text) > _LONGEST_TOKEN:
        raise UsageError(
            f"{flag} must be at most {_LONGEST_TOKEN} letters, digits and - . _ ~ + /, with = only at its end:"
            " other characters end or change a line of the PBX's files"
        )
    return text


def read_path(text: str, *, flag: str) -> str:
    """Read the path of a file on the PBX.

    Raises:
        UsageError: It is not absolute, or has characters that its files cannot hold as they stand.
    """
    if not _PATH.fullmatch(text):
        raise UsageError(
            f"{flag} must be the whole path of a file on the PBX, of letters, digits and . _ - + @ /,"
            f" not {printable(text, limit=_LONGEST_SHOWN)!r}"
        )
    return text


def read_header(text: str, *, flag: str = "--header") -> str:
    """Read the name of a request header.

    Raises:
        UsageError: It is none, or too long for the PBX.
    """
    if not _HEADER.fullmatch(text) or len(text) > LONGEST_HEADER:
        raise UsageError(
            f"{flag} must be the name of a header, at most {LONGEST_HEADER} letters, digits, - and _,"
            f" not {printable(text, limit=_LONGEST_SHOWN)!r}"
        )
    return text


def read_websocket_url(text: str, *, flag: str = "--url") -> str:
    """Read the ws:// or wss:// URL of a server.

    Raises:
        UsageError: It is none that a PBX can be given.
    """
    wrong = UsageError(
        f"{flag} must look like wss://streamer.example.com:9094/yeastar, in at most {LONGEST_URL} characters and without a"
        f" user, not {printable(text, limit=_LONGEST_SHOWN)!r}"
    )
    if not _URL.fullmatch(text) or len(text) > LONGEST_URL or "@" in text:
        raise wrong
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong from None
    host = parts.hostname or ""
    if parts.scheme not in ("ws", "wss") or not _is_host(host) or port == 0 or _is_wildcard(host):
        raise wrong
    return text
