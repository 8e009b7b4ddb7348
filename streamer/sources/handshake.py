"""Why a PBX did not open a WebSocket that we asked for, in the user's words."""

from __future__ import annotations

import ssl

from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.http11 import Response

_OTHER_NAME = "is for another name; write the name in the url that it was made for"
_CERTIFICATE_FAULTS = {
    9: "is not valid yet; check this machine's clock",
    10: "has expired; renew it there",
    62: _OTHER_NAME,
    64: _OTHER_NAME,
}
"""What is wrong with a certificate, by OpenSSL's X509_V_ERR numbers; most of the others are of its issuer."""


def explain_no_answer(shown: str, error: InvalidMessage) -> str:
    """Say what an answer means that is not one of HTTP."""
    if isinstance(error.__cause__, EOFError):
        return (
            f"{shown} closed the connection without an HTTP answer: its session limit is reached (sessionlimit in http.conf,"
            " 100 unless set), or this port expects TLS (wss://)"
        )
    return f"{shown} does not speak HTTP; check that this is Asterisk's HTTP port"


def explain_tls(shown: str, error: ssl.SSLError) -> str:
    """Say why a connection could not be encrypted."""
    if isinstance(error, ssl.SSLCertVerificationError):
        unknown = "is of an issuer that this machine does not know; name that with --ca FILE"
        what = _CERTIFICATE_FAULTS.get(error.verify_code, unknown)
        return f"the certificate of {shown} {what}, or accept any with --insecure"
    return (
        f"TLS with {shown} failed: if it speaks plain websocket, write ws:// instead of wss://;"
        " if it speaks TLS, it wants another version of it, or a certificate of ours"
    )


def find_redirect(error: Exception) -> Response | None:
    """Return the answer behind an error of a redirect, which is not followed; None if it is of something else."""
    answered = error.__cause__ or error.__context__
    return answered.response if isinstance(answered, InvalidStatus) else None
