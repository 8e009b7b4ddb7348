"""Audio files of any kind, as slin16."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE
from streamer.errors import UsageError

if TYPE_CHECKING:
    import av


PIECE = 10 * SLIN16_RATE
"""Samples that `read_tracks` yields at once, at least, but for the last."""


def decode_tracks(path: Path) -> list[bytes]:
    """Return each channel of an audio file as slin16, resampled by FFmpeg; reads any format that PyAV does.

    Raises:
        UsageError: The file is missing or holds no audio.
    """
    return [b"".join(pieces) for pieces in zip(*read_tracks(path), strict=True)]


def decode_mono(path: Path, *, rate: int) -> bytes:
    """Return an audio file as 16-bit samples, `rate` a second, its channels mixed into one by FFmpeg.

    Raises:
        UsageError: The file is missing or holds no audio.
    """
    frames = _read_frames(path, rate=rate, layout="mono")
    return b"".join(_split(some)[0] for some in frames)


def read_tracks(path: Path) -> Iterator[tuple[bytes, ...]]:
    """Yield an audio file piece by piece, each as one run of slin16 a channel.

    Raises:
        UsageError: The file is missing or holds no audio, or it breaks off in a way that cannot be read on.
    """
    return map(_split, _read_frames(path, rate=SLIN16_RATE))


def _read_frames(
    path: Path, *, rate: int, layout: str | None = None
) -> Iterator[list[av.AudioFrame]]:
    import av  # heavy, and only needed for audio files

    if not path.is_file():
        raise UsageError(f"no such file: {path}")
    resampler = av.AudioResampler(format="s16p", rate=rate, layout=layout)
    frames: list[av.AudioFrame] = []
    has_audio = False
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(audio=0):
                frames += resampler.resample(frame)
                if sum(frame.samples for frame in frames) >= PIECE:
                    has_audio = True
                    yield frames
                    frames = []
        frames += resampler.resample(None)
    except (av.FFmpegError, IndexError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path} cannot be read as audio: {reason}") from error
    if frames:
        yield frames
    elif not has_audio:
        raise UsageError(f"{path} holds no audio")


def _split(frames: list[av.AudioFrame]) -> tuple[bytes, ...]:
    return tuple(
        b"".join(bytes(frame.planes[n])[: frame.samples * SAMPLE_WIDTH] for frame in frames)
        for n in range(len(frames[0].planes))
    )
