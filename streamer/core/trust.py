"""Whose certificates we accept."""

from __future__ import annotations

import ssl

from streamer.core.reasons import explain
from streamer.errors import UsageError


def open_trust(ca: str, *, insecure: bool) -> ssl.SSLContext:
    """Return a context that trusts the certificates of a PEM file, those of the system if `ca` is empty, or any.

    Raises:
        UsageError: The file cannot be used.
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
    return context
