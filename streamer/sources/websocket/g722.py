"""G.722 of one leg as 16-bit samples, 16,000 a second, and back, by a small library that is loaded with the first such leg.

The tap does without FFmpeg, whose codec gives the same samples. The codec has a memory: each leg and each direction needs one of its own.
"""

from __future__ import annotations

from array import array
from typing import Any

from streamer.wire.websocket.base import MediaFormat

NAME = "g722"
RATE = 16_000
_BITS = 64_000


def explain_missing(format: MediaFormat) -> str:
    """Say why there is no codec for a format, empty if there is; the library has no build for some rare machines."""
    if format.codec != NAME:
        return "is not read here"
    try:
        open_codec()
    except ImportError:
        return "is not read here without the package G722 (pip install G722)"
    return ""


def open_codec() -> Any:
    """Return a codec that has heard nothing.

    Raises:
        ImportError: The library is not there.
    """
    import G722  # only needed for such a leg

    return G722.G722(RATE, _BITS)


class Decoder:
    """Decodes one leg."""

    def __init__(self) -> None:
        self._codec = open_codec()

    def decode(self, payload: bytes) -> bytes:
        """Return two samples for each byte."""
        samples: array[int] = self._codec.decode(payload)
        return samples.tobytes()


class Encoder:
    """Encodes one leg."""

    def __init__(self) -> None:
        self._codec = open_codec()

    def encode(self, pcm: bytes) -> bytes:
        """Return a byte for each two samples, of which there is an even number."""
        return bytes(self._codec.encode(array("h", pcm)))
