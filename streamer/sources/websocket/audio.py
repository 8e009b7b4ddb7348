"""The audio of one leg as 16-bit samples, whatever it is coded as, and back; pure."""

from __future__ import annotations

from streamer.core.audio import SAMPLE_WIDTH
from streamer.wire import g711
from streamer.wire.websocket.base import MediaFormat

_LAWS = {law.value: law for law in g711.Law}
_LINEAR = "slin"


def explain_unreadable(format: MediaFormat | None) -> str:
    """Say why audio of a format cannot be recorded; empty if it can, as what says no format: that is slin of a rate to be found out."""
    if format is None:
        return ""
    if format.channels != 1:
        return f"its audio has {format.channels} channels in one stream, which is not read"
    if format.rate and (format.codec == _LINEAR or format.codec in _LAWS):
        return ""
    return f"its audio is {format.codec or 'of no named codec'}, which is not read here; dial it with c(slin16), or as slin, ulaw or alaw"


class Decoder:
    """Decodes one leg; half a sample at the end of a message waits for its other half."""

    def __init__(self, format: MediaFormat | None) -> None:
        self.rate = format.rate if format else 0
        """Samples a second, 0 as long as they are not known."""
        self._law = _LAWS.get(format.codec) if format else None
        self._half = b""

    def decode(self, payload: bytes) -> bytes:
        """Return whole samples."""
        if self._law is not None:
            return g711.decode(payload, self._law)
        data = self._half + payload
        whole = len(data) - len(data) % SAMPLE_WIDTH
        self._half = data[whole:]
        return data[:whole]


def encode(pcm: bytes, format: MediaFormat) -> bytes:
    """Return whole samples as a format has them, one that `explain_unreadable` has nothing against."""
    law = _LAWS.get(format.codec)
    return g711.encode(pcm, law) if law is not None else pcm
