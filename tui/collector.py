"""Python's garbage collector, told to pass over objects that live as long as the process.

A full collection looks at every object while nothing else runs: with the words of a long call that takes a third of a second.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def keeping_for_good() -> Iterator[None]:
    """Collect nothing while the block lasts, and exclude from later collections every object that exists at its end."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
