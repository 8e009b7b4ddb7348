"""What a simulated channel sends, and when: made from audio files or captured traces.

Any file that PyAV reads is resampled to slin16; each of its audio channels becomes one channel of the PBX. A trace is JSON Lines:
a `meta` line, then `{"t": seconds, "dir": "in", "kind": "binary", "data": base64}` for each message of the PBX.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE
from streamer.core.reasons import find_cause
from streamer.errors import UsageError
from streamer.media.decode import decode_tracks
from streamer.media.opened import check_file

FRAME_S = 0.02
FRAME_SIZE = int(SLIN16_RATE * FRAME_S) * SAMPLE_WIDTH


class EndKind(Enum):
    """How a simulated channel ends: hung up with close 1000, broken off without a close frame, or never."""

    HANG_UP = "hang-up"
    BREAK = "break"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class TimedFrame:
    """One binary message, due `at` seconds after the call begins."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class ChannelScript:
    """Everything one channel sends; `frames` in order of time."""

    name: str
    unique_id: str
    frames: tuple[TimedFrame, ...]
    ends_at: float
    end: EndKind = EndKind.HANG_UP

    @property
    def pcm(self) -> bytes:
        """All audio that it sends, as one piece."""
        return b"".join(frame.data for frame in self.frames)


def load_script(path: Path, *, name: str, unique_id: str) -> list[ChannelScript]:
    """Read a file into the channels of one call, named `name;1`, `name;2` where there are several.

    Raises:
        UsageError: The file is missing, or neither a trace nor audio.
    """
    check_file(path)
    if path.suffix == ".jsonl":
        return _load_trace(path)
    tracks = decode_tracks(path)
    names = [name] if len(tracks) == 1 else [f"{name};{n}" for n in range(1, len(tracks) + 1)]
    return [
        script_pcm(pcm, name=channel, unique_id=f"{unique_id}.{n}")
        for n, (channel, pcm) in enumerate(zip(names, tracks, strict=True), start=1)
    ]


def script_pcm(
    pcm: bytes, *, name: str, unique_id: str, end: EndKind = EndKind.HANG_UP
) -> ChannelScript:
    """Cut slin16 into 20 ms frames, the last one shorter, as Asterisk does."""
    pieces = [pcm[start : start + FRAME_SIZE] for start in range(0, len(pcm), FRAME_SIZE)]
    frames = tuple(TimedFrame(n * FRAME_S, piece) for n, piece in enumerate(pieces))
    return ChannelScript(name, unique_id, frames, len(frames) * FRAME_S, end)


def with_hole(script: ChannelScript, *, at: float, seconds: float) -> ChannelScript:
    """Send nothing for a while, as for a party that is muted: what follows comes later."""
    frames = delay_frames(script.frames, at=at, seconds=seconds)
    return replace(script, frames=frames, ends_at=script.ends_at + seconds)


def with_stall(script: ChannelScript, *, at: float, seconds: float) -> ChannelScript:
    """Hold frames back for a while and send them in one burst, as a network does."""
    frames = hold_frames(script.frames, at=at, seconds=seconds)
    return replace(script, frames=frames, ends_at=max(script.ends_at, at + seconds))


def delay_frames(
    frames: tuple[TimedFrame, ...], *, at: float, seconds: float
) -> tuple[TimedFrame, ...]:
    """Return frames of which those from `at` on come so many seconds later."""
    return tuple(replace(f, at=f.at + seconds) if f.at >= at else f for f in frames)


def hold_frames(
    frames: tuple[TimedFrame, ...], *, at: float, seconds: float
) -> tuple[TimedFrame, ...]:
    """Return frames of which those from `at` on come when so many seconds have passed, or later if they would anyway."""
    return tuple(replace(f, at=max(f.at, at + seconds)) if f.at >= at else f for f in frames)


def _load_trace(path: Path) -> list[ChannelScript]:
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
        meta, items = lines[0]["meta"], lines[1:]
        channels = meta.get("legs") or {None: meta.get("channel") or {}}
        return [_trace_channel(path, channel, leg, items) for leg, channel in channels.items()]
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise UsageError(f"{path} is not a trace of stream-channel: {find_cause(error)}") from error


def _trace_channel(
    path: Path, channel: dict[str, str], leg: str | None, items: list[dict[str, str | float | None]]
) -> ChannelScript:
    mine = [item for item in items if item.get("leg") == leg]
    messages = [item for item in mine if item["kind"] == "binary" and item["dir"] == "in"]
    frames = tuple(
        TimedFrame(float(i["t"] or 0), base64.b64decode(str(i["data"]))) for i in messages
    )
    ends = [float(item["t"] or 0) for item in mine if item["kind"] == "close"]
    last = frames[-1].at if frames else 0.0
    name = channel.get("name") or path.stem
    return ChannelScript(name, channel.get("uniqueid") or name, frames, max([last, *ends]))
