"""A file with audio, opened by FFmpeg, with or without a header of its own."""

from __future__ import annotations

import errno
import io
import os
import stat
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.core.reasons import explain, find_cause, is_known
from streamer.errors import StreamerError, UsageError
from streamer.media.findings import Findings
from streamer.media.piped import PipedFile
from streamer.media.raw import Codec, RawFormat, find_named, has_header

if TYPE_CHECKING:
    from av.container import InputContainer

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)

_MP4 = b"ftyp"

_HEADER = 64
"""Bytes that tell what a file is."""

_DEMUXERS = {
    Codec.SLIN: "s16le",
    Codec.ULAW: "mulaw",
    Codec.ALAW: "alaw",
    Codec.G722: "g722",
    Codec.G729: "g729",
    Codec.GSM: "gsm",
    **{codec: "g726le" for codec in Codec if codec.value.startswith("g726")},
}
"""FFmpeg's names; its `g726` is packed the other way round."""

_DIALOGIC = 0x17
"""The number of Dialogic's ADPCM in a WAV header; FFmpeg knows no raw file of it."""


def open_audio(path: Path, raw: RawFormat | None, findings: Findings) -> InputContainer:
    """Open a file; `raw` is how it is to be read whatever its name and its bytes say.

    Raises:
        UsageError: It is missing, empty, or none that can be read.
    """
    check_file(path)
    with path.open("rb") as file:
        start = file.read(_HEADER)
    if not start:
        raise UsageError(f"{path} is empty")
    if raw is None:
        raw = find_named(path, start)
        if raw is not None:
            findings.take(path, raw)
    return _open_with_header(path, start) if raw is None else _open_raw(path, raw)


def check_file(path: Path, *, missing: type[StreamerError] = UsageError) -> None:
    """Check that a file can be read, before anything opens it; of a pipe that the user named, all is read first.

    Raises:
        UsageError: It is no file, or must not be read.
        StreamerError: It is missing; of the class `missing`.
    """
    if isinstance(path, PipedFile):
        path.fill()
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode) and not os.access(path, os.R_OK):
            raise PermissionError(errno.EACCES, "")
    except OSError as error:
        if error.errno in _NOT_THERE:
            is_link = os.path.islink(path)  # noqa: PTH114 - a name that is too long is no error
            raise missing(
                f"{path} is a link that leads nowhere" if is_link else f"no such file: {path}"
            ) from error
        raise UsageError(f"{path} cannot be read: {explain(error)}") from error
    if stat.S_ISDIR(mode):
        raise UsageError(f"{path} is a folder; name a file")
    if not stat.S_ISREG(mode):
        raise UsageError(
            f"{path} is a pipe or a device, and a file is read more than once; save what comes from it first"
        )


def _open_with_header(path: Path, start: bytes) -> InputContainer:
    import av  # heavy, and only needed for audio files

    try:
        return av.open(os.fspath(path), "r")
    except (av.FFmpegError, OSError) as error:
        if start[4:8] == _MP4:
            raise UsageError(
                f"{path} was cut off before its index, which lies at its end, or the index is damaged; without it nothing can be read"
            ) from error
        if has_header(start) and not is_known(error):
            raise UsageError(
                f"{path} holds no audio behind its header, or was cut off or damaged in it"
            ) from error
        reason = find_cause(error) if is_known(error) else "it is in no format that is known"
        raise UsageError(
            f"{path} cannot be read as audio: {reason}; if it has no header, `streamer transcribe --raw CODEC[:RATE]` reads it"
        ) from error


def _open_raw(path: Path, raw: RawFormat) -> InputContainer:
    import av

    options = {}
    if raw.codec in (Codec.SLIN, Codec.ULAW, Codec.ALAW):
        options = {"sample_rate": str(raw.rate)}
    elif raw.codec.value.startswith("g726"):
        options = {"code_size": str(int(raw.codec.value[-2:]) // 8), "sample_rate": str(raw.rate)}
    try:
        if raw.codec is Codec.VOX:
            vox = _wrap_vox(path.read_bytes(), raw.rate)
            return av.open(io.BytesIO(vox), "r", format="wav")
        return av.open(os.fspath(path), "r", format=_DEMUXERS[raw.codec], options=options)
    except (av.FFmpegError, OSError) as error:
        reason = explain(error) if is_known(error) else "it makes no sense as that"
        raise UsageError(f"{path} cannot be read as {raw}: {reason}") from error


def _wrap_vox(codes: bytes, rate: int) -> bytes:
    fmt = struct.pack("<HHIIHHH", _DIALOGIC, 1, rate, rate // 2, 1, 4, 0)
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(codes))
    return b"RIFF" + struct.pack("<I", 4 + len(chunks) + len(codes)) + b"WAVE" + chunks + codes
