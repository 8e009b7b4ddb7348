"""The packets of a file, decoded one by one, so that one that is damaged costs itself only."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from streamer.core.reasons import find_cause, is_known
from streamer.errors import UsageError
from streamer.media.findings import Findings
from streamer.media.placing import Placer

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.container import InputContainer

_TIMED = {"matroska", "webm", "mov", "mp4", "ogg", "nut", "flv", "asf", "avi"}
"""FFmpeg's names of the containers in which time 0 means something; in others it is the first sample's."""

_JOINED_LATE_S = 3600
"""A stream that begins so late was recorded from its middle on: its first sample is time 0."""

_UNTIMED = {"mp3", "aac", "ac3", "eac3", "amr"}
"""Streams whose packets say no time, and whose damaged ones hold the bytes of many."""

_MEAN_OVER = 20
"""Packets over which their usual size is taken."""

_MOST_FAILURES = 50
"""Reads that may fail one after the other before a file is given up; each has moved on by then."""


class Placed(NamedTuple):
    """A frame, or the end of silence if None; `begins` is when, or None if it goes on where the last one ended."""

    begins: Fraction | None
    frame: av.AudioFrame | None


def read_frames(container: InputContainer, path: Path, findings: Findings) -> Iterator[Placed]:
    """Yield every frame of the first audio stream with its place, and note in `findings` what could not be decoded.

    Raises:
        UsageError: There is no audio stream.
    """
    if not container.streams.audio:
        raise UsageError(f"{path} holds no audio")
    stream = container.streams.audio[0]
    decoder = _Decoder(container, stream, findings)
    for packet in _read_packets(container, stream, findings):
        yield from decoder.feed(packet)
    yield Placed(decoder.end, None)


class _Decoder:
    """Places what it decodes, and leaves room for what cannot be."""

    def __init__(self, container: InputContainer, stream: AudioStream, findings: Findings) -> None:
        self._unit = stream.time_base or Fraction(1)
        self._zero = _find_zero(container, stream, self._unit)
        self._is_untimed = container.format.name in _UNTIMED
        self._usual_size = 0.0
        self._findings = findings
        self._placer = Placer()

    @property
    def end(self) -> Fraction:
        return self._placer.end

    def feed(self, packet: av.Packet[AudioStream]) -> Iterator[Placed]:
        import av  # heavy, and only needed for audio files

        try:
            frames = packet.decode()
        except av.FFmpegError:
            self._pass_over(packet)
            return
        if packet.size:
            change = (packet.size - self._usual_size) / _MEAN_OVER
            self._usual_size = self._usual_size + change if self._usual_size else packet.size
        for frame in frames:
            yield Placed(self._place(frame), frame)

    def _place(self, frame: av.AudioFrame) -> Fraction | None:
        at = None
        if frame.pts is not None and frame.time_base is not None:
            at = frame.pts * frame.time_base - self._zero
        return self._placer.place(at, Fraction(frame.samples, frame.sample_rate))

    def _pass_over(self, packet: av.Packet[AudioStream]) -> None:
        """Leave a packet's time out; in a stream that tells no times it is worth as many as have its size."""
        own = (packet.duration or 0) * self._unit
        is_judged_by_size = self._is_untimed and self._usual_size
        lasting = own * Fraction(packet.size / self._usual_size) if is_judged_by_size else own
        at = None if packet.pts is None else packet.pts * self._unit - self._zero
        self._placer.pass_over(at, own, unseen=lasting - own)
        self._findings.pass_over(at=float(self.end - lasting), seconds=float(lasting))


def _read_packets(
    container: InputContainer, stream: AudioStream, findings: Findings
) -> Iterator[av.Packet[AudioStream]]:
    """Yield packets, and the empty one at the end; a read that fails is tried again where the file goes on."""
    import av

    failures = 0
    while failures < _MOST_FAILURES:
        try:
            for packet in container.demux(stream):
                if failures and packet.size:
                    failures, findings.broke_off = 0, ""
                    findings.places += 1
                yield packet
            break
        except (av.FFmpegError, OSError) as error:
            failures += 1
            findings.broke_off = find_cause(error) if is_known(error) else "it makes no sense"


def _find_zero(container: InputContainer, stream: AudioStream, unit: Fraction) -> Fraction:
    """Return the packet time that is time 0."""
    first = Fraction(container.start_time or 0, 1_000_000)
    if stream.start_time is not None:
        first = min(first, stream.start_time * unit) if first else stream.start_time * unit
    is_timed = not _TIMED.isdisjoint(container.format.name.split(","))
    return Fraction(0) if is_timed and first <= _JOINED_LATE_S else first
