"""What stands on the scroll bar: where alerts, marks and the hits of a search are in the whole transcript."""

from __future__ import annotations

from streamer.core.alert import Severity
from tui.layout.formatting import MARKED
from tui.layout.glyphs import FLAG
from tui.layout.transcript import BlockLayout
from tui.state.call import Key, ShownCall

HIT, MATCHED = "━", "match"

Tick = tuple[str, str]
"""A sign, and what it is of: a severity, `mark` or `match`."""


class Ticks:
    """Where ticks are on a bar; what a search has found is looked up again only when lines or the search have changed."""

    def __init__(self) -> None:
        self._hits: tuple[Key, ...] = ()
        self._searched: tuple[str, int] = ("", 0)

    def place(
        self, blocks: BlockLayout, shown: ShownCall, needle: str, size: int
    ) -> dict[int, Tick]:
        """Return the ticks of a bar of so many rows by row; of several in one, that which matters most."""
        ticks: dict[int, Tick] = {}
        for key in self._find_hits(blocks, needle):
            _put(ticks, blocks, key, size, (HIT, MATCHED))
        for key in shown.marks:
            _put(ticks, blocks, key, size, (FLAG, MARKED))
        for severity in Severity:
            for alert in shown.alerts:
                if alert.severity is severity and alert.leg is not None:
                    key = alert.leg, alert.utterance or 0
                    _put(ticks, blocks, key, size, (severity.sign[:1], severity.value))
        return ticks

    def _find_hits(self, blocks: BlockLayout, needle: str) -> tuple[Key, ...]:
        if not needle:
            return ()
        searched = needle, blocks.versions
        if searched != self._searched:
            self._hits = tuple(block.key for block in blocks if needle in block.folded)
            self._searched = searched
        return self._hits


def _put(ticks: dict[int, Tick], blocks: BlockLayout, key: Key, size: int, tick: Tick) -> None:
    index = blocks.find(key)
    if index is not None and blocks.height:
        ticks[blocks.top(index) * size // blocks.height] = tick
