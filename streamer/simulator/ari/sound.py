"""What the channels of a simulated PBX say and hear, 20 ms at a time, as 16-bit samples at 16 kHz.

`in` of a snoop is what its channel says, `out` what that hears: the others in its bridge, or music while one of them holds.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE
from streamer.wire.g711 import Law, decode, encode

if TYPE_CHECKING:
    from streamer.simulator.ari.pbx import SimulatedPbx

FRAME_S = 0.02
FRAME_SIZE = SLIN16_RATE // 50 * SAMPLE_WIDTH
SILENCE = bytes(FRAME_SIZE)
RATES = {"slin": 8_000, "slin16": 16_000, "ulaw": 8_000, "alaw": 8_000}
"""Samples a second of each format that a medium can have."""

_TOP, _BOTTOM = 32_767, -32_768
_MUSIC_HZ = 400
"""A whole number of its periods is a frame."""


@dataclass(frozen=True, slots=True)
class Speech:
    """What a party says from `begins_at` on, once or again and again; silence before and after."""

    pcm: bytes
    begins_at: float = 0.0
    repeats: bool = False

    def cut(self, at: float) -> bytes:
        """Return the frame of a moment."""
        number = round((at - self.begins_at) / FRAME_S)
        whole = -(-len(self.pcm) // FRAME_SIZE)
        if self.repeats and whole:
            number %= whole
        piece = self.pcm[number * FRAME_SIZE : (number + 1) * FRAME_SIZE] if number >= 0 else b""
        return piece.ljust(FRAME_SIZE, b"\0")


def say(pbx: SimulatedPbx, channel: str) -> bytes | None:
    """Return the frame that comes from a channel now; None if none comes."""
    inside = pbx.inside[channel]
    if inside.spied_on:
        return _overhear(pbx, inside.spied_on, inside.spy)
    if inside.is_medium:
        return inside.sent_back
    if pbx.channels[channel]["state"] != "Up" or inside.is_holding:
        return None
    return inside.voice.cut(pbx.at) if inside.voice else SILENCE


def hear(pbx: SimulatedPbx, channel: str) -> bytes | None:
    """Return the frame that a channel gets now; None if it gets none."""
    if pbx.inside[channel].hears_music:
        return MUSIC
    bridge = pbx.find_bridge(channel)
    others = [one for one in bridge["channels"] if one != channel] if bridge else []
    frames = [MUSIC if pbx.inside[one].is_holding else say(pbx, one) for one in others]
    return mix(frame for frame in frames if frame is not None)


def mix(frames: Iterable[bytes]) -> bytes | None:
    """Return the sum of frames; None if there is none."""
    given = list(frames)
    heard = [frame for frame in given if frame is not SILENCE] or given[:1]
    if not heard:
        return None
    if len(heard) == 1:
        return heard[0]
    sums = map(sum, zip(*map(_read, heard), strict=True))
    return _write(array("h", (max(_BOTTOM, min(_TOP, one)) for one in sums)))


def convert(frame: bytes, format: str) -> bytes:
    """Return a frame in the format of a medium."""
    if RATES[format] == SLIN16_RATE:
        return frame
    samples = _read(frame)
    pairs = zip(samples[0::2], samples[1::2], strict=True)
    narrow = _write(array("h", ((first + second) // 2 for first, second in pairs)))
    return narrow if format == "slin" else encode(narrow, Law(format))


def convert_back(piece: bytes, format: str) -> bytes:
    """Return audio in the format of a medium as samples at 16 kHz."""
    if RATES[format] == SLIN16_RATE:
        return piece
    samples = _read(piece if format == "slin" else decode(piece, Law(format)))
    return _write(array("h", (one for one in samples for _ in range(2))))


def _overhear(pbx: SimulatedPbx, channel: str, spy: str) -> bytes:
    heard = {"in": (say,), "out": (hear,), "both": (say, hear)}[spy]
    frames = [frame for one in heard if (frame := one(pbx, channel)) is not None]
    return mix(frames) or SILENCE


def _read(frame: bytes) -> array[int]:
    samples = array("h", frame)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _write(samples: array[int]) -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def _make_music() -> bytes:
    step = 2 * math.pi * _MUSIC_HZ / SLIN16_RATE
    return _write(array("h", (int(3_000 * math.sin(step * n)) for n in range(SLIN16_RATE // 50))))


MUSIC = _make_music()
