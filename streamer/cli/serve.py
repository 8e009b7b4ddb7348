"""`streamer serve`: listen for inbound calls, and show them all."""

from __future__ import annotations

import asyncio
import os
import shlex
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.bus import Bus
from streamer.calls.outcome import WatchOutcome
from streamer.cli import output
from streamer.cli.frontend import ScreenRequest, find_frontend, run_frontend
from streamer.cli.playing import PlayingFlags, plan_playing
from streamer.cli.watch import (
    check_endpoints,
    choose_printer,
    find_lack,
    make_read_only,
    open_any_backend,
    say_lack,
    show,
    telling_unfinished,
)
from streamer.config import Settings
from streamer.core.addresses import parse_address
from streamer.errors import ExitCode, UsageError
from streamer.recording.folder import CallFolder
from streamer.speech.engine.absence import find_wanted
from streamer.wire.protocols import ARI

if TYPE_CHECKING:
    from streamer.api.running import ApiPlan
    from streamer.calls.backend import Backend
    from streamer.cli.places import Places
    from streamer.tap.listen_plan import ListenOptions

_NO_RULE = (
    "there is no rule [[watch]] in the config file, so only calls are tapped whose dialplan asks for it: STREAMER=start before Dial, or"
    " UserEvent(Streamer,Action:start)"
)
_FORMATS = ("auto", "slin", "slin16", "ulaw", "alaw")


@dataclass(frozen=True, slots=True)
class ServeFlags:
    """The flags as the user gave them, unchecked."""

    audiosocket: tuple[str, ...]
    websocket: tuple[str, ...]
    accept_unknown: bool
    register: tuple[str, ...]
    api: tuple[str, ...]
    no_silence: bool
    format: str
    playing: PlayingFlags
    max_calls: int
    grace: float | None
    cert: Path | None = None
    key: Path | None = None
    ari: bool = False
    stream_channel: tuple[str, ...] = ()
    is_read_only: bool = False
    waits: bool = True
    """Without a screen, follow live calls to their ends before leaving."""


def run_serve(settings: Settings, flags: ServeFlags, *, is_plain: bool, as_json: bool) -> int:
    """Serve until the user leaves; return the exit code.

    Raises:
        StreamerError: Nothing was started; the message says why.
    """
    frontend = None if is_plain or as_json else find_frontend()
    if flags.is_read_only and frontend is None:
        make_read_only(None)
    options = _check(settings, flags)
    check_endpoints(settings)
    api = _plan_api(settings, flags, options)
    warnings = [*_find_warnings(settings, options), *(api.warn() if api else ())]
    with plan_playing(flags.playing) as playing:
        wanted = find_wanted(settings.model, settings.models_dir)
        for warning in warnings:
            output.talk(warning)
        options = replace(options, **asdict(playing))
        serving = _Serving(settings, options, api)

        async def work(bus: Bus, outcome: WatchOutcome) -> None:
            async with (
                open_any_backend(settings, wanted, bus, name="serve") as backend,
                telling_unfinished(settings),
            ):
                await serving.run(backend, bus, outcome, waits=flags.waits)

        async def attend(backend: Backend, bus: Bus, outcome: WatchOutcome) -> None:
            await serving.run(backend, bus, outcome, waits=False)

        if frontend is None:
            say_lack(wanted, as_json=as_json)
            printer = choose_printer(
                as_json=as_json, names_calls=True, recordings=settings.recordings
            )
            code = asyncio.run(show(work, printer))
            serving.say_what_goes_on()
            return code
        request = ScreenRequest(
            settings,
            lambda bus: open_any_backend(settings, wanted, bus, name="serve"),
            attend=attend,
            model=wanted.model.name if wanted.model else "",
            troubles=tuple(warnings),
            lack=find_lack(wanted),
            offer=wanted.offer,
            is_read_only=flags.is_read_only,
        )
        code = run_frontend(frontend, request)
    serving.say_what_goes_on()
    return code


class _Serving:
    """Serves with any backend, and knows afterwards which calls still go on."""

    def __init__(self, settings: Settings, options: ListenOptions, api: ApiPlan | None) -> None:
        self._settings = settings
        self._options = options
        self._api = api
        self._left: tuple[str, ...] = ()

    async def run(self, backend: Backend, bus: Bus, outcome: WatchOutcome, *, waits: bool) -> None:
        from streamer.calls.serving import ListenError, ServeOutcome, serve_calls

        served = ServeOutcome()
        outcome.is_over = True  # `serve` waits for no single call
        outcome.exit_code = ExitCode.DONE
        try:
            async with self._answering(backend, bus):
                await serve_calls(self._settings, self._options, backend, bus, served, waits=waits)
        except ListenError as error:
            outcome.exit_code = error.exit_code
            raise
        finally:
            self._left = served.left
            if served.has_failed:
                outcome.exit_code = outcome.exit_code or ExitCode.FAILED

    def _answering(self, backend: Backend, bus: Bus) -> AbstractAsyncContextManager[None]:
        if self._api is None:
            return nullcontext()
        from streamer.api.running import answering

        return answering(self._settings, self._api, backend, bus)

    def say_what_goes_on(self) -> None:
        recordings = Path(self._settings.recordings)
        if live := sum(CallFolder(recordings / name).is_live() for name in self._left):
            calls = "the live call to its end" if live == 1 else f"{live} live calls to their end"
            watch = shlex.join(["streamer", "watch", "--recordings", str(recordings)])
            output.talk(f"not accepting new calls; recording {calls}; show: {watch}")


def _check(settings: Settings, flags: ServeFlags) -> ListenOptions:
    from streamer.cli.places import find_places
    from streamer.tap.listen_plan import ListenOptions

    flags.playing.check()
    if flags.format not in _FORMATS:
        raise UsageError(f"--format must be one of {', '.join(_FORMATS)}, not {flags.format}")
    places = find_places(
        settings,
        audiosocket=flags.audiosocket,
        websocket=flags.websocket,
        register=flags.register,
        cert=flags.cert,
        key=flags.key,
        ari=flags.ari,
        stream_channel=flags.stream_channel,
    )
    if places.cert:
        from streamer.sources.tls import Certificate

        Certificate(Path(places.cert), Path(places.key or places.cert))  # before anything begins
    return ListenOptions(
        addresses=places.addresses,
        registrations=places.registrations,
        cert=places.cert,
        key=places.key,
        accepts_unknown=flags.accept_unknown,
        fills_silence=not flags.no_silence,
        format="" if flags.format == "auto" else flags.format,
        most_calls=flags.max_calls,
        grace_s=flags.grace,
    )


def _plan_api(settings: Settings, flags: ServeFlags, options: ListenOptions) -> ApiPlan | None:
    if not flags.api:
        return None  # its web server takes 20 MB
    from streamer.api.running import plan_api
    from streamer.cli.places import is_loopback

    addresses = [parse_address(text, flag="--api") for text in flags.api]
    return plan_api(
        settings,
        [(host, port, is_loopback(host)) for host, port in addresses],
        cert=options.cert,
        key=options.key,
        environment=os.environ,
    )


def _find_warnings(settings: Settings, options: ListenOptions) -> list[str]:
    """Return what is said before the first call; a screen shows it too, since it would hide what is printed."""
    from streamer.cli.places import Places

    places = Places(options.addresses, options.registrations, options.cert, options.key)
    return [
        *places.warn(accepts_unknown=options.accepts_unknown),
        *_warn_of_rules(settings, places),
    ]


def _warn_of_rules(settings: Settings, places: Places) -> list[str]:
    is_watching = any(one.source == ARI.name for one in places.addresses)
    if is_watching and not settings.watch:
        return [_NO_RULE]
    if settings.watch and not is_watching:
        return ["the rules [[watch]] do nothing without --ari"]
    return []
