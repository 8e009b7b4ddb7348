"""The blocks of one call's shown: which utterances are put on it, in which order, and as which words."""

from __future__ import annotations

from tui.layout.formatting import tokenise
from tui.layout.pending import order_from
from tui.layout.transcript import BlockLayout, Order
from tui.layout.wrapping import Token
from tui.state.call import Key, ShownCall, Utterance


class CallLayout(BlockLayout):
    """A blocks that knows its shown; empty until utterances are put on it."""

    def __init__(self, shown: ShownCall) -> None:
        super().__init__()
        self._shown = shown

    def order_wanted(self, near: Key | None) -> list[Key]:
        """Return all utterances of the shown in the order in which they are wanted, by who looks near one."""
        utterances = self._shown.utterances
        keys = sorted(utterances, key=lambda key: self._order(utterances[key]))
        if near in utterances:
            return order_from(keys, keys.index(near))
        return order_from(keys, 0 if self._shown.is_over else len(keys))

    def put(self, keys: list[Key]) -> int:
        """Put utterances on the blocks as they are now; return the first row that may look different."""
        tops = [self.top(index) for key in keys if (index := self.find(key)) is not None]
        self.update(self._change(key) for key in keys)
        tops += [self.top(index) for key in keys if (index := self.find(key)) is not None]
        return min(tops, default=0)

    def _change(self, key: Key) -> tuple[Key, Order, tuple[Token, ...]] | Key:
        utterance = self._shown.utterances.get(key)
        if utterance is None:
            return key
        return key, self._order(utterance), tokenise(utterance)

    def _order(self, utterance: Utterance) -> Order:
        return utterance.start, self._shown.rank(utterance.leg), utterance.number
