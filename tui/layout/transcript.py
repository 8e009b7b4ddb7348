"""A long list of blocks, each some rows high: where each stands, and which one is at a row. Only blocks in sight are wrapped.

Blocks stand by start time, those that start together by the order of their legs. A block whose neighbour above is of another leg
opens a turn: it has an empty row above it, and its speaker's name is shown.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tui.layout.wrapping import PackedToken, Row, Token, count_rows, pack, unpack, wrap
from tui.state.call import Key

Order = tuple[int, int, int]
"""Start, rank of the leg, number."""


@dataclass(slots=True)
class Block:
    """One utterance as it is drawn, in `rows` of text with perhaps an empty one above."""

    key: Key
    order: Order
    packed: tuple[PackedToken, ...]
    folded: str
    """Its text for searching, case-folded."""
    opens_turn: bool = False
    has_gap: bool = False
    rows: int = 0
    version: int = 0

    @property
    def height(self) -> int:
        """Return how many rows it takes, the empty one included."""
        return self.rows + self.has_gap

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Return its words as they are drawn."""
        return unpack(self.packed)

    @property
    def text(self) -> str:
        """Return what was said, in one line."""
        return _join(self.tokens)


class BlockLayout:
    """The blocks of one call at one width of text."""

    def __init__(self, width: int = 80) -> None:
        self.width = width
        self._blocks: dict[Key, Block] = {}
        self._orders: list[tuple[Order, Key]] = []
        self._tops: list[int] = []
        self._height = 0
        self._versions = 0

    def __len__(self) -> int:
        return len(self._orders)

    def __getitem__(self, index: int) -> Block:
        return self._blocks[self._orders[index][1]]

    def __iter__(self) -> Iterator[Block]:
        return (self._blocks[key] for _, key in self._orders)

    @property
    def height(self) -> int:
        """Return how many rows there are."""
        return self._height

    def find(self, key: Key) -> int | None:
        """Return where a block stands, None if it is not there."""
        block = self._blocks.get(key)
        return None if block is None else bisect_left(self._orders, (block.order, key))

    @property
    def versions(self) -> int:
        """Return a number that changes with every block that is put in."""
        return self._versions

    def find_time(self, start: int) -> int:
        """Return the last block that begins at a position or before it, else the first."""
        return max(0, bisect_right(self._orders, ((start + 1, -1, 0), ("", 0))) - 1)

    def top(self, index: int) -> int:
        """Return the first row of a block, the empty one above it included."""
        return self._tops[index]

    def locate(self, row: int) -> tuple[int, int] | None:
        """Return the block at a row, and which of its rows that is; None beyond the end."""
        if not 0 <= row < self._height:
            return None
        index = bisect_right(self._tops, row) - 1
        return index, row - self._tops[index]

    def rows(self, index: int) -> list[Row]:
        """Return a block's rows of text, without the empty one."""
        return wrap(self[index].tokens, self.width)

    def update(self, changes: Iterable[tuple[Key, Order, tuple[Token, ...]] | Key]) -> None:
        """Put blocks in or in the place of others; of a key alone, take the block out."""
        lowest = len(self._orders)
        for change in changes:
            if len(change) == 2:
                lowest = min(lowest, self._drop(change))
            else:
                lowest = min(lowest, self._put(*change))
        self._settle(max(0, lowest))

    def resize(self, width: int) -> None:
        """Break every block anew."""
        if width != self.width:
            self.width = width
            self._settle(0, is_wrapped_anew=True)

    def search(self, folded: str, *, start: int, step: int) -> int | None:
        """Return the nearest block that holds a case-folded text, from `start` on, around the end."""
        count = len(self)
        for distance in range(count):
            index = (start + step * distance) % count
            if folded in self[index].folded:
                return index
        return None

    def count(self, folded: str) -> int:
        """Return how many blocks hold a case-folded text."""
        return sum(folded in block.folded for block in self)

    def _put(self, key: Key, order: Order, tokens: tuple[Token, ...]) -> int:
        known = self._blocks.get(key)
        lowest = len(self._orders)
        if known is not None and known.order != order:
            lowest = self._drop(key)
            known = None
        self._versions += 1
        if known is None:
            known = self._blocks[key] = Block(key, order, (), "")
            insort(self._orders, (order, key))
        known.packed = pack(tokens)
        known.folded = _join(tokens).casefold()
        known.version = self._versions
        known.rows = 0  # counted by `_settle`
        return min(lowest, bisect_left(self._orders, (order, key)))

    def _drop(self, key: Key) -> int:
        index = self.find(key)
        if index is None:
            return len(self._orders)
        del self._orders[index], self._blocks[key]
        return index

    def _settle(self, first: int, *, is_wrapped_anew: bool = False) -> None:
        """Count the rows from a block on."""
        del self._tops[first:]
        row = self._tops[-1] + self[first - 1].height if first and self._tops else 0
        above = self[first - 1].key[0] if first else None
        for _, key in self._orders[first:]:
            block = self._blocks[key]
            block.opens_turn = above != key[0]
            block.has_gap = block.opens_turn and above is not None
            if is_wrapped_anew or not block.rows:
                block.rows = count_rows(block.packed, self.width)
            self._tops.append(row)
            row += block.height
            above = key[0]
        self._height = row


def _join(tokens: Iterable[Token]) -> str:
    return "".join(token.text if token.is_joined else " " + token.text for token in tokens).lstrip(
        " "
    )


def spans(text: str, folded: str) -> Sequence[tuple[int, int]]:
    """Return where a case-folded text stands in another, as far as folding keeps lengths."""
    found: list[tuple[int, int]] = []
    haystack, at = text.casefold(), 0
    if not folded or len(haystack) != len(text):
        return found
    while (at := haystack.find(folded, at)) >= 0:
        found.append((at, at + len(folded)))
        at += len(folded)
    return found
