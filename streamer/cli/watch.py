"""`streamer watch`: record channels and show what is said, on a screen or line by line; or show all calls."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamer.bus import Bus
from streamer.calls.outcome import WatchOutcome
from streamer.cli import output
from streamer.cli.frontend import (
    Place,
    ScreenRequest,
    ScreenServer,
    find_frontend,
    find_server,
    run_frontend,
    run_server,
    say_still_recording,
)
from streamer.cli.legs import parse_legs
from streamer.cli.lines import JsonPrinter, PlainPrinter
from streamer.cli.playing import NOTHING, PlayingFlags, plan_playing
from streamer.cli.printing import Printer, PrintingThread
from streamer.cli.signals import ENDING_SIGNALS, say_if_slow
from streamer.config import Settings
from streamer.core.folders import show_folder
from streamer.core.reasons import explain
from streamer.errors import ExitCode, StreamerError, UsageError
from streamer.recording.index import Recordings
from streamer.speech.engine.absence import WantedModel, find_wanted
from streamer.speech.engine.models import InstalledModel

if TYPE_CHECKING:
    from streamer.calls.backend import Backend
    from streamer.core.audio import Leg
    from streamer.tap.playbacks import PlaybackPlan

_EVENTS = 100_000
_LAST_LINES_S = 0.5

_NOTHING_NAMED = "Without a terminal, name a channel: streamer watch 'PJSIP/100-0000001a'. List calls: streamer calls"


def run_watch(
    settings: Settings,
    channels: list[str],
    *,
    is_plain: bool = False,
    as_json: bool = False,
    web: Place | None = None,
    is_read_only: bool = False,
    playing: PlayingFlags = NOTHING,
) -> int:
    """Watch, on a screen until its user leaves, else until every call has ended and every word is printed; return the exit code.

    With `web` the screen is in browsers that find it there; with `is_read_only` it only shows. `playing` is what the channels' parties hear.

    Raises:
        StreamerError: Nothing was started; the message says why.
    """
    if is_read_only and (is_plain or as_json):
        make_read_only(None)
    if not channels and (is_plain or as_json):
        return _follow_all(settings, as_json=as_json)
    frontend = _find_frontend(web, is_piped=is_plain or as_json)
    if is_read_only:
        frontend = make_read_only(frontend)
    if not channels and frontend is None:
        raise UsageError(_NOTHING_NAMED)
    playing.check()
    if playing.are_given and not channels:
        raise UsageError("--announce, --tone and --echo need a channel to be heard on")
    check_endpoints(settings)
    wanted = find_wanted(settings.model, settings.models_dir)
    if web is not None and channels:
        say_lack(wanted)
    if not channels and frontend is not None:
        return frontend(ask_for_calls(settings, wanted))
    legs = tuple(parse_legs(channels))
    with plan_playing(playing) as plan:
        return _watch_channels(settings, legs, plan, wanted, frontend, as_json=as_json)


def _watch_channels(
    settings: Settings,
    legs: tuple[Leg, ...],
    playing: PlaybackPlan,
    wanted: WantedModel,
    frontend: Callable[[ScreenRequest], int] | None,
    *,
    as_json: bool,
) -> int:
    from streamer.tap.plan import plan_tap

    plan_tap(settings, legs, playing=playing)  # finds what is wrong before anything is started

    async def follow(backend: Backend, bus: Bus, outcome: WatchOutcome) -> None:
        from streamer.calls.watching import watch_channels

        await watch_channels(settings, legs, backend, bus, outcome, playing=playing)

    async def watch(bus: Bus, outcome: WatchOutcome) -> None:
        async with open_any_backend(settings, wanted, bus) as backend, telling_unfinished(settings):
            await follow(backend, bus, outcome)

    if frontend is None:
        say_lack(wanted, as_json=as_json)
        return asyncio.run(show(watch, choose_printer(as_json=as_json)))
    return frontend(replace(ask_for_calls(settings, wanted), watch=follow, legs=legs))


def _follow_all(settings: Settings, *, as_json: bool) -> int:
    """Print what is said on all calls, whoever records and transcribes them, until a signal ends it; Ctrl-C is no failure.

    Raises:
        RecordingError: The recordings cannot be read, so none would ever be shown.
    """
    Recordings(Path(settings.recordings)).call_ids()

    async def watch(bus: Bus, outcome: WatchOutcome) -> None:
        from streamer.calls.following import follow_all

        outcome.is_over = True  # no single call is waited for
        output.talk(
            f"Showing all calls recorded into {show_folder(settings.recordings)}. Ctrl-C to quit."
        )
        await follow_all(settings, bus)

    code = asyncio.run(show(watch, choose_printer(as_json=as_json, names_calls=True)))
    return ExitCode.DONE if code == 128 + signal.SIGINT else code


def check_endpoints(settings: Settings) -> None:
    """Find out whether those who are to be told can be: with a screen, the backend would find out behind it.

    Raises:
        UsageError: A secret or a certificate cannot be meant, or MQTT lacks its library.
    """
    if settings.webhook or settings.mqtt:
        from streamer.delivery.endpoint import read_endpoints

        read_endpoints(settings, os.environ)
    if settings.mqtt:
        from streamer.delivery.mqtt import check_mqtt

        check_mqtt()


def say_lack(wanted: WantedModel, *, as_json: bool = False) -> None:
    """Say that a model is not there, where the backend does not: its line is an event with --json, and printed without."""
    if wanted.lack and (as_json or not wanted.name):
        output.talk(wanted.lack)


def choose_place(
    *, is_web: bool, host: str | None, port: int | None, is_piped: bool
) -> Place | None:
    """Return where browsers will find the screen; None without --web.

    Raises:
        UsageError: Flags that contradict each other.
    """
    if not is_web and (host is not None or port is not None):
        raise UsageError("--host and --port need --web")
    if is_web and is_piped:
        raise UsageError(
            "--web shows the screen, while --plain and --json print lines; choose one of them"
        )
    chosen = {"host": host, "port": port}
    given: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    return Place(**given) if is_web else None


def _find_frontend(web: Place | None, *, is_piped: bool) -> Callable[[ScreenRequest], int] | None:
    if web is not None:
        return partial(_run_server, find_server(), web)
    frontend = None if is_piped else find_frontend()
    return None if frontend is None else partial(run_frontend, frontend)


def make_read_only(
    frontend: Callable[[ScreenRequest], int] | None,
) -> Callable[[ScreenRequest], int]:
    """Return a screen that only shows.

    Raises:
        UsageError: There is no screen.
    """
    if frontend is None:
        raise UsageError(
            "--read-only is for the screen, which needs a terminal or --web; lines change nothing, so leave it out"
        )
    screen = frontend
    return lambda request: screen(replace(request, is_read_only=True))


def _run_server(server: ScreenServer, place: Place, request: ScreenRequest) -> int:
    return run_server(server, request, place)


@asynccontextmanager
async def open_any_backend(
    settings: Settings,
    model: InstalledModel | WantedModel | None,
    bus: Bus,
    *,
    name: str = "watch",
    waits_for_calls: bool = False,
) -> AsyncIterator[Backend]:
    """Open a backend that also deletes old calls; its modules are imported on another thread, since that takes a while.

    `name` is the command that it works for; with `waits_for_calls` it makes no folder of recordings.
    """
    await asyncio.to_thread(importlib.import_module, "streamer.calls.watching")
    await asyncio.to_thread(importlib.import_module, "streamer.calls.retention")
    from streamer.calls.backend import open_backend
    from streamer.calls.retention import expire_calls
    from streamer.delivery.endpoint import read_endpoints
    from streamer.delivery.running import delivering

    endpoints = read_endpoints(settings, os.environ)
    opening = open_backend(settings, model, bus, waits_for_calls=waits_for_calls)
    async with (
        opening as backend,
        expire_calls(settings, bus),
        delivering(settings, endpoints, backend, bus),
    ):
        backend.name = name
        yield backend


def ask_for_calls(settings: Settings, wanted: WantedModel) -> ScreenRequest:
    """Return what a screen needs to show all calls."""
    return ScreenRequest(
        settings,
        lambda bus: open_any_backend(settings, wanted, bus, waits_for_calls=True),
        model=wanted.model.name if wanted.model else "",
        lack=find_lack(wanted),
        offer=wanted.offer,
    )


def find_lack(wanted: WantedModel) -> str:
    """Return what a screen says of a model that is not there, over calls that get no text; of one that was named, the backend says it."""
    return "" if wanted.name else wanted.lack


@asynccontextmanager
async def telling_unfinished(settings: Settings) -> AsyncIterator[None]:
    """Say in the background how many earlier calls have an incomplete transcript, if any do."""
    telling = asyncio.ensure_future(_tell_unfinished(settings))
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _tell_unfinished(settings: Settings) -> None:
    """Say how many of the newest calls have an incomplete transcript."""
    from streamer.calls.catalog import CallState, list_entries
    from streamer.store import open_reader

    with contextlib.suppress(StreamerError):  # the backend reports it
        async with open_reader(settings) as reader:
            entries = await list_entries(reader, Path(settings.recordings))
        count = sum(entry.state is CallState.UNFINISHED for entry in entries)
        if count:
            calls = "1 earlier transcript is" if count == 1 else f"{count} earlier transcripts are"
            output.talk(f"{calls} unfinished. Finish: streamer resume --all")


def choose_printer(*, as_json: bool, names_calls: bool = False, recordings: str = "") -> Printer:
    """Return what prints events to stdout: each as a JSON line, or finals alone as text.

    `names_calls` puts the call's id before each line, where several calls are printed at once; `recordings` is the folder that is
    named where calls are listened for.
    """
    return (
        JsonPrinter(recordings=recordings)
        if as_json
        else PlainPrinter(names_calls=names_calls, recordings=recordings)
    )


async def show(
    watch: Callable[[Bus, WatchOutcome], Coroutine[Any, Any, None]],
    printer: Printer,
    *,
    goes_on: bool = True,
) -> int:
    """Print a backend's events until it has ended, or a signal or a closed stdout ends the viewer alone.

    `goes_on` says that a recording goes on without its viewer.
    """
    bus, outcome = Bus(), WatchOutcome()
    caught: list[int] = []
    is_told_to_leave = asyncio.Event()
    loop = asyncio.get_running_loop()
    with bus.subscribe(capacity=_EVENTS) as events:
        printing = asyncio.ensure_future(PrintingThread(printer).print_all(events))
        watching = asyncio.ensure_future(watch(bus, outcome))

        def leave(number: int) -> None:
            caught.append(number)
            if outcome.folder is None and not outcome.is_over:
                say_if_slow("waiting for the recorder to start")
            is_told_to_leave.set()
            watching.cancel()

        for number in ENDING_SIGNALS:
            loop.add_signal_handler(number, leave, number)
        printing.add_done_callback(lambda _: watching.cancel())
        await asyncio.wait([watching])
        bus.close()
        await _wait_for_printer(printing, is_told_to_leave)
    code = _find_code(watching, printing, outcome, caught, goes_on=goes_on)
    if not printing.done():
        output.leave_at_once(code)
    return code


async def _wait_for_printer(
    printing: asyncio.Future[None], is_told_to_leave: asyncio.Event
) -> None:
    """Wait for the last line; once a signal has come, only for a moment."""

    async def wait_to_leave() -> None:
        await is_told_to_leave.wait()

    leaving = asyncio.ensure_future(wait_to_leave())
    await asyncio.wait([printing, leaving], return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    await asyncio.wait([printing], timeout=_LAST_LINES_S)


def _find_code(
    watching: asyncio.Future[None],
    printing: asyncio.Future[None],
    outcome: WatchOutcome,
    caught: list[int],
    *,
    goes_on: bool,
) -> int:
    error = printing.exception() if printing.done() else None
    if isinstance(error, BrokenPipeError):
        return output.close_quietly()
    if error is not None:
        output.close_quietly()
        return output.fail(explain(error), ExitCode.FAILED)
    if caught or watching.cancelled():
        if outcome.folder is not None and goes_on:
            say_still_recording(outcome.folder)
        return 128 + (caught[0] if caught else signal.SIGINT)
    watching.result()
    return outcome.exit_code
