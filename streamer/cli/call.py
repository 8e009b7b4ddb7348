"""`streamer call`: make a call through ARI, record it, and show what is said, as `watch` does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from streamer.bus import Bus
from streamer.calls.outcome import WatchOutcome
from streamer.cli import output
from streamer.cli.frontend import find_frontend, run_frontend
from streamer.cli.playing import PlayingFlags, plan_playing
from streamer.cli.watch import ask_for_calls, choose_printer, open_any_backend, say_lack, show
from streamer.config import Settings
from streamer.speech.engine.absence import find_wanted
from streamer.wire.ari.dialling import name_endpoint, read_variables
from streamer.wire.ari.wanted import WantedCall

if TYPE_CHECKING:
    from streamer.calls.backend import Backend


@dataclass(frozen=True, slots=True)
class Asked:
    """The flags as the user gave them; what is None is as the settings have it."""

    endpoint: str
    context: str | None = None
    extension: str | None = None
    app: str | None = None
    caller_id: str | None = None
    technology: str | None = None
    trunk: str | None = None
    variables: Sequence[str] = ()
    ring_s: int = 30

    def decide(self, settings: Settings) -> WantedCall:
        """Return the call that is meant.

        Raises:
            UsageError: It cannot be made.
        """
        context, extension, app = self._choose_place(settings)
        wanted = WantedCall(
            name_endpoint(
                self.endpoint,
                technology=_choose(self.technology, settings.endpoint_technology),
                trunk=_choose(self.trunk, settings.trunk),
            ),
            context,
            extension,
            app,
            _choose(self.caller_id, settings.caller_id),
            self.ring_s,
            read_variables(self.variables),
        )
        wanted.check()
        return wanted

    def _choose_place(self, settings: Settings) -> tuple[str, str, str]:
        """Return context, extension and application; a flag of one place leaves the other place of the settings out."""
        context = _choose(self.context, settings.context)
        extension = _choose(self.extension, settings.extension)
        if self.app:
            return self.context or "", self.extension or "", self.app
        if self.context is not None or self.extension is not None:
            return context, extension, ""
        return context, extension, _choose(self.app, settings.app)


def run_call(
    settings: Settings,
    asked: Asked,
    playing: PlayingFlags,
    *,
    is_plain: bool,
    as_json: bool,
) -> int:
    """Call, and show what is said until the call has ended and every word is printed, or its user leaves; return the exit code.

    Raises:
        StreamerError: Nobody was called; the message says why.
    """
    from streamer.tap.plan import plan_call

    wanted = asked.decide(settings)
    playing.check()
    model = find_wanted(settings.model, settings.models_dir)
    frontend = None if is_plain or as_json else find_frontend()
    with plan_playing(playing) as plan:
        plan_call(settings, wanted, playing=plan)  # finds what is wrong before anything is started

        async def follow(backend: Backend, bus: Bus, outcome: WatchOutcome) -> None:
            from streamer.calls.watching import watch_channels

            await watch_channels(
                settings, (wanted.leg,), backend, bus, outcome, playing=plan, wanted=wanted
            )

        async def watch(bus: Bus, outcome: WatchOutcome) -> None:
            async with open_any_backend(settings, model, bus) as backend:
                await follow(backend, bus, outcome)

        if frontend is not None:
            request = replace(ask_for_calls(settings, model), watch=follow, legs=(wanted.leg,))
            return run_frontend(frontend, request, goes_on=False)
        say_lack(model, as_json=as_json)
        output.talk(f"calling {wanted.endpoint}; Ctrl-C ends it")
        return asyncio.run(show(watch, choose_printer(as_json=as_json), goes_on=False))


def _choose(flag: str | None, setting: str) -> str:
    return setting if flag is None else flag
