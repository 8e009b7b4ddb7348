"""`streamer demo`: the bundled call, played by the stand-in Asterisk, recorded and transcribed with the bundled model."""

from __future__ import annotations

import asyncio
import importlib.resources
import tempfile
from dataclasses import replace
from pathlib import Path

from streamer.audio import Leg
from streamer.bus import Bus
from streamer.cli import output
from streamer.cli.watch import choose_printer, show
from streamer.config import Settings
from streamer.pipeline import Watched, open_desk, watch_channels
from streamer.simulator.script import load_script
from streamer.simulator.stream_channel import StreamChannelSimulator, open_simulator
from streamer.speech.models import DEMO, resolve_model

_LABELS = ("caller", "agent")


def demo_call() -> Path:
    """Return where the bundled call is."""
    return Path(str(importlib.resources.files("streamer"))) / "assets" / "calls" / "demo.wav"


def run_demo(settings: Settings, *, as_json: bool) -> int:
    """Play, record and transcribe; nothing is kept."""
    scripts = load_script(demo_call(), name="Demo/call", unique_id="demo")
    legs = [Leg(label, script.name) for label, script in zip(_LABELS, scripts, strict=True)]
    model = resolve_model(DEMO)
    output.talk(
        "a bundled call of a minute, its speakers synthetic, read by the bundled model; nothing is kept"
    )

    async def watch(bus: Bus, watched: Watched) -> None:
        with tempfile.TemporaryDirectory(
            prefix="streamer-demo-", ignore_cleanup_errors=True
        ) as folder:
            own = replace(settings, recordings=folder, db="")
            async with (
                open_desk(own, model, bus) as desk,
                open_simulator(StreamChannelSimulator([scripts])) as pbx,
            ):
                url = f"ws://127.0.0.1:{pbx.port}/ws"
                await watch_channels(replace(own, url=url), legs, desk, bus, watched)

    return asyncio.run(show(watch, choose_printer(as_json=as_json), is_kept=False))
