"""What every party of a tap's calls hears, as the command line says it and a process is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from streamer.sources.playout import Announcement, Echo, Playback, Tone


@dataclass(frozen=True, slots=True)
class PlaybackPlan:
    """One of them, or nothing; everything that JSON can hold."""

    echoes: bool = False
    tone_hz: int = 0
    announcement: dict[int, str] = field(default_factory=dict)
    """Files of raw 16-bit samples, by their rate; they may be removed once the plan is open."""

    @property
    def is_silent(self) -> bool:
        """Whether nothing is played."""
        return not (self.echoes or self.tone_hz or self.announcement)

    def open(self) -> Callable[[], Playback | None]:
        """Return what makes the playback of each party.

        Raises:
            OSError: A file cannot be opened.
        """
        if self.echoes:
            return Echo
        if self.tone_hz:
            return lambda: Tone(self.tone_hz)
        if self.announcement:
            # Open as long as this process is: the files may be gone by then.
            files = {rate: os.open(path, os.O_RDONLY) for rate, path in self.announcement.items()}
            load = cache(lambda rate: os.pread(files[rate], os.fstat(files[rate]).st_size, 0))
            return lambda: Announcement(load)
        return lambda: None


SILENT = PlaybackPlan()


def read_playback_plan(fields: Mapping[str, Any]) -> PlaybackPlan:
    """Return the plan that JSON has brought, which has no numbers as keys."""
    announcement = {int(rate): path for rate, path in fields["announcement"].items()}
    return PlaybackPlan(fields["echoes"], fields["tone_hz"], announcement)
