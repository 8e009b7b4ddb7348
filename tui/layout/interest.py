"""The lines of a call that one wants to go to: with an alert, with a mark, after a long silence, or where another begins to speak."""

from __future__ import annotations

from collections.abc import Iterator

from streamer.core.events import SPEECH_RATE
from streamer.core.transcript import format_position
from tui.layout.transcript import BlockLayout
from tui.state.call import ShownCall, Utterance

LONG_SILENCE_S = 10.0
"""Seconds in which nobody speaks, from which on the next line is worth going to."""


def find_interest(
    blocks: BlockLayout, shown: ShownCall, start: int, step: int
) -> tuple[int, str] | None:
    """Return the nearest line of interest behind a place, or before it, and why it is one."""
    found = list(_list_interest(blocks, shown))
    beyond = [each for each in found if (each[0] - start) * step > 0]
    return (beyond[0] if step > 0 else beyond[-1]) if beyond else None


def find_turn(blocks: BlockLayout, start: int, step: int) -> int | None:
    """Return the nearest place where another begins to speak."""
    index = start + step
    while 0 <= index < len(blocks):
        if blocks[index].opens_turn:
            return index
        index += step
    return None


def _list_interest(blocks: BlockLayout, shown: ShownCall) -> Iterator[tuple[int, str]]:
    until = 0
    for index, block in enumerate(blocks):
        utterance = shown.utterances.get(block.key)
        if utterance is None or utterance.start == utterance.end:
            continue  # a hold is silence
        silence_s = (utterance.start - until) / SPEECH_RATE
        if why := _explain(utterance, silence_s):
            yield index, why
        until = max(until, utterance.end)


def _explain(utterance: Utterance, silence_s: float) -> str:
    if utterance.alerts:
        return f"alert: {', '.join(alert.rule for alert in utterance.alerts)}"
    if utterance.mark:
        return f"mark: {utterance.mark.note}" if utterance.mark.note else "mark"
    return f"after {format_position(silence_s)} of silence" if silence_s >= LONG_SILENCE_S else ""
