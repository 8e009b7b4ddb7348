"""Where ARI is, and as whom we ask."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from streamer.config import Settings
from streamer.core.secrets import find_secret
from streamer.core.trust import open_trust
from streamer.errors import UsageError
from streamer.wire.stream_channel import public_url

_SAMPLE = "http://127.0.0.1:8088"


@dataclass(frozen=True, slots=True)
class Access:
    """The address of ARI, which ends in `/ari`, a user, and its password, which is never shown."""

    url: str
    user: str
    password: str = field(repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    open_timeout_s: float = 10.0


def read_access(settings: Settings) -> Access:
    """Return the access that settings name.

    Raises:
        UsageError: There is no user or no password, or the url or a file cannot be used.
    """
    missing = [
        name for name in ("ari_user", "ari_password") if not str(getattr(settings, name)).strip()
    ]
    if missing:
        raise UsageError(
            f"{' and '.join(missing)} must be set, in the config file or as"
            f" {' and '.join(f'STREAMER_{name.upper()}' for name in missing)}: a user of ari.conf; `streamer config asterisk --version VERSION --via ari` prints one"
        )
    if ":" in settings.ari_user or not settings.ari_user.isprintable():
        raise UsageError("ari_user has a character that no name of a user in ari.conf can have")
    url = complete_url(settings.ari_url)
    password = find_secret(settings.ari_password, where="ari_password", environment=os.environ)
    tls = open_trust(settings.ca, insecure=settings.insecure) if url.startswith("https:") else None
    return Access(url, settings.ari_user, password, tls, settings.open_timeout)


def complete_url(text: str) -> str:
    """Return the address of ARI, which may be written with or without `/ari`.

    Raises:
        UsageError: It is no address of HTTP, or has a user or a query in it.
    """
    shown = public_url(text).partition("#")[0]
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        # What urllib says of it may hold a part of a password.
        raise UsageError(f"ari_url {shown} cannot be parsed; write it like {_SAMPLE}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise UsageError(
            f"ari_url {shown} is no address of http:// or https://; write it like {_SAMPLE}"
        )
    if "@" in parts.netloc + parts.path:
        raise UsageError(
            f"ari_url {shown} has a user or a password in it; set ari_user and ari_password instead"
        )
    if parts.query or parts.fragment or any(c.isspace() or not c.isprintable() for c in text):
        raise UsageError(f"ari_url {shown} has more than an address; write it like {_SAMPLE}")
    path = parts.path.rstrip("/")
    path = path if path.endswith("/ari") else f"{path}/ari"
    return f"{parts.scheme}://{parts.netloc}{path}"
