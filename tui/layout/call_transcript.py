"""The layout of one call's transcript: which of its utterances are laid out, in which order, and with which words."""

from __future__ import annotations

from tui.layout.formatting import tokenise
from tui.layout.pending import order_from
from tui.layout.transcript import BlockLayout, Order
from tui.layout.wrapping import Token
from tui.state.call import Key, ShownCall, Utterance


class CallLayout(BlockLayout):
    """The layout of the utterances of one `ShownCall`; empty until `put` adds some."""

    def __init__(self, shown: ShownCall) -> None:
        super().__init__()
        self._shown = shown

    def order_wanted(self, near: Key | None) -> list[Key]:
        """Return all utterances in the order in which to lay them out for a reader who looks at the one `near`."""
        utterances = self._shown.utterances
        keys = sorted(utterances, key=lambda key: self._order(utterances[key]))
        if near in utterances:
            return order_from(keys, keys.index(near))
        return order_from(keys, 0 if self._shown.is_over else len(keys))

    def put(self, keys: list[Key]) -> int:
        """Lay utterances out as they are now; return the first row that may look different."""
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
