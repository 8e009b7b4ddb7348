"""What is bad enough about how a call was recorded to stand in a report (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from streamer.core.audio import AudioLoss
from streamer.recording.quality import LegQuality, is_one_way

MUCH_CLIPPED = 0.001
"""Share of cut off samples that is heard; single ones are in any loud call."""

LONG_GAP_S = 1.0
"""The longest time between two frames that is no trouble of a network."""


def list_problems(
    qualities: Mapping[str, LegQuality], losses: Mapping[str, AudioLoss]
) -> Iterator[str]:
    """Yield what is wrong with a call, a line each."""
    legs = list(qualities.values())
    silent = [leg.leg for leg in legs if leg.has_sound is False]
    if is_one_way(legs):
        yield f"one way: no sound from {', '.join(silent)}"
    elif silent and len(silent) == len(legs):
        yield "no sound at all"
    for leg in legs:
        yield from _list_problems_of_leg(leg)
    for label, loss in losses.items():
        if loss.incomplete_s:
            yield f"{label}: {_count(loss.incomplete_s)} missing"


def _list_problems_of_leg(leg: LegQuality) -> Iterator[str]:
    if leg.clipped is not None and leg.clipped >= MUCH_CLIPPED:
        yield f"{leg.leg}: {leg.clipped:.1%} clipped"
    # A PBX may send nothing to a party that is on hold.
    if leg.gap_s >= LONG_GAP_S and leg.gap_s > leg.hold_s:
        yield f"{leg.leg}: a gap of {_count(leg.gap_s)}"


def _count(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 0.05 else "under 0.1 s"
