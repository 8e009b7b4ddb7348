"""Audio files of any kind, as slin16."""

from __future__ import annotations

from pathlib import Path

from streamer.audio import SAMPLE_WIDTH, SLIN16_RATE
from streamer.errors import UsageError


def decode_tracks(path: Path) -> list[bytes]:
    """Return each channel of an audio file as slin16, resampled by FFmpeg; reads any format that PyAV does.

    Raises:
        UsageError: The file is missing or holds no audio.
    """
    import av  # heavy, and only needed for audio files

    if not path.is_file():
        raise UsageError(f"no such file: {path}")
    resampler = av.AudioResampler(format="s16p", rate=SLIN16_RATE)
    try:
        with av.open(str(path)) as container:
            pieces = [p for frame in container.decode(audio=0) for p in resampler.resample(frame)]
        pieces += resampler.resample(None)
    except (av.FFmpegError, IndexError, OSError) as error:
        raise UsageError(f"{path} is not audio that can be read: {error}") from error
    if not pieces:
        raise UsageError(f"{path} holds no audio")
    return [
        b"".join(bytes(piece.planes[n])[: piece.samples * SAMPLE_WIDTH] for piece in pieces)
        for n in range(len(pieces[0].planes))
    ]
