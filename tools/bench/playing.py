"""Calls at real time through tap, recording and session, with the product's own engine in its own process."""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from streamer.bus import Bus, Subscription
from streamer.calls.backend import Backend, open_backend
from streamer.calls.session import run_session
from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.core.events import Event, Final, Lagging, Partial
from streamer.recording.writer import create_recording
from streamer.sources.wavfile import FileCall
from streamer.speech.audio.vad import open_session
from streamer.speech.base import Window
from streamer.speech.engine.models import InstalledModel
from streamer.speech.queue import Urgency
from streamer.tap.tap import Stop, run_tap

STAGGER_S = 0.37
"""Between the beginnings of calls, so that they do not all end their utterances at once."""


@dataclass(frozen=True, slots=True)
class LiveCall:
    """Tracks of slin16 by the label of their leg, and who takes the call's events with the second of the call of each."""

    tracks: Mapping[str, bytes]
    take: Callable[[Event, float], None]


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of all processes from the beginning of the calls, and samples that were sent and are not on disk."""

    cpu_s: float
    lost: int


async def play_calls(
    calls: Sequence[LiveCall],
    model: InstalledModel,
    *,
    language: str = "en",
    beside: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> Cost:
    """Play calls at real time, all at once, and run `beside` meanwhile; return when the last word is settled."""
    bus, zeros = Bus(), dict[str, tuple[LiveCall, float]]()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        settings = Settings(recordings=folder, language=language)
        backend = await stack.enter_async_context(open_backend(settings, model, bus))
        with bus.subscribe(capacity=1_000_000) as events:
            watching = asyncio.ensure_future(_watch(events, zeros))
            await _warm(backend)
            before = _cpu_s()
            playing = [
                _play(call, Path(folder), backend, bus, zeros, n * STAGGER_S)
                for n, call in enumerate(calls)
            ]
            lost, *_ = await asyncio.gather(
                asyncio.gather(*playing), *([beside()] if beside else [])
            )
            bus.close()
            await watching
    # The engine's time is known once it has ended.
    return Cost(_cpu_s() - before, sum(lost))


async def _warm(backend: Backend) -> None:
    """Load what there is to load and use it once: that is not what is measured."""
    speech = backend.speech
    assert speech is not None
    speech.recogniser.start()
    open_session()
    await speech.scheduler.transcribe(Window("warm", 0, bytes(32_000), 0), Urgency.FINAL)


async def _play(
    call: LiveCall,
    folder: Path,
    backend: Backend,
    bus: Bus,
    zeros: dict[str, tuple[LiveCall, float]],
    delay: float,
) -> int:
    """Play one call; return how many of its samples are lost."""
    await asyncio.sleep(delay)
    legs = tuple(Leg(label, label) for label in call.tracks)
    recording = create_recording(folder, source="file", url="", legs=legs)
    tracks = list(call.tracks.values())
    stream = FileCall(legs, tracks, speed=1.0, clock=time.monotonic)
    zeros[recording.call.id] = call, time.monotonic()
    tap = asyncio.ensure_future(run_tap(stream, recording, Bus(), stop=Stop()))
    await run_session(recording.folder, backend, bus)
    await tap
    sent = sum(len(track) // 2 for track in tracks)
    return sent - sum(leg.samples - leg.silence for leg in recording.legs) + recording.lost


async def _watch(events: Subscription, zeros: Mapping[str, tuple[LiveCall, float]]) -> None:
    async for event in events:
        if isinstance(event, Partial | Final | Lagging) and event.call_id in zeros:
            call, zero = zeros[event.call_id]
            call.take(event, time.monotonic() - zero)


def _cpu_s() -> float:
    """Return the CPU seconds of this process and of its children, ended or not."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            total += times.user + times.system
    return total
