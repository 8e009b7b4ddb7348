"""Utterances that have yet to be put on a blocks: first those that are looked at, the others in slices between which keys are answered.

Ten thousand lines take half a second to be broken into rows, and only a dozen of them are ever in sight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from tui.state.call import Key

SLICE = 100
"""Utterances that are put on a blocks at once: what takes a few milliseconds, and more than a screen of them."""


class PendingKeys:
    """Keys of utterances, in the order in which they are wanted."""

    def __init__(self) -> None:
        self._keys: dict[Key, None] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def add(self, keys: Iterable[Key]) -> None:
        """Want these behind all others."""
        self._keys.update(dict.fromkeys(keys))

    def take(self) -> list[Key]:
        """Return the next slice, and want it no more."""
        keys = list(islice(self._keys, SLICE))
        for key in keys:
            del self._keys[key]
        return keys

    def take_all(self) -> list[Key]:
        """Return everything, and want it no more."""
        keys = list(self._keys)
        self._keys.clear()
        return keys


def order_from(keys: Sequence[Key], index: int) -> list[Key]:
    """Return keys that stand in the order of a blocks in the order in which they are wanted by who looks at `index`.

    A part of a slice before it comes first, so that there is something above it; then all on to the end, then what is further up.
    """
    first = max(0, index - SLICE // 2)
    return [*keys[first:], *keys[:first][::-1]]
