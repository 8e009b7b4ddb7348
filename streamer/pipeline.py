"""The desk: choose a model, open its engine, find or start taps, and follow their recordings."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamer.audio import Leg
from streamer.bus import Bus, Subscription
from streamer.config import Settings
from streamer.deletion import delete_older
from streamer.errors import ExitCode, RecordingError, StoreError, UsageError
from streamer.events import CallEnded, EndReason, LegAttached, Trouble
from streamer.session import Desk, SessionResult, Speech, run_session
from streamer.speech.base import EncoderWindow
from streamer.speech.models import (
    DEMO,
    InstalledModel,
    bears_context,
    default_encoder_window,
    longest_utterance,
)
from streamer.speech.process import open_engine_process
from streamer.speech.scheduler import Scheduler
from streamer.speech.transcriber import SpeechPlan
from streamer.speech.worker import EnginePlan
from streamer.store import Store, open_store
from streamer.tap_process import start_tap
from streamer.watched import Watched

_DAY_S = 86_400.0
_log = logging.getLogger(__name__)

_KILLED = (
    "the recorder was killed; the keeper reads the call to its end, so the call itself goes on"
)


def plan_speech(settings: Settings, model: InstalledModel) -> SpeechPlan:
    """Turn settings into how legs are read.

    Raises:
        UsageError: A setting that cannot be meant.
    """
    if settings.encoder_window not in ("auto", *EncoderWindow):
        raise UsageError(
            f"the encoder window is auto, short or full, not {settings.encoder_window}"
        )
    is_auto = settings.encoder_window == "auto"
    window = default_encoder_window(model) if is_auto else EncoderWindow(settings.encoder_window)
    hints = [word.strip() for word in settings.hotwords.split(",") if word.strip()]
    return SpeechPlan(
        language=None if settings.language == "auto" else settings.language,
        prompt=" ".join(part for part in (", ".join(hints), settings.prompt) if part),
        longest=longest_utterance(model),
        encoder_window=window,
        carries_context=bears_context(model),
        # A beam costs the bundled model 2 ms and halves its errors; real models pay more for it.
        partial_beam=5 if model.name == DEMO else 1,
    )


@asynccontextmanager
async def open_speech(
    settings: Settings, model: InstalledModel | None, bus: Bus
) -> AsyncIterator[Speech | None]:
    """Read for any number of calls while the block lasts; the model is loaded in the background for the first."""
    if model is None:
        yield None
        return
    threads = os.cpu_count() or 1
    plan = EnginePlan(
        str(model.path), model.name, settings.device, settings.compute_type, inter_threads=threads
    )

    def say(message: str) -> None:
        bus.publish(Trouble(None, message))

    async with open_engine_process(plan, say_trouble=say, starts_now=False) as engine:
        scheduler = Scheduler(engine, slots=threads)
        try:
            yield Speech(
                scheduler,
                plan_speech(settings, model),
                engine.start,
                is_loading=lambda: engine.is_loading,
            )
        finally:
            await scheduler.aclose()


def store_path(settings: Settings) -> Path:
    """Return where the database is, or will be."""
    return Path(settings.db or Path(settings.recordings) / "streamer.sqlite3")


@asynccontextmanager
async def open_desk(
    settings: Settings, model: InstalledModel | None, bus: Bus
) -> AsyncIterator[Desk]:
    """Open the store, and speech if there is a model, while the block lasts.

    A store that cannot be opened is said, and costs the words: what is recorded meanwhile can be transcribed later.
    """
    async with AsyncExitStack() as stack:
        store = None
        try:
            store = await stack.enter_async_context(open_store(store_path(settings)))
        except StoreError as error:
            bus.publish(Trouble(None, f"no text: {error}; calls are recorded all the same"))
        else:
            await stack.enter_async_context(_keep_troubles(store, bus))
            await stack.enter_async_context(_expire(store, settings))
        yield Desk(store, await stack.enter_async_context(open_speech(settings, model, bus)))


@asynccontextmanager
async def _expire(store: Store, settings: Settings) -> AsyncIterator[None]:
    """Delete calls that are older than wanted, now and daily, while the block lasts."""
    expiring = asyncio.ensure_future(_expire_daily(store, settings))
    try:
        yield
    finally:
        expiring.cancel()
        await asyncio.wait([expiring])


async def _expire_daily(store: Store, settings: Settings) -> None:
    while settings.retention_days:
        oldest = datetime.now(UTC) - timedelta(days=settings.retention_days)
        try:
            await delete_older(store, Path(settings.recordings), oldest)
        except StoreError as error:
            _log.warning("old calls cannot be looked for: %s", error)
        await asyncio.sleep(_DAY_S)


@asynccontextmanager
async def _keep_troubles(store: Store, bus: Bus) -> AsyncIterator[None]:
    """Keep what goes wrong, as far as the store takes it, while the block lasts."""
    with bus.subscribe() as events:
        keeping = asyncio.ensure_future(_keep_each_trouble(store, events))
        try:
            yield
        finally:
            events.close()
            await asyncio.wait([keeping])


async def _keep_each_trouble(store: Store, events: Subscription) -> None:
    async for event in events:
        if isinstance(event, Trouble):
            with suppress(StoreError):
                await store.keep_trouble(event.call_id, event.message, at=datetime.now(UTC))


async def watch_channels(
    settings: Settings, legs: Sequence[Leg], desk: Desk, bus: Bus, watched: Watched
) -> None:
    """Have a tap record `legs` as one call, in a process of its own, and follow it to its end.

    Cancelling this ends only the watching. What the tap says becomes events; `watched` tells the rest.
    """
    tap = start_tap(settings, legs)
    following: asyncio.Task[SessionResult] | None = None
    try:
        async for line in tap.lines():
            if place := line.get("folder") or line.get("taken"):
                watched.folder = Path(place)
                following = asyncio.ensure_future(run_session(watched.folder, desk, bus))
                await asyncio.sleep(0)  # it says first that the call has started
            elif "attached" in line and watched.folder:
                bus.publish(LegAttached(watched.folder.name, str(line["attached"])))
            elif "message" in line:
                bus.publish(Trouble(_call_id(watched), str(line["message"])))
            elif "exit_code" in line:
                watched.exit_code = int(line["exit_code"])
        await _finish(following, bus, watched)
        watched.is_over = True
    finally:
        if following is not None:
            following.cancel()
            await asyncio.wait([following])


async def _finish(
    following: asyncio.Task[SessionResult] | None, bus: Bus, watched: Watched
) -> None:
    if following is None or watched.folder is None:
        return
    if not watched.folder.exists():  # the PBX refused every leg, so there is nothing to follow
        bus.publish(CallEnded(watched.folder.name, EndReason.REFUSED, 0.0))
        return
    try:
        result = await following
    except RecordingError as error:
        bus.publish(Trouble(watched.folder.name, str(error)))
        watched.exit_code = watched.exit_code or ExitCode.FAILED
        return
    if result.reason is EndReason.INTERRUPTED:
        bus.publish(Trouble(watched.folder.name, _KILLED))
    if result.trouble:
        watched.exit_code = watched.exit_code or ExitCode.FAILED


def _call_id(watched: Watched) -> str | None:
    return watched.folder.name if watched.folder else None


def without_partials(desk: Desk) -> Desk:
    """Return the same desk for recordings that nobody watches, where only finals count."""
    speech = desk.speech
    if speech is None:
        return desk
    return replace(desk, speech=replace(speech, plan=replace(speech.plan, has_partials=False)))
