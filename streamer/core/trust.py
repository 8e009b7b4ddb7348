"""Whose certificates we accept."""

from __future__ import annotations

import ssl
from pathlib import Path

from streamer.core.reasons import explain
from streamer.errors import UsageError

_EARLY, _EXPIRED, _OWN, _NAME, _ADDRESS = 9, 10, 18, 62, 64
_OTHER_NAME = "is for another name; write the name in {where} that it was made for"
_FAULTS = {
    _EARLY: "is not valid yet; check the clocks of both machines",
    _EXPIRED: "has expired; renew it there",
    _OWN: "is signed by itself, and this machine does not know it; name it with {how}",
    _NAME: _OTHER_NAME,
    _ADDRESS: _OTHER_NAME + " (an IP address counts only in its subjectAltName)",
}
"""What is wrong with a certificate, by OpenSSL's X509_V_ERR numbers; most of the others are of its issuer."""
_UNKNOWN = "is of an issuer that this machine does not know; name that with {how}"


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
    # Asterisk's own ast_tls_cert makes authorities that the strict rules, which Python applies from 3.13 on, refuse.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert:
        _show(context, cert, key or cert)
    return context


def judge_certificate(
    error: ssl.SSLCertVerificationError, *, where: str = "the url", how: str = "--ca FILE"
) -> str:
    """Say what is wrong with a certificate, behind its name; `where` the address stands, and `how` another one is trusted."""
    return _FAULTS.get(error.verify_code, _UNKNOWN).format(where=where, how=how)


def explain_distrust(error: ssl.SSLError) -> str:
    """Say why no connection was made, in words of ours."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return "it speaks no TLS that is understood here"
    if error.verify_code in (_EARLY, _EXPIRED):
        return f"its certificate {judge_certificate(error)}"
    if error.verify_code in (_NAME, _ADDRESS):
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
