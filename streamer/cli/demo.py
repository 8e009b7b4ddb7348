"""`streamer demo`: the bundled call, played by the stand-in Asterisk, recorded and transcribed with the bundled model."""

from __future__ import annotations

import asyncio
import importlib.resources
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.bus import Bus
from streamer.calls.outcome import WatchOutcome
from streamer.cli import output
from streamer.cli.frontend import ScreenRequest, find_frontend, run_frontend
from streamer.cli.watch import choose_printer, open_any_backend, show
from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.speech.engine.models import DEMO, resolve_model

if TYPE_CHECKING:
    from streamer.calls.backend import Backend

_LABELS = ("caller", "agent")
_CHANNEL = "Demo/call"
_ABOUT = "A bundled call of one minute, synthetic voices, bundled model. Nothing is stored."


def demo_call() -> Path:
    """Return where the bundled call is."""
    return Path(str(importlib.resources.files("streamer"))) / "assets" / "calls" / "demo.wav"


def run_demo(settings: Settings, *, is_plain: bool = False, as_json: bool = False) -> int:
    """Play, record and transcribe; nothing is stored."""
    frontend = None if is_plain or as_json else find_frontend()
    model = resolve_model(DEMO)
    with tempfile.TemporaryDirectory(prefix="streamer-demo-", ignore_cleanup_errors=True) as folder:
        own = replace(settings, recordings=folder, db="", language="en")

        async def watch(bus: Bus, outcome: WatchOutcome) -> None:
            async with open_any_backend(own, model, bus) as backend:
                await _play(own, backend, bus, outcome)

        if frontend is None:
            output.talk(_ABOUT)
            return asyncio.run(show(watch, choose_printer(as_json=as_json), goes_on=False))
        return run_frontend(frontend, ask_for_demo(own), goes_on=False)


def ask_for_demo(settings: Settings) -> ScreenRequest:
    """Return what a screen needs to show the demo; `settings` say where it is stored meanwhile."""
    model = resolve_model(DEMO)
    return ScreenRequest(
        settings,
        lambda bus: open_any_backend(settings, model, bus),
        lambda backend, bus, outcome: _play(settings, backend, bus, outcome),
        tuple(Leg(label, _CHANNEL) for label in _LABELS),
        model.name,
        about=_ABOUT,
    )


async def _play(settings: Settings, backend: Backend, bus: Bus, outcome: WatchOutcome) -> None:
    from streamer.calls.watching import watch_channels
    from streamer.simulator.script import load_script
    from streamer.simulator.stream_channel import StreamChannelSimulator, open_simulator

    scripts = await asyncio.to_thread(load_script, demo_call(), name=_CHANNEL, unique_id="demo")
    legs = [Leg(label, script.name) for label, script in zip(_LABELS, scripts, strict=True)]
    async with open_simulator(StreamChannelSimulator([scripts])) as pbx:
        url = f"ws://127.0.0.1:{pbx.port}/ws"
        await watch_channels(replace(settings, url=url), legs, backend, bus, outcome)
