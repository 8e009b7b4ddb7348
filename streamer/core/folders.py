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
    here = f"No calls in {show_folder(folder)} yet."
    if own := _find_service(Path(folder)):
        who = "" if own.is_relative_to(Path.home()) else " as its user,"
        return f"{here} The service has its own in {own}: run this{who} with --recordings"
    return f"{here} Try: streamer demo. Record: streamer watch CHANNEL. Receive: streamer serve"


def _find_service(folder: Path) -> Path | None:
    """Return where a service other than this one's records: the user's own, by the version of systemd, or that of the machine."""
    with suppress(OSError, RuntimeError):  # the working folder, or home, is gone
        for state in (Path.home() / ".local/state/streamer", Path.home() / ".config/streamer"):
            if (state / "recordings").is_dir() and not folder.absolute().is_relative_to(state):
                return state / "recordings"
        if SERVICE_STATE.is_dir() and not folder.absolute().is_relative_to(SERVICE_STATE):
            return SERVICE_STATE / "recordings"
    return None
