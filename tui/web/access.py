"""Who may connect: a browser with the link that was printed, from a page of ours, under a host name of ours.

Any program and any user of the machine reaches a port of it, and so does every page that a browser on it has open. Hence

- the link has a token, which becomes a cookie that no script can read and no foreign page can send (HttpOnly, SameSite=Strict). Every
  route but the static files needs it;
- a websocket needs an Origin that is ours, since browsers let any page open one to anywhere;
- every request needs a Host that is ours, so that a foreign name which suddenly points here (DNS rebinding) is not taken for us.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from streamer.core.addresses import show_host

HOST = web.RequestKey("host", str)
"""The Host of a request that has been let through."""

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_TOKEN_BYTES = 32

_NO_TOKEN = "this request has no token; open the link that streamer printed when it started\n"
_NOT_OURS = (
    "streamer does not answer to this host name; open the link that it printed when it started\n"
)
_NO_LIST = "folders are not listed\n"
_FOREIGN = "only streamer's own page may open this\n"

_FIRST_PAGE = (
    '<!DOCTYPE html><meta charset="utf-8"><title>streamer</title><link rel="icon" href="data:,">'
    '<meta http-equiv="refresh" content="0;url={first}"><p><a href="{first}">streamer</a>\n'
)

KEPT = "no-cache"
"""`Cache-Control` of what has no secret: a browser keeps it, and asks each time whether it has changed."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# The terminal of textual-serve writes its styles into the page; scripts come from files only.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "media-src 'self'; "
    "connect-src 'self'{socket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Access:
    """Checks each request to a server that listens at `host` and `port`; the link leads to the address `first`."""

    def __init__(self, host: str, port: int, *, token: str = "", first: str = "/") -> None:
        self._port = port
        self._first = first
        self._token = token or secrets.token_urlsafe(_TOKEN_BYTES)
        self._cookie = f"streamer-{port}"  # a host's ports share its cookies
        self._is_everywhere = _is_wildcard(host)
        own = socket.gethostname() if self._is_everywhere else host
        self._own = show_host(own.lower())
        self._names = {*_LOOPBACK, self._own}
        self.on_known: Callable[[object], None] = lambda _: None
        """Told the protocol of each connection whose request has shown the token or the cookie."""

    @property
    def link(self) -> str:
        """Return the link that lets its user in."""
        return f"http://{self._own}:{self._port}/?token={self._token}"

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request through, or answer 403 in words."""
        host = request.headers.get("Host", "").lower()
        if not self._is_ours(host):
            return _refuse(_NOT_OURS)
        request[HOST] = host
        resource = request.match_info.route.resource
        route = resource.name if resource is not None else None
        if route == "static":
            return await self._serve_static(request, handler)
        if route == "index" and self._is_token(request.query.get("token")):
            return self._take_in()
        if not self._is_token(request.cookies.get(self._cookie)):
            return _refuse(_NO_TOKEN)
        if route == "websocket" and request.headers.get("Origin", "").lower() != f"http://{host}":
            return _refuse(_FOREIGN)
        self.on_known(request.protocol)
        return await handler(request)

    async def _serve_static(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Serve a file to anybody, but no list of a folder; only a connection with the cookie stays open for more."""
        if "." not in request.path.rpartition("/")[2]:
            return _refuse(_NO_LIST)
        if self._is_token(request.cookies.get(self._cookie)):
            self.on_known(request.protocol)
            return await handler(request)
        response = await handler(request)
        response.force_close()
        return response

    def _is_ours(self, host: str) -> bool:
        """Say whether a Host is ours; its port may be that of a tunnel."""
        name, colon, port = host.rpartition(":")
        if not colon or not port.isdigit():
            name = host
        return name in self._names or (self._is_everywhere and _is_address(name))

    def _is_token(self, text: str | None) -> bool:
        given = (text or "").encode(errors="surrogateescape")
        return hmac.compare_digest(given, self._token.encode())

    def _take_in(self) -> web.Response:
        """Hand out the cookie, and have the browser ask again without the token.

        By a page, not by a redirect: after a link in a foreign page the browser would hold back the cookie in all that the click leads to.
        """
        response = web.Response(
            text=_FIRST_PAGE.format(first=self._first), content_type="text/html"
        )
        response.set_cookie(self._cookie, self._token, httponly=True, samesite="Strict", path="/")
        return response


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """Put on a response what keeps its page to itself."""
    host = request.get(HOST)
    kept = KEPT if isinstance(response, web.FileResponse) else None
    kept = response.headers.get("Cache-Control", kept)
    response.headers.update(_HEADERS)
    if kept is not None:
        response.headers["Cache-Control"] = kept
    response.headers["Content-Security-Policy"] = _POLICY.format(
        socket=f" ws://{host}" if host else ""
    )


def _refuse(why: str) -> web.Response:
    response = web.Response(status=403, text=why)
    response.force_close()
    return response


def _is_wildcard(host: str) -> bool:
    return host in ("", "0.0.0.0", "::")


def _is_address(name: str) -> bool:
    """Say whether a Host is an address, which no name server can have turned towards us."""
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
