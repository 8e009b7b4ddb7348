"""What a search has found, with the lines of the call around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from streamer.store import Around, Hit, Reader

Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class PassageLine:
    """A line of a call that was found, or one that stands beside such a line."""

    said: Hit
    is_hit: bool


Passage = tuple[PassageLine, ...]
"""Lines of one call that follow each other, at least one of them a hit, in the order of the call."""


async def read_passages(reader: Reader, hits: Sequence[Hit], *, lines: int) -> list[Passage]:
    """Return hits with up to so many lines before and after each, in the order of the newest hit of each passage.

    Hits whose lines meet are in one passage, and no line stands twice.

    Raises:
        StoreError: The store cannot be read.
    """
    around = await reader.read_around(hits, lines=lines) if lines else [Around() for _ in hits]
    return join_passages(hits, around)


def join_passages(hits: Sequence[Hit], around: Sequence[Around]) -> list[Passage]:
    """Return hits with the lines around them; see `read_passages`."""
    found = {find_key(hit): hit for hit in hits}
    joined: list[dict[Key, Hit]] = []
    pairs = zip(hits, around, strict=True)
    for hit, beside in sorted(pairs, key=lambda pair: (pair[0].call_id, pair[0].place)):
        lines = {find_key(line): line for line in (*beside.before, hit, *beside.after)}
        if joined and joined[-1].keys() & lines.keys():
            joined[-1] |= lines
        else:
            joined.append(lines)
    ranks = {key: rank for rank, key in enumerate(found)}
    joined.sort(key=lambda lines: min(ranks[key] for key in lines if key in ranks))
    return [tuple(_order(lines, found)) for lines in joined]


def find_key(line: Hit) -> Key:
    """Return what tells a line from all others."""
    return line.call_id, line.leg, line.utterance


def _order(lines: Mapping[Key, Hit], found: Mapping[Key, Hit]) -> Iterator[PassageLine]:
    for key, line in sorted(lines.items(), key=lambda item: item[1].place):
        yield PassageLine(found.get(key, line), key in found)
