"""The seam to a screen: what it is asked to show, how it is found, and what is printed when it has closed.

A screen is an entry point of the group `streamer.frontends`: a callable that takes a `ScreenRequest`, stays until its user leaves,
and returns an exit code. It knows nothing of the command line, and this package nothing of how it draws. The modules of a backend
take a third of a second to import, so they are imported when the backend is opened, after the screen has been painted.

A server shows the same to browsers until a signal ends it: an entry point of the group `streamer.servers`, a callable that also takes
the address to listen on.
"""

from __future__ import annotations

import importlib.metadata
import logging
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamer.bus import Bus
from streamer.calls.outcome import WatchOutcome
from streamer.cli import output
from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.core.keys import read_keys
from streamer.errors import ExitCode, UsageError
from streamer.recording.folder import CallFolder

if TYPE_CHECKING:
    from streamer.calls.backend import Backend

GROUP = "streamer.frontends"
SERVERS = "streamer.servers"
KEYS = "streamer.keys"
"""What says of the table `[keys]` which actions are wrong, and why."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScreenRequest:
    """What a screen shows, and how it gets it; nothing is opened before the screen has been painted."""

    settings: Settings
    """Where the calls are kept."""
    open_backend: Callable[[Bus], AbstractAsyncContextManager[Backend]]
    """Opens the backend that works on all calls; everything that happens to them is announced on the bus."""
    watch: Callable[[Backend, Bus, WatchOutcome], Coroutine[Any, Any, None]] | None = None
    """Follow the one call that the screen opens with, to its end; None shows all calls."""
    legs: tuple[Leg, ...] = ()
    """The legs of that call, as far as they are known before it begins."""
    model: str = ""
    """Name of the speech model, empty if there is none."""
    troubles: tuple[str, ...] = ()
    """Warnings that the user should read first; untrusted lines."""
    lack: str = ""
    """Why this process makes no text and what to do; shown over live calls that nobody makes text of."""
    offer: str = ""
    """The model that may be downloaded from the screen; empty if none."""
    about: str = ""
    """A line that is nice to know and goes away by itself."""
    outcome: WatchOutcome = field(default_factory=WatchOutcome)
    attend: Callable[[Backend, Bus, WatchOutcome], Coroutine[Any, Any, None]] | None = None
    """Follow calls as they come, as long as the screen is open."""
    is_read_only: bool = False
    """Whether the screen only shows: its user can stop, rename, export and delete nothing."""
    tell_opened: Callable[[str], None] = lambda _: None
    """Gets the id of each call that is opened; a screen whose backend has no speech passes it on to a process that has."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens; port 0 is any free port."""

    host: str = "127.0.0.1"
    port: int = 8000


Frontend = Callable[[ScreenRequest], int]
ScreenServer = Callable[[ScreenRequest, Place], int]


def find_frontend() -> Frontend | None:
    """Return the installed screen if the terminal can show it, else None."""
    if not output.can_show_screen():
        return None
    frontend: Frontend | None = _load_first(GROUP)  # without one, lines are still printed
    return frontend


def find_server() -> ScreenServer:
    """Return the server that shows the screen to browsers.

    Raises:
        UsageError: It is not installed.
    """
    server: ScreenServer | None = _load_first(SERVERS)
    if server is None:
        raise UsageError(
            "--web needs textual-serve, which is not installed; install streamer again with all its dependencies"
        )
    return server


def _load_first(group: str) -> Any:
    for point in importlib.metadata.entry_points(group=group):
        try:
            return point.load()
        except ImportError as error:
            _log.warning("the screen %s cannot be opened: %s", point.name, error)
    return None


def judge_keys(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return which actions of a table `[keys]` are wrong, and why; nothing where there is no screen.

    Raises:
        UsageError: A value is neither a key nor a list of keys.
    """
    judge = _load_first(KEYS) if table else None
    return list(judge(read_keys(table, where="keys"))) if judge is not None else []


def check_keys(settings: Settings) -> None:
    """Find out whether the screen can have the keys that the user has chosen.

    Raises:
        UsageError: It cannot; of several reasons the first is said.
    """
    for _, message in judge_keys(settings.keys):
        raise UsageError(f"the config file: keys: {message}")


def run_frontend(frontend: Frontend, request: ScreenRequest, *, goes_on: bool = True) -> int:
    """Show a screen until its user leaves; return the exit code.

    That is the screen's own where it has one, else that of a call that has ended. `goes_on` says that a recording goes on without
    its screen.
    """
    check_keys(request.settings)
    _silence_log()
    return _part(frontend(request), request.outcome, goes_on=goes_on)


def run_server(server: ScreenServer, request: ScreenRequest, place: Place) -> int:
    """Show a screen to browsers until a signal comes; return the exit code, as of a screen."""
    check_keys(request.settings)
    return _part(server(request, place), request.outcome, goes_on=True)


def _part(code: int, outcome: WatchOutcome, *, goes_on: bool) -> int:
    """Print what goes on without the viewer, and return the exit code of one that has ended with `code`."""
    if outcome.folder is not None and goes_on and CallFolder(outcome.folder).is_live():
        say_still_recording(outcome.folder)
        return code
    return code or (outcome.exit_code if outcome.is_over else ExitCode.DONE)


def say_still_recording(folder: Path) -> None:
    """Print the last line of a viewer whose recording goes on."""
    output.talk(f"still recording {folder.name}; stop: streamer stop {folder.name}")


def _silence_log() -> None:
    """Keep log lines in the file: on stderr they would tear the screen."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
            root.removeHandler(handler)
