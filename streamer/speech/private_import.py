"""Import libraries that write into the temporary folder, without a stranger's hand in it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

_environment_is_changed = RLock()  # two legs import at once; the environment is the process's


@contextmanager
def private_temporary_folder() -> Iterator[None]:
    """Let libraries that are imported in the block find a temporary folder in which nobody else can have put a link."""
    with (
        _environment_is_changed,
        tempfile.TemporaryDirectory(prefix="streamer-", ignore_cleanup_errors=True) as folder,
    ):
        before = os.environ.get("TMPDIR")
        os.environ["TMPDIR"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = before
