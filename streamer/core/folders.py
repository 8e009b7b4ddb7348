"""Folders as people read them: from here or from home, where that is shorter."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def show_folder(folder: Path | str) -> str:
    """Return a folder as ./NAME below the working folder, as ~/NAME below home, else as its whole path."""
    for mark, find_base in ((".", Path.cwd), ("~", Path.home)):
        with suppress(OSError, RuntimeError, ValueError):  # no such base, or elsewhere
            base = find_base()
            inner = Path(folder).absolute().relative_to(base)
            if base != Path(base.anchor):  # below the root a whole path is no longer
                return "/".join((mark, *inner.parts))
    return str(folder)


def say_no_calls(folder: Path | str) -> str:
    """Return the line for a folder of recordings without a call: where it is, and what makes one."""
    return (
        f"No calls in {show_folder(folder)} yet. Try: streamer demo."
        " Record: streamer watch CHANNEL. Receive: streamer serve"
    )
