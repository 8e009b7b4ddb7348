"""The keys that were pressed in a call, told as its recording notes them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from streamer.bus import Bus
from streamer.core.events import Dtmf, parse_time
from streamer.errors import RecordingError
from streamer.recording.reader import read_call

LOOK_S = 0.25


class DtmfReceivedKeys:
    """Announces each key of a call once."""

    def __init__(self, folder: Path, bus: Bus) -> None:
        self._folder = folder
        self._bus = bus
        self._read_at = 0
        self._told: dict[int, int] = {}  # how many of each leg

    async def watch(self) -> None:
        """Announce keys as they are noted, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Announce what is new since the last look."""
        with suppress(OSError, RecordingError, LookupError, TypeError, ValueError):
            written_at = (self._folder / "call.json").stat().st_mtime_ns
            if written_at != self._read_at:
                self._read_at = written_at
                self._tell()

    def _tell(self) -> None:
        for number, leg in enumerate(read_call(self._folder)["legs"]):
            digits = leg.get("digits", [])
            new = digits[self._told.get(number, 0) :]
            self._told[number] = len(digits)  # what cannot be read is not looked at again
            for key in new:
                pressed = Dtmf(
                    self._folder.name,
                    str(leg["leg"]),
                    str(key["digit"]),
                    float(key["start"]),
                    parse_time(key["at"]),
                )
                self._bus.publish(pressed)
