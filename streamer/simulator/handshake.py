"""How Asterisk's HTTP server answers an upgrade request, header by header."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from streamer.wire.stream_channel import SUBPROTOCOL


def judge_request(handshake: ServerProtocol, request: Request) -> Response:
    """Return 101 as the module was seen to answer, 404 for another path, 400 without its sub-protocol."""
    if request.path.partition("?")[0].rstrip("/") != "/ws":
        body = b"<html><body><h1>Not Found</h1></body></html>"
        headers = Headers({"Server": "Asterisk/simulated", "Content-Type": "text/html"})
        headers["Content-Length"] = str(len(body))
        return Response(404, "Not Found", headers, body)
    response = handshake.accept(request)
    if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS and handshake.subprotocol is not None:
        del response.headers["Date"]
        return response
    return refuse()


def refuse() -> Response:
    """Return the 400 of a request that names no known sub-protocol."""
    headers = Headers({"Server": "Asterisk/simulated", "Cache-Control": "no-cache, no-store"})
    headers["Sec-WebSocket-Version"] = "7, 8, 13"
    headers["Content-Length"] = "0"
    return Response(400, "Bad Request", headers, b"")


def select_subprotocol(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Pick stream-channel, in whatever case and place it is offered."""
    return next((name for name in offered if name.lower() == SUBPROTOCOL), None)
