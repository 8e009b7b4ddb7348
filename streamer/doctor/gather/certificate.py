"""When a certificate ends: it is shown to ourselves, in memory, since Python tells its dates only to whoever has been shown it."""

from __future__ import annotations

import ssl
import time
from contextlib import suppress
from pathlib import Path

from streamer.doctor.listening import CertificateFacts
from streamer.errors import UsageError
from streamer.sources.tls import Certificate

_EARLY, _EXPIRED = 9, 10
"""Numbers of OpenSSL for a certificate that is not valid yet, or no more."""

_DAY_S = 86_400
_STEPS = 8


def gather_certificate(cert: str, key: str) -> CertificateFacts:
    """Return what is known of a certificate and its key; blocks on the disk."""
    try:
        certificate = Certificate(Path(cert), Path(key or cert))
    except UsageError as error:
        return CertificateFacts(cert, trouble=str(error))
    try:
        ends = _shake_hands(certificate.context, cert)
    except ssl.SSLCertVerificationError as error:
        return CertificateFacts(
            cert,
            has_expired=error.verify_code == _EXPIRED,
            is_early=error.verify_code == _EARLY,
        )
    except (ssl.SSLError, OSError, ValueError):
        return CertificateFacts(cert)
    left = int((ends - time.time()) // _DAY_S)
    return CertificateFacts(cert, days_left=left, ends=time.strftime("%Y-%m-%d", time.gmtime(ends)))


def _shake_hands(server: ssl.SSLContext, cert: str) -> float:
    """Return when the certificate ends, as seconds since 1970; it is trusted for itself.

    Raises:
        ssl.SSLError: It is not valid, or not that of a server.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.load_verify_locations(cert)
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(_STEPS):
        for side in (asking, answering):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return ssl.cert_time_to_seconds(str((asking.getpeercert() or {})["notAfter"]))
