"""`X-Twilio-Signature` of the request that opens a WebSocket: an HMAC over the address as its sender knows it; no sockets.

What is signed is the public URL: scheme, host, path and query as they stand in `<Stream url="…">`. Twilio has signed it as wss:// and as
https://, and with a slash at the end that the URL has not, so each of these is right. Nothing in it says when it was made, so whoever has seen a
request can make it again: it has to come over TLS.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator

from streamer.wire.websocket.base import Upgrade

HEADER = "x-twilio-signature"
_SCHEMES = ("wss", "https")
_USUAL_PORT = ":443"


def sign(url: str, token: str) -> str:
    """Return the signature of a URL by an account's token."""
    digest = hmac.digest(token.encode(), url.encode("utf-8", "backslashreplace"), "sha1")
    return base64.b64encode(digest).decode()


def list_signatures(upgrade: Upgrade, token: str, *, public_url: str = "") -> list[str]:
    """Return every signature that a request may show; `public_url` is where it was sent to, without it the `Host` it asks for says so."""
    return [sign(url, token) for url in dict.fromkeys(_list_urls(upgrade, public_url))]


def _list_urls(upgrade: Upgrade, public_url: str) -> Iterator[str]:
    _, _, known = public_url.rstrip("/").partition("://")
    where = known or upgrade.headers.get("host", "")
    path, mark, query = upgrade.target.partition("?")
    for scheme in _SCHEMES:
        for host in (where, where.removesuffix(_USUAL_PORT)):
            for named in (path, f"{path}/", path.removesuffix("/")):
                yield f"{scheme}://{host}{named}{mark}{query}"
