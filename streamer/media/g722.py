"""G.722 as 16-bit samples, 16,000 a second, and back: FFmpeg's codec, through PyAV.

PyAV is loaded when the first of these is made (24 MB, 0.2 s), so that who has no leg in G.722 does not pay for it; a second of audio
costs 0.7 ms. The codec has a memory: each leg and each direction needs one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av

RATE = 16_000
"""Samples a second; what RTP calls 8000 is its clock."""


class Decoder:
    """Decodes one leg; its output is as long as its input says, whatever is in it."""

    def __init__(self) -> None:
        import av  # heavy, and only needed for G.722

        self._packet = av.Packet
        self._codec = av.AudioCodecContext.create("g722", "r")
        _set_up(self._codec)

    def decode(self, payload: bytes) -> bytes:
        """Return 16-bit little-endian samples, two for each byte."""
        if not payload:
            return b""
        frames = self._codec.decode(self._packet(payload))
        return b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in frames)


class Encoder:
    """Encodes one leg."""

    def __init__(self) -> None:
        import av  # heavy, and only needed for G.722

        self._frame = av.AudioFrame
        self._codec = av.AudioCodecContext.create("g722", "w")
        _set_up(self._codec)

    def encode(self, pcm: bytes) -> bytes:
        """Return one byte for each two 16-bit little-endian samples.

        Raises:
            ValueError: They are not pairs of samples.
        """
        if len(pcm) % 4:
            raise ValueError(f"{len(pcm)} bytes are not pairs of 16-bit samples")
        if not pcm:
            return b""
        frame = self._frame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.sample_rate = RATE
        frame.planes[0].update(pcm.ljust(frame.planes[0].buffer_size, b"\0"))
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))


def _set_up(codec: av.AudioCodecContext) -> None:
    codec.sample_rate = RATE
    codec.layout = "mono"
    codec.format = "s16"
