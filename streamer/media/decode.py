"""Audio files of any kind, as slin16, each word at its time in the file."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE, peak
from streamer.errors import UsageError
from streamer.media.announced import find_announced
from streamer.media.findings import Findings
from streamer.media.frames import read_frames
from streamer.media.ogg import MAGIC, count_damaged_pages
from streamer.media.opened import open_audio
from streamer.media.raw import RawFormat

if TYPE_CHECKING:
    import av


PIECE_S = 10
"""Seconds that `read_tracks` yields at once, at least, but for the last; a silence may come in more pieces."""

_MUCH_LESS_S = 0.5
_MUCH_LESS = 0.01
"""By how much a file that was cut off falls short of what it announces; headers round, and count priming samples."""


def decode_tracks(
    path: Path,
    *,
    raw: RawFormat | None = None,
    findings: Findings | None = None,
    rate: int = SLIN16_RATE,
) -> list[bytes]:
    """Return each channel of an audio file as 16-bit samples, `rate` a second; see `read_tracks`.

    Raises:
        UsageError: The file is missing or holds no audio.
    """
    found = Findings() if findings is None else findings
    return [b"".join(pieces) for pieces in zip(*_read(path, raw, found, rate=rate), strict=True)]


def decode_mono(path: Path, *, rate: int) -> bytes:
    """Return an audio file as 16-bit samples, `rate` a second, its channels mixed into one by FFmpeg.

    Raises:
        UsageError: The file is missing or holds no audio.
    """
    return b"".join(track for (track,) in _read(path, None, Findings(), rate=rate, layout="mono"))


def read_tracks(
    path: Path,
    *,
    raw: RawFormat | None = None,
    findings: Findings | None = None,
    is_mixed: bool = False,
) -> Iterator[tuple[bytes, ...]]:
    """Yield an audio file piece by piece, each as one run of slin16 a channel.

    `is_mixed` makes its channels one. What cannot be decoded is silence, and is told in `findings`, as is how a file without a header was taken.

    Raises:
        UsageError: The file is missing or holds no audio.
    """
    found = Findings() if findings is None else findings
    return _read(path, raw, found, rate=SLIN16_RATE, layout="mono" if is_mixed else None)


def _read(
    path: Path, raw: RawFormat | None, findings: Findings, *, rate: int, layout: str | None = None
) -> Iterator[tuple[bytes, ...]]:
    tracks = _Tracks(rate, layout)
    with open_audio(path, raw, findings) as container:
        announced = find_announced(path, container) if container.streams.audio else 0.0
        for begins, frame in read_frames(container, path, findings):
            if frame is not None:
                tracks.expect(frame)
            if begins is not None:
                yield from tracks.begin_run(begins, findings)
            if frame is not None:
                tracks.append(frame)
            if tracks.waiting >= PIECE_S * rate:
                yield tracks.take(findings)
    if not tracks.position:
        raise UsageError(f"no audio in {path} can be decoded")
    yield tracks.take(findings)
    _look_back(path, findings, length_s=tracks.position / rate, announced_s=announced)


def _look_back(path: Path, findings: Findings, *, length_s: float, announced_s: float) -> None:
    """Note what only shows at the end: that a file holds less than it says, or has pages that FFmpeg left out."""
    findings.length_s = length_s
    if announced_s - length_s > _MUCH_LESS_S + _MUCH_LESS * announced_s:
        findings.announced_s = announced_s
    with path.open("rb") as file:
        if file.read(len(MAGIC)) == MAGIC:
            file.seek(0)
            findings.places += count_damaged_pages(file)


class _Tracks:
    """Resampled audio, each run at its place; `position` counts samples of each channel, `waiting` those not taken."""

    def __init__(self, rate: int, layout: str | None) -> None:
        self._rate = rate
        self._layout: str | av.AudioLayout | None = layout
        self._resampler: av.AudioResampler | None = None
        self._shape: tuple[object, ...] = ()
        self._tracks: list[bytearray] = []
        self._unwanted = 0
        self.position = 0

    @property
    def waiting(self) -> int:
        return len(self._tracks[0]) // SAMPLE_WIDTH if self._tracks else 0

    def take(self, findings: Findings) -> tuple[bytes, ...]:
        taken = tuple(map(bytes, self._tracks))
        findings.peak = max([findings.peak, *map(peak, taken)])
        for track in self._tracks:
            track.clear()
        return taken

    def expect(self, frame: av.AudioFrame) -> None:
        """Get ready for a frame; one of another kind than those before is made like the first."""
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:
            self._end_run()
            self._shape = shape
        if not self._tracks:
            self._layout = self._layout or frame.layout
            count = 1 if self._layout == "mono" else frame.layout.nb_channels
            self._tracks = [bytearray() for _ in range(count)]

    def append(self, frame: av.AudioFrame) -> None:
        import av  # heavy, and only needed for audio files

        if self._resampler is None:
            self._resampler = av.AudioResampler("s16p", self._layout, self._rate)
        frame.pts = None  # its place is decided
        self._keep(self._resampler.resample(frame))

    def begin_run(self, at: Fraction, findings: Findings) -> Iterator[tuple[bytes, ...]]:
        """Yield silence until a run begins, or cut of it what comes before the end of the last one."""
        self._end_run()
        missing = round(at * self._rate) - self.position
        self._unwanted = max(0, -missing)
        while missing > 0 and self._tracks:
            size = min(missing, PIECE_S * self._rate - self.waiting)
            for track in self._tracks:
                track += bytes(size * SAMPLE_WIDTH)
            self.position += size
            missing -= size
            if self.waiting >= PIECE_S * self._rate:
                yield self.take(findings)

    def _end_run(self) -> None:
        if self._resampler is not None:
            self._keep(self._resampler.resample(None))
            self._resampler = None

    def _keep(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            cut = min(self._unwanted, frame.samples)
            self._unwanted -= cut
            self.position += frame.samples - cut
            for track, plane in zip(self._tracks, frame.planes, strict=True):
                track += bytes(plane)[cut * SAMPLE_WIDTH : frame.samples * SAMPLE_WIDTH]
