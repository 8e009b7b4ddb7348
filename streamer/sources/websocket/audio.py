"""The audio of one leg as 16-bit samples, whatever it is coded as, and back; no sockets."""

from __future__ import annotations

from streamer.core.audio import SAMPLE_WIDTH
from streamer.sources.websocket import g722
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
    if why := g722.explain_missing(format):
        named = format.codec or "of no named codec"
        return (
            f"its audio is {named}, which {why}; dial it with c(slin16), or as slin, ulaw or alaw"
        )
    return ""


class Decoder:
    """Decodes one leg; half a sample at the end of a message waits for its other half."""

    def __init__(self, format: MediaFormat | None) -> None:
        self.rate = format.rate if format else 0
        """Samples a second, 0 as long as they are not known."""
        self._law = _LAWS.get(format.codec) if format else None
        self._g722 = g722.Decoder() if format and format.codec == g722.NAME else None
        self._half = b""

    def decode(self, payload: bytes) -> bytes:
        """Return whole samples."""
        if self._law is not None:
            return g711.decode(payload, self._law)
        if self._g722 is not None:
            return self._g722.decode(payload)
        data = self._half + payload
        whole = len(data) - len(data) % SAMPLE_WIDTH
        self._half = data[whole:]
        return data[:whole]


class Encoder:
    """Encodes what one leg hears, in a format that `explain_unreadable` has nothing against."""

    def __init__(self, format: MediaFormat) -> None:
        self._law = _LAWS.get(format.codec)
        self._g722 = g722.Encoder() if format.codec == g722.NAME else None
        self.sample_bytes = SAMPLE_WIDTH if format.codec == _LINEAR else 1
        """Bytes that cannot be divided."""
        self.bytes_a_second = (
            format.rate // 2 if self._g722 is not None else format.rate * self.sample_bytes
        )

    def encode(self, pcm: bytes) -> bytes:
        """Return whole samples, of G.722 an even number, as the format has them."""
        if self._g722 is not None:
            return self._g722.encode(pcm)
        return g711.encode(pcm, self._law) if self._law is not None else pcm

    def fill(self, size: int) -> bytes:
        """Return silence of so many bytes, as far as they are whole samples."""
        if self._g722 is not None:
            return self._g722.encode(bytes(4 * size))
        return self.encode(bytes(SAMPLE_WIDTH * (size // self.sample_bytes)))


def encode(pcm: bytes, format: MediaFormat) -> bytes:
    """Return whole samples as a format has them, to a leg that has heard nothing before."""
    return Encoder(format).encode(pcm)
