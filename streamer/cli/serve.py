"""`streamer serve`: listen for inbound calls, and show them all."""

from __future__ import annotations

import asyncio
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.bus import Bus
from streamer.calls.outcome import WatchOutcome
from streamer.cli import output
from streamer.cli.frontend import ScreenRequest, find_frontend, run_frontend
from streamer.cli.watch import (
    choose_printer,
    find_troubles,
    open_any_backend,
    say_lack,
    show,
    telling_unfinished,
)
from streamer.config import Settings
from streamer.core.addresses import parse_address, show_address
from streamer.core.audio import SAMPLE_WIDTH
from streamer.errors import ExitCode, UsageError
from streamer.recording.folder import CallFolder
from streamer.sources import WEBSOCKET
from streamer.speech.engine.absence import find_wanted
from streamer.wire.protocols import AUDIOSOCKET

if TYPE_CHECKING:
    from streamer.calls.backend import Backend
    from streamer.tap.inbound import ListenAddress
    from streamer.tap.inbound_process import ListenOptions

LONGEST_ANNOUNCEMENT_S = 120
_FORMATS = ("auto", "slin", "slin16", "ulaw", "alaw")
_TONES = range(50, 4000)
_USUAL_PLACES: dict[str, tuple[str, ...]] = {
    AUDIOSOCKET.name: ("127.0.0.1:9092",),
    WEBSOCKET: ("127.0.0.1:9094",),
}
"""Where calls may come to if no place is named."""
_REFUSES_ALL = "every call will be refused; add --accept-unknown to take all calls, or --register HOST:PORT to take registered ones"


@dataclass(frozen=True, slots=True)
class ServeFlags:
    """The flags as the user gave them, unchecked."""

    audiosocket: tuple[str, ...]
    websocket: tuple[str, ...]
    accept_unknown: bool
    register: tuple[str, ...]
    no_silence: bool
    format: str
    echo: bool
    tone: int | None
    announce: Path | None
    max_calls: int
    grace: float | None


def run_serve(settings: Settings, flags: ServeFlags, *, is_plain: bool, as_json: bool) -> int:
    """Serve until the user leaves; return the exit code.

    Raises:
        StreamerError: Nothing was started; the message says why.
    """
    frontend = None if is_plain or as_json else find_frontend()
    options = _check(flags)
    with _decode_announcement(flags.announce) as announcement:
        wanted = find_wanted(settings.model)
        if refusal := _warn_of_refusals(options):
            output.talk(refusal)
        options = replace(options, announcement=announcement)
        serving = _Serving(settings, options)

        async def work(bus: Bus, outcome: WatchOutcome) -> None:
            async with (
                open_any_backend(settings, wanted, bus) as backend,
                telling_unfinished(settings),
            ):
                await serving.run(backend, bus, outcome, waits=True)

        async def attend(backend: Backend, bus: Bus, outcome: WatchOutcome) -> None:
            await serving.run(backend, bus, outcome, waits=False)

        if frontend is None:
            say_lack(wanted, as_json=as_json)
            code = asyncio.run(show(work, choose_printer(as_json=as_json, names_calls=True)))
            serving.say_what_goes_on()
            return code
        request = ScreenRequest(
            settings,
            lambda bus: open_any_backend(settings, wanted, bus),
            attend=attend,
            model=wanted.model.name if wanted.model else "",
            troubles=(*find_troubles(wanted), *_list_warnings(options)),
        )
        code = run_frontend(frontend, request)
    serving.say_what_goes_on()
    return code


class _Serving:
    """Serves with any backend, and knows afterwards which calls still go on."""

    def __init__(self, settings: Settings, options: ListenOptions) -> None:
        self._settings = settings
        self._options = options
        self._left: tuple[str, ...] = ()

    async def run(self, backend: Backend, bus: Bus, outcome: WatchOutcome, *, waits: bool) -> None:
        from streamer.calls.serving import ListenError, ServeOutcome, serve_calls

        served = ServeOutcome()
        outcome.is_over = True  # `serve` waits for no single call
        outcome.exit_code = ExitCode.DONE
        try:
            await serve_calls(self._settings, self._options, backend, bus, served, waits=waits)
        except ListenError as error:
            outcome.exit_code = error.exit_code
            raise
        finally:
            self._left = served.left
            if served.has_failed:
                outcome.exit_code = outcome.exit_code or ExitCode.FAILED

    def say_what_goes_on(self) -> None:
        recordings = Path(self._settings.recordings)
        if live := sum(CallFolder(recordings / name).is_live() for name in self._left):
            watch = shlex.join(["streamer", "watch", "--recordings", str(recordings)])
            output.talk(
                f"no more calls are taken; calls that are still recorded to their end: {live}; `{watch}` shows them"
            )


def _check(flags: ServeFlags) -> ListenOptions:
    from streamer.tap.inbound_process import ListenOptions

    if sum((flags.echo, flags.tone is not None, flags.announce is not None)) > 1:
        raise UsageError(
            "--echo, --tone and --announce each send audio to the caller; choose one of them"
        )
    if flags.format not in _FORMATS:
        raise UsageError(f"--format must be one of {', '.join(_FORMATS)}, not {flags.format}")
    if flags.tone is not None and flags.tone not in _TONES:
        raise UsageError(
            f"--tone must be a frequency from {_TONES[0]} to {_TONES[-1]} Hz, not {flags.tone}"
        )
    return ListenOptions(
        registrations=tuple(parse_address(text, flag="--register") for text in flags.register),
        addresses=_list_addresses(flags),
        accepts_unknown=flags.accept_unknown,
        fills_silence=not flags.no_silence,
        format="" if flags.format == "auto" else flags.format,
        echoes=flags.echo,
        tone_hz=flags.tone or 0,
        most_calls=flags.max_calls,
        grace_s=flags.grace,
    )


def _list_addresses(flags: ServeFlags) -> tuple[ListenAddress, ...]:
    """Return where calls may come to: what is named, or else the usual place of each kind."""
    from streamer.tap.inbound import ListenAddress

    named = {AUDIOSOCKET.name: flags.audiosocket, WEBSOCKET: flags.websocket}
    if not any(named.values()):
        named = _USUAL_PLACES
    return tuple(
        ListenAddress(source, *parse_address(text, flag=f"--{source}"))
        for source, texts in named.items()
        for text in texts
    )


def _list_warnings(options: ListenOptions) -> tuple[str, ...]:
    """Return the warning that a screen shows first; printed on the terminal, the screen would hide it."""
    refusal = _warn_of_refusals(options)
    return (refusal,) if refusal else ()


def _warn_of_refusals(options: ListenOptions) -> str:
    """Say which calls will be refused, if nobody has said which ones to take."""
    web = [one for one in options.addresses if one.source == WEBSOCKET]
    if options.accepts_unknown or options.registrations or any(one.auth for one in web):
        return ""
    if not web:
        return _REFUSES_ALL
    where = show_address(web[0].host, web[0].port)
    return f"only calls that are registered at http://{where}/register are taken; add --accept-unknown to take all calls"


@contextmanager
def _decode_announcement(path: Path | None) -> Iterator[dict[int, str]]:
    """Yield files with the announcement as raw samples, one for each rate that a caller may have."""
    if path is None:
        yield {}
        return
    from streamer.media.decode import decode_mono
    from streamer.wire.audiosocket import RATES

    with tempfile.TemporaryDirectory(prefix="streamer-") as folder:
        files = {}
        for rate in RATES.values():
            pcm = decode_mono(path, rate=rate)
            if len(pcm) > LONGEST_ANNOUNCEMENT_S * rate * SAMPLE_WIDTH:
                raise UsageError(
                    f"{path} is longer than {LONGEST_ANNOUNCEMENT_S} s; shorten it, because every caller has to hear it to its end"
                )
            target = Path(folder) / f"{rate}.slin"
            target.write_bytes(pcm)
            files[rate] = str(target)
        yield files
