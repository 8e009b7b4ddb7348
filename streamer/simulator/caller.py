"""What a simulated caller sends over AudioSocket, and when: made from an audio file or a captured trace.

An audio file is mixed into one channel and resampled to the rate that is asked for. A trace is JSON Lines: a `meta` line, then
`{"t": seconds, "dir": "in", "kind": "tcp", "data": base64}` for each frame of the PBX, of which the first is the UUID.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.reasons import ContentError, find_cause
from streamer.errors import SourceError, UsageError
from streamer.media.decode import decode_mono
from streamer.media.opened import check_file
from streamer.simulator.script import EndKind, TimedFrame, delay_frames, hold_frames
from streamer.wire.audiosocket import (
    FRAME_MS,
    RATES,
    Identified,
    Parser,
    encode_audio,
    encode_digit,
)
from streamer.wire.formats import Format
from streamer.wire.g711 import Law, encode

APP_RATE = 8_000
"""Samples a second that the dialplan application sends; only the channel driver knows others."""

DIGIT_S = 0.1
"""Seconds that a DTMF key is held; meanwhile no audio is sent, and its frame is sent when it is released."""

_MISLABELLED = struct.Struct(">BH")
_KIND_OF_NO_SLIN = 0x10
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class CallerScript:
    """All that one caller sends after its UUID: whole frames, header included, in order of time.

    Any number of callers may share it. `rate` is what the frames' label says, in samples a second; `uuid` is that of the trace.
    """

    name: str
    rate: int
    frames: tuple[TimedFrame, ...]
    ends_at: float
    end: EndKind = EndKind.HANG_UP
    uuid: UUID | None = None


class Playback:
    """One caller's place in a script; times are in seconds since its call began."""

    def __init__(
        self, script: CallerScript, *, loop: bool = False, hangs_up_at: float | None = None
    ) -> None:
        self._frames = script.frames
        self._round_s = max(script.ends_at, FRAME_MS / 1000) if loop and script.frames else math.inf
        self._round_start = 0.0
        self._next = 0
        self._ends_at = script.ends_at if hangs_up_at is None else hangs_up_at
        if loop and hangs_up_at is None:
            self._ends_at = math.inf

    @property
    def due(self) -> float:
        """When there is something to do next: a frame to send, a round to begin or the end."""
        if self._next < len(self._frames):
            return min(self._round_start + self._frames[self._next].at, self._ends_at)
        return min(self._round_start + self._round_s, self._ends_at)

    def is_over(self, elapsed: float) -> bool:
        """Say whether the caller hangs up now."""
        return elapsed + _ROUNDING_S >= self._ends_at

    def take(self, elapsed: float) -> list[bytes]:
        """Return the frames that are due and were not taken yet; none that is due after the end."""
        until = min(elapsed, self._ends_at) + _ROUNDING_S
        taken: list[bytes] = []
        while True:
            if self._next == len(self._frames):
                if self._round_start + self._round_s > until:
                    return taken
                self._round_start += self._round_s
                self._next = 0
            frame = self._frames[self._next]
            if self._round_start + frame.at > until:
                return taken
            taken.append(frame.data)
            self._next += 1


def load_caller(path: Path, *, rate: int = APP_RATE, format: Format | None = None) -> CallerScript:
    """Read a file into what one caller sends; a trace keeps its own rate and format.

    Raises:
        UsageError: The file is missing, or neither a trace of AudioSocket nor audio.
    """
    check_file(path)
    if path.suffix == ".jsonl":
        return _load_trace(path)
    if format is None:
        return script_caller(decode_mono(path, rate=rate), rate=rate, name=path.name)
    return script_mislabelled(decode_mono(path, rate=format.rate), format, name=path.name)


def script_caller(pcm: bytes, *, rate: int, name: str) -> CallerScript:
    """Cut 16-bit samples into frames of 20 ms, the last one shorter, under the label of their rate."""
    size = rate * FRAME_MS // 1000 * SAMPLE_WIDTH
    return _space_out([encode_audio(piece, rate) for piece in _cut(pcm, size)], rate, name)


def script_mislabelled(pcm: bytes, format: Format, *, name: str) -> CallerScript:
    """Cut samples, slin16 or else 8,000 a second, into frames of 20 ms of a format that has no label of its own."""
    payload = pcm if format is Format.SLIN16 else encode(pcm, Law(format))
    size = format.rate * FRAME_MS // 1000 * (SAMPLE_WIDTH if format is Format.SLIN16 else 1)
    frames = [
        _MISLABELLED.pack(_KIND_OF_NO_SLIN, len(piece)) + piece for piece in _cut(payload, size)
    ]
    return _space_out(frames, APP_RATE, name)


def with_hole(script: CallerScript, *, at: float, seconds: float) -> CallerScript:
    """Send nothing for a while, as for a party that is muted: what follows comes later."""
    frames = delay_frames(script.frames, at=at, seconds=seconds)
    return replace(script, frames=frames, ends_at=script.ends_at + seconds)


def with_stall(script: CallerScript, *, at: float, seconds: float) -> CallerScript:
    """Hold frames back for a while and send them in one burst, as a network does."""
    frames = hold_frames(script.frames, at=at, seconds=seconds)
    return replace(script, frames=frames, ends_at=max(script.ends_at, at + seconds))


def with_digits(script: CallerScript, *, at: float, digits: str) -> CallerScript:
    """Send DTMF digits one after another from `at` on; the audio waits meanwhile.

    Raises:
        ValueError: One of them is not a DTMF digit.
    """
    held_s = len(digits) * DIGIT_S
    pressed = [
        TimedFrame(at + n * DIGIT_S, encode_digit(digit)) for n, digit in enumerate(digits, start=1)
    ]
    spoken = delay_frames(script.frames, at=at, seconds=held_s)
    ends_at = script.ends_at + held_s if at < script.ends_at else at + held_s
    frames = tuple(sorted([*pressed, *spoken], key=lambda frame: frame.at))
    return replace(script, frames=frames, ends_at=ends_at)


def _cut(payload: bytes, size: int) -> list[bytes]:
    return [payload[start : start + size] for start in range(0, len(payload), size)]


def _space_out(frames: list[bytes], rate: int, name: str) -> CallerScript:
    step = FRAME_MS / 1000
    timed = tuple(TimedFrame(n * step, frame) for n, frame in enumerate(frames))
    return CallerScript(name, rate, timed, len(frames) * step)


def _load_trace(path: Path) -> CallerScript:
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
        if lines[0]["meta"]["protocol"] != "audiosocket":
            raise ContentError("it is a trace of another protocol")
        return _script_trace(path.name, [line for line in lines[1:] if line["dir"] == "in"])
    except (ValueError, LookupError, AttributeError, TypeError, SourceError) as error:
        raise UsageError(f"{path} is not a trace of AudioSocket: {find_cause(error)}") from error


def _script_trace(name: str, items: list[dict[str, Any]]) -> CallerScript:
    frames = [
        TimedFrame(_read_time(item), base64.b64decode(item["data"])) for item in _pick(items, "tcp")
    ]
    frames[1:] = sorted(frames[1:], key=lambda frame: frame.at)
    (first,) = Parser().feed(frames[0].data)
    if not isinstance(first, Identified):
        raise ValueError("its first frame is not a UUID")
    opens, closes = _pick(items, "open"), _pick(items, "close")
    start = _read_time(opens[0]) if opens else frames[0].at
    ends_at = max([frames[-1].at, *(_read_time(close) for close in closes)])
    is_broken = any(not str(item["data"]).startswith("EOF") for item in closes)
    played = tuple(replace(frame, at=frame.at - start) for frame in frames[1:])
    return CallerScript(
        name,
        _find_rate(frames),
        played,
        ends_at - start,
        EndKind.BREAK if is_broken else EndKind.HANG_UP,
        first.uuid,
    )


def _pick(items: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [item for item in items if item["kind"] == kind]


def _read_time(item: dict[str, Any]) -> float:
    at = float(item["t"])
    if not math.isfinite(at):
        raise ValueError(f"{at} is not a time")
    return at


def _find_rate(frames: list[TimedFrame]) -> int:
    kinds = (frame.data[0] for frame in frames if frame.data)
    return next((RATES[kind] for kind in kinds if kind in RATES), APP_RATE)
