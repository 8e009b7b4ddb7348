"""Hearing a call from a line on, through whatever player the machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from streamer.core.audio import SAMPLE_WIDTH
from streamer.errors import NotFoundError
from streamer.media.wav import HEADER_SIZE
from streamer.recording.private_files import open_regular
from streamer.recording.rates import read_rate

PLAYERS = ("play", "ffplay", "aplay")
"""The best first: sox's `play` mixes legs of one rate, the others play the line's own."""


class Playing:
    """A player at work; it ends by itself, or with `stop`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._is_stopped = False

    @property
    def is_over(self) -> bool:
        """Say whether it has ended."""
        return self._process.poll() is not None

    @property
    def has_failed(self) -> bool:
        """Say whether it has ended otherwise than by itself at the end, or by `stop`."""
        return not self._is_stopped and self._process.poll() not in (None, 0)

    def stop(self) -> None:
        """End it; idempotent."""
        self._is_stopped = True
        if not self.is_over:
            self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)


def play(wav: Path, others: Sequence[Path], *, start_s: float) -> Playing:
    """Play a leg from a position on, mixed with the others where the player can.

    Raises:
        NotFoundError: There is no player, or no recording.
        RecordingError: The recording cannot be read.
    """
    player = next((path for name in PLAYERS if (path := shutil.which(name))), None)
    if player is None:
        raise NotFoundError(
            "no program that plays sound is installed; install sox, ffmpeg or alsa-utils"
        )
    rate = read_rate(wav)
    if rate is None:
        raise NotFoundError(f"the recording {wav} does not exist any more")
    alike = (path for path in others if read_rate(path) == rate)  # sox mixes no others
    return Playing(_start(player, [wav, *alike], start_s, rate))


def _start(player: str, wavs: Sequence[Path], start_s: float, rate: int) -> subprocess.Popen[bytes]:
    name = Path(player).name
    source: int = subprocess.DEVNULL
    if name == "play":
        command = ["-q", *(["-m"] if len(wavs) > 1 else []), *map(str, wavs)]
        command += ["trim", f"{start_s:.2f}"]
    elif name == "ffplay":
        command = ["-nodisp", "-autoexit", "-v", "quiet", "-ss", f"{start_s:.2f}", str(wavs[0])]
    else:  # aplay cannot begin in the middle of a file, so it gets one that is open there
        command = ["-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", str(rate)]
        source = open_regular(wavs[0])
        os.lseek(source, HEADER_SIZE + round(start_s * rate) * SAMPLE_WIDTH, os.SEEK_SET)
    try:
        return subprocess.Popen(
            [player, *command],
            stdin=source,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    finally:
        if source >= 0:
            os.close(source)
