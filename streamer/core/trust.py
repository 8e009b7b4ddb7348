"""Whose certificates we accept."""

from __future__ import annotations

import ssl
from pathlib import Path

from streamer.core.reasons import explain
from streamer.errors import UsageError

_OTHER_NAME = frozenset({62, 64})
"""What OpenSSL says of a certificate that is right and names another host, or another address."""


def open_trust(ca: str, *, insecure: bool, cert: str = "", key: str = "") -> ssl.SSLContext:
    """Return a context that trusts the certificates of a PEM file, those of the system if `ca` is empty, or any.

    With `cert` it shows that certificate, whose key is in the same file or in `key`.

    Raises:
        UsageError: A file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=ca or None)
    except ssl.SSLError as error:
        raise UsageError(
            f"the certificate file {ca} holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----"
        ) from error
    except OSError as error:
        raise UsageError(f"the certificate file {ca} cannot be read: {explain(error)}") from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert:
        _show(context, cert, key or cert)
    return context


def explain_distrust(error: ssl.SSLError) -> str:
    """Say why no connection was made, in words of ours."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return "it speaks no TLS that is understood here"
    if error.verify_code in _OTHER_NAME:
        return "its certificate is for another name; use a name or address that is in it"
    return "its certificate is not trusted; name the one that signed it with ca"


def _show(context: ssl.SSLContext, cert: str, key: str) -> None:
    for path in (cert, key):
        try:
            Path(path).read_bytes()
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {explain(error)}") from error
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{cert} and {key} are no certificate and its key in PEM, without a password"
        ) from error


def _no_password() -> str:
    """Answer for a key that has one: nobody is there to be asked."""
    return ""
