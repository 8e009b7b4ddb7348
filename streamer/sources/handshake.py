"""Why a PBX did not open a WebSocket that we asked for, in the user's words."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from websockets.exceptions import InvalidMessage, InvalidStatus, WebSocketException
from websockets.http11 import Response

from streamer.core.trust import judge_certificate
from streamer.errors import StreamerError, UnreachableError
from streamer.wire.stream_channel import public_url

FAILURES = (WebSocketException, ValueError, OSError)
"""What `websockets.connect` raises where it opens no WebSocket."""


def explain_failure(
    error: Exception,
    url: str,
    *,
    timeout_s: float,
    explain_status: Callable[[int, str, str], StreamerError],
    otherwise: str,
) -> StreamerError:
    """Say why one of `FAILURES` came instead of a WebSocket.

    `explain_status` explains an answer of HTTP by its status, the url, and where it redirects to; `otherwise` says of the address what an
    answer means that is none of a WebSocket.
    """
    shown = public_url(url)
    if (answer := find_answer(error)) is not None:
        return explain_status(answer.status_code, url, answer.headers.get("Location", ""))
    if isinstance(error, InvalidMessage):
        return UnreachableError(_explain_no_http(shown, error))
    if isinstance(error, ssl.SSLError):
        return UnreachableError(_explain_tls(shown, error))
    if isinstance(error, TimeoutError):
        return UnreachableError(
            f"{shown} accepted the connection but said nothing for {timeout_s:.0f} s;"
            " check that this is Asterisk's HTTP port"
        )
    if isinstance(error, OSError):
        return UnreachableError(
            f"{shown} broke off the connection before it had answered; check host and port, and Asterisk's log"
        )
    return UnreachableError(f"{shown} {otherwise}; check host, port and path")


def find_answer(error: Exception) -> Response | None:
    """Return the answer of HTTP behind an error, which may be a redirect that is not followed; None if there is none."""
    if isinstance(error, InvalidStatus):
        return error.response
    if isinstance(error, OSError):
        return None
    answered = error.__cause__ or error.__context__
    return answered.response if isinstance(answered, InvalidStatus) else None


def _explain_no_http(shown: str, error: InvalidMessage) -> str:
    """Say what an answer means that is not one of HTTP."""
    if isinstance(error.__cause__, EOFError):
        return (
            f"{shown} closed the connection without an HTTP answer: its session limit is reached (sessionlimit in http.conf,"
            " 100 unless set), or this port expects TLS (wss://)"
        )
    return f"{shown} does not speak HTTP; check that this is Asterisk's HTTP port"


def _explain_tls(shown: str, error: ssl.SSLError) -> str:
    """Say why a connection could not be encrypted."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {shown} {judge_certificate(error)}, or accept any with --insecure"
        )
    return (
        f"TLS with {shown} failed: if it speaks plain websocket, write ws:// instead of wss://;"
        " if it speaks TLS, it wants another version of it, or a certificate of ours"
    )
