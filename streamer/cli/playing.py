"""The flags that say what every party hears: `--echo`, `--tone`, `--announce`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.core.audio import SAMPLE_WIDTH, TONES
from streamer.errors import UsageError

if TYPE_CHECKING:
    from streamer.tap.playbacks import PlaybackPlan

LONGEST_ANNOUNCEMENT_S = 120


@dataclass(frozen=True, slots=True)
class PlayingFlags:
    """The flags as the user gave them."""

    echo: bool = False
    tone: int | None = None
    announce: Path | None = None

    @property
    def are_given(self) -> bool:
        """Whether any of them is."""
        return self.echo or self.tone is not None or self.announce is not None

    def check(self) -> None:
        """Find out whether they can be meant.

        Raises:
            UsageError: They cannot.
        """
        if sum((self.echo, self.tone is not None, self.announce is not None)) > 1:
            raise UsageError(
                "choose one of --echo, --tone and --announce: each plays audio to the caller"
            )
        if self.tone is not None and self.tone not in TONES:
            raise UsageError(
                f"--tone must be a frequency from {TONES[0]} to {TONES[-1]} Hz, not {self.tone}"
            )


NOTHING = PlayingFlags()


@contextmanager
def plan_playing(flags: PlayingFlags) -> Iterator[PlaybackPlan]:
    """Yield what a tap is told; the files in it exist as long as the block lasts.

    Raises:
        UsageError: The announcement is no audio, or too long.
    """
    from streamer.tap.playbacks import PlaybackPlan

    with _decode_announcement(flags.announce) as announcement:
        yield PlaybackPlan(flags.echo, flags.tone or 0, announcement)


@contextmanager
def _decode_announcement(path: Path | None) -> Iterator[dict[int, str]]:
    """Yield files with the announcement as raw samples, one for each rate that a caller may have."""
    if path is None:
        yield {}
        return
    from streamer.media.decode import decode_mono
    from streamer.wire.audiosocket import RATES

    with tempfile.TemporaryDirectory(prefix="streamer-") as folder:
        files = {}
        for rate in RATES.values():
            pcm = decode_mono(path, rate=rate)
            if len(pcm) > LONGEST_ANNOUNCEMENT_S * rate * SAMPLE_WIDTH:
                raise UsageError(
                    f"{path} is longer than {LONGEST_ANNOUNCEMENT_S} s; shorten it, because every caller has to hear it to its end"
                )
            target = Path(folder) / f"{rate}.slin"
            target.write_bytes(pcm)
            files[rate] = str(target)
        yield files
