"""Python's collector of garbage, kept from looking through what stays to the end.

It looks at every object now and then, and nothing else runs meanwhile: with the words of a long call for a third of a second.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def keeping_for_good() -> Iterator[None]:
    """Collect nothing while the block lasts, and never look again at what there is then."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
