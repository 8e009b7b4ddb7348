"""The bundled call, or its beginning, as something that a stand-in PBX plays."""

from __future__ import annotations

import wave
from pathlib import Path

from streamer.cli.demo import demo_call
from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE
from streamer.media.decode import decode_tracks

LABELS = ("caller", "agent")


def play_tracks(seconds: float) -> tuple[bytes, ...]:
    """Return the first seconds of each party's audio, as slin16."""
    size = round(seconds * SLIN16_RATE) * SAMPLE_WIDTH
    return tuple(track[:size] for track in decode_tracks(demo_call()))


def write_call(path: Path, seconds: float) -> None:
    """Write them as a file."""
    with wave.open(str(demo_call())) as whole, wave.open(str(path), "wb") as short:
        short.setparams(whole.getparams())
        short.writeframes(whole.readframes(round(seconds * whole.getframerate())))
