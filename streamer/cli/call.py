"""`streamer call`: make a call through ARI, record it, and show what is said, as `watch` does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from streamer.bus import Bus
from streamer.calls.asked import AskedCall
from streamer.calls.outcome import WatchOutcome
from streamer.cli import output
from streamer.cli.frontend import find_frontend, run_frontend
from streamer.cli.playing import PlayingFlags, plan_playing
from streamer.cli.watch import (
    ask_for_calls,
    check_endpoints,
    choose_printer,
    open_any_backend,
    say_lack,
    show,
)
from streamer.config import Settings
from streamer.speech.engine.absence import find_wanted

if TYPE_CHECKING:
    from streamer.calls.backend import Backend


def run_call(
    settings: Settings,
    asked: AskedCall,
    playing: PlayingFlags,
    *,
    is_plain: bool,
    as_json: bool,
) -> int:
    """Call, and show what is said until the call has ended and every word is printed, or its user leaves; return the exit code.

    Raises:
        StreamerError: Nobody was called; the message says why.
    """
    from streamer.ari.access import read_access
    from streamer.tap.plan import plan_call

    wanted = asked.decide(settings)
    playing.check()
    check_endpoints(settings)
    read_access(settings)  # said before an announcement is decoded, which takes seconds
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
