"""Textual's selection with the mouse, kept by utterance and character: it stays on its words while lines come and rows move.

Textual keeps two offsets. Here `y` is the place of an utterance in the order of a layout, by which it is found again, and `x` is
one more than a character of its text: 0 is before the first, where the speaker's name stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from rich.cells import cell_len
from textual.geometry import Offset
from textual.selection import Selection

from tui.layout.transcript import Block, BlockLayout, Order
from tui.state.call import Key

_RANKS = 1 << 16
_NUMBERS = 1 << 32
_JOINER = "\u200d"

Span = tuple[int, int]
"""The first character of a text, and the one behind the last."""


class FindsLegs(Protocol):
    """A call, as far as its legs are concerned."""

    def leg_at(self, rank: int) -> str | None:
        """Return the label of the leg at a place in its call."""


def encode_place(order: Order, character: int) -> Offset:
    """Return a character of an utterance as Textual takes it; -1 is before the first."""
    return Offset(character + 1, _encode_order(order))


def _encode_order(order: Order) -> int:
    start, rank, number = order
    return (start * _RANKS + rank) * _NUMBERS + number


def settle(selection: Selection, blocks: BlockLayout, legs: FindsLegs) -> Selection:
    """Return a selection with both ends where their utterances stand now: one that becomes final may turn out to have begun elsewhere."""
    start, end = (end and _settle(end, blocks, legs) for end in selection)
    if start is None or end is None:
        return Selection(start, end)
    return Selection.from_offsets(start, end)


def _settle(end: Offset, blocks: BlockLayout, legs: FindsLegs) -> Offset:
    rest, number = divmod(end.y, _NUMBERS)
    label = legs.leg_at(rest % _RANKS)
    index = blocks.find((label, number)) if label is not None else None
    return end if index is None else Offset(end.x, _encode_order(blocks[index].order))


def find_span(settled: Selection, block: Block) -> Span | None:
    """Return what of a block's text is selected, None if nothing is."""
    found = settled.get_span(_encode_order(block.order))
    if found is None:
        return None
    text = block.text
    start = max(0, found[0] - 1)
    end = len(text) if found[1] < 0 else found[1] - 1
    start, end = _round(text, start), _round(text, end)
    return (start, end) if start < end else None


def _round(text: str, at: int) -> int:
    """Return the next place at which a text can be cut: no accent is parted from its letter."""
    if text.isascii():
        return min(at, len(text))
    while 0 < at < len(text) and (not cell_len(text[at]) or text[at - 1] == _JOINER):
        at += 1
    return min(at, len(text))


def read_selected(settled: Selection, blocks: Iterable[Block], name: Callable[[str], str]) -> str:
    """Return the selected words as plain text, an utterance a line; where several speak, each line begins with who does.

    Times are left out: words are what people paste, and an export has the times.
    """
    said: list[tuple[Key, str]] = []
    for block in blocks:
        span = find_span(settled, block)
        if span is not None and (text := block.text[slice(*span)].strip()):
            said.append((block.key, text))
    if len({leg for (leg, _), _ in said}) < 2:
        return "\n".join(text for _, text in said)
    return "\n".join(f"{name(leg)}: {text}" for (leg, _), text in said)
