"""How long a call was, also where its tap was killed before it could say so."""

from __future__ import annotations

from streamer.recording.levels import LevelMeter
from streamer.recording.reader import RecordedCall, RecordedLeg


def find_duration_s(recorded: RecordedCall) -> float:
    """Return the length of the longest leg of a call that is not recorded any more.

    Of a tap that was killed, `call.json` is as old as the last thing that happened; the WAVs have all that was written.
    """
    if recorded.ended_at is not None:
        return recorded.duration_s
    return max(map(_measure_s, recorded.legs), default=0.0)


def _measure_s(leg: RecordedLeg) -> float:
    """Return what a leg's WAVs hold, or what was noted of it if they are gone."""
    rate = leg.leg.rate
    return LevelMeter(leg.path, rate=rate).read().duration_s or leg.length / rate
