"""`streamer play`: a call's audio on stdout, for a player behind a pipe or behind ssh."""

from __future__ import annotations

import time
from pathlib import Path

from streamer.calls.sound import LOOK_S, Sound, open_sound
from streamer.cli import output
from streamer.config import Settings
from streamer.core.transcript import parse_position
from streamer.errors import ExitCode, UsageError
from streamer.recording.index import Recordings

_PIECE_S = 1


def run_play(settings: Settings, name: str, *, start: str | None, leg: str) -> int:
    """Write a WAV from a moment on; of a live call until it ends.

    Raises:
        UsageError: Stdout is a terminal, or the moment cannot be read.
        NotFoundError: There is no such call or leg, or no audio.
        RecordingError: It cannot be read.
        BrokenPipeError: The player has gone.
    """
    if output.is_terminal():
        raise UsageError(
            f"audio is not for a terminal; pipe it into a player, as streamer play {name} | aplay, or into a file"
        )
    start_s = None if start is None else _parse_start(start)
    sound = open_sound(Recordings(Path(settings.recordings)).find(name), leg)
    is_live, length = sound.is_live(), sound.look()
    begin = length if is_live else 0
    if start_s is not None:
        begin = round(start_s * sound.rate)
    if not is_live and begin >= length:
        raise UsageError(
            f"--from {start} is behind the end, which is at {length / sound.rate:.0f} s"
        )
    output.raw(sound.header(None if is_live else length - begin))
    _write_on(sound, begin)
    return ExitCode.DONE


def _parse_start(text: str) -> float:
    position_s = parse_position(text.strip())
    if position_s is None:
        raise UsageError(f"--from must be a position in the call, as 1:20 or 80, not {text!r}")
    return position_s


def _write_on(sound: Sound, at: int) -> None:
    while True:
        is_live = sound.is_live()
        length = sound.look()
        while at < length:
            count = min(length - at, _PIECE_S * sound.rate)
            output.raw(sound.read(at, count))
            at += count
        if not is_live:
            return
        time.sleep(LOOK_S)
