"""Folders as people read them: from here or from home, where that is shorter."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

SERVICE_STATE = Path("/var/lib/streamer")
"""Where systemd makes the StateDirectory of the unit that `streamer service` prints."""


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
    """Return the line for a folder of recordings without a call: where it is, and what makes one, or where a service has its calls."""
    if _is_beside_service(Path(folder)):
        return (
            f"No calls in {show_folder(folder)} yet. The service has its own in {SERVICE_STATE / 'recordings'}: run this as its user,"
            " with --recordings"
        )
    return (
        f"No calls in {show_folder(folder)} yet. Try: streamer demo."
        " Record: streamer watch CHANNEL. Receive: streamer serve"
    )


def _is_beside_service(folder: Path) -> bool:
    with suppress(OSError):  # the working folder is gone
        return SERVICE_STATE.is_dir() and not folder.absolute().is_relative_to(SERVICE_STATE)
    return False
