"""The page of one call's board: which utterances are put on it, in which order, and as which words."""

from __future__ import annotations

from tui.layout.formatting import tokenise
from tui.layout.pending import order_from
from tui.layout.transcript import Order, Page
from tui.layout.wrapping import Token
from tui.state.call import CallBoard, Key, Utterance


class BoardPage(Page):
    """A page that knows its board; empty until utterances are put on it."""

    def __init__(self, board: CallBoard) -> None:
        super().__init__()
        self._board = board

    def order_wanted(self, near: Key | None) -> list[Key]:
        """Return all utterances of the board in the order in which they are wanted, by who looks near one."""
        utterances = self._board.utterances
        keys = sorted(utterances, key=lambda key: self._order(utterances[key]))
        if near in utterances:
            return order_from(keys, keys.index(near))
        return order_from(keys, 0 if self._board.is_over else len(keys))

    def put(self, keys: list[Key]) -> int:
        """Put utterances on the page as they are now; return the first row that may look different."""
        tops = [self.top(index) for key in keys if (index := self.find(key)) is not None]
        self.update(self._change(key) for key in keys)
        tops += [self.top(index) for key in keys if (index := self.find(key)) is not None]
        return min(tops, default=0)

    def _change(self, key: Key) -> tuple[Key, Order, tuple[Token, ...]] | Key:
        utterance = self._board.utterances.get(key)
        if utterance is None:
            return key
        return key, self._order(utterance), tokenise(utterance)

    def _order(self, utterance: Utterance) -> Order:
        return utterance.start, self._board.rank(utterance.leg), utterance.number
