"""Signatures as Standard Webhooks has them (https://www.standardwebhooks.com); pure.

The library of that name brings an HTTP client and six more packages for what are ten lines here; the tests check these with it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import sha256

from streamer.errors import UsageError

_PREFIX = "whsec_"
_LENGTHS = range(16, 129)


def read_key(secret: str, *, where: str) -> bytes:
    """Return the key that a secret means.

    Raises:
        UsageError: It is none; the message does not repeat it.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in _LENGTHS:
        raise UsageError(
            f"{where} must be {_PREFIX} and 16 to 128 bytes in Base64;"
            f' `echo "{_PREFIX}$(openssl rand -base64 32)"` makes one'
        )
    return key


def sign(key: bytes, *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    digest = base64.b64encode(hmac.digest(key, signed, sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{digest}",
    }
