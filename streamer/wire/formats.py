"""The formats that AudioSocket's kind 0x10 is known to carry, whatever its label says, as 16-bit samples."""

from __future__ import annotations

from enum import StrEnum

from streamer.core.audio import SAMPLE_WIDTH
from streamer.wire import g711


class Format(StrEnum):
    """What a payload holds; slin is what the label means, the others are sent under it too."""

    SLIN = "slin"
    SLIN16 = "slin16"
    ULAW = "ulaw"
    ALAW = "alaw"

    @property
    def rate(self) -> int:
        """Samples a second."""
        return 16_000 if self is Format.SLIN16 else 8_000


def decode(payload: bytes, coding: Format) -> bytes:
    """Return whole 16-bit little-endian samples; half a sample at the end of slin is dropped."""
    if coding in (Format.ULAW, Format.ALAW):
        return g711.decode(payload, g711.Law(coding.value))
    return payload[: len(payload) - len(payload) % SAMPLE_WIDTH]
