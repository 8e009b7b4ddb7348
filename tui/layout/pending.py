"""Utterances that have still to be laid out: those in sight first, then the others in slices, between which keys are answered.

Ten thousand lines take half a second to be broken into rows, and only a dozen of them are ever in sight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from tui.state.call import Key

SLICE = 100
"""Utterances that are laid out at once: more than a screen of them, in a few milliseconds."""


class PendingKeys:
    """Keys of utterances in the order in which they will be laid out."""

    def __init__(self) -> None:
        self._keys: dict[Key, None] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def add(self, keys: Iterable[Key]) -> None:
        """Add these behind all others."""
        self._keys.update(dict.fromkeys(keys))

    def take(self) -> list[Key]:
        """Remove and return the next slice."""
        keys = list(islice(self._keys, SLICE))
        for key in keys:
            del self._keys[key]
        return keys

    def take_all(self) -> list[Key]:
        """Remove and return everything."""
        keys = list(self._keys)
        self._keys.clear()
        return keys


def order_from(keys: Sequence[Key], index: int) -> list[Key]:
    """Return keys, which stand in the order of a layout, in the order in which to lay them out for a reader at `index`.

    Half a slice before it comes first, so that there is something above it; then all on to the end; then what is further up.
    """
    first = max(0, index - SLICE // 2)
    return [*keys[first:], *keys[:first][::-1]]
