"""The backend: choose a model, open its engine, find or start taps, and follow their recordings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamer.bus import Bus, Subscription
from streamer.calls.deletion import delete_older
from streamer.calls.outcome import WatchOutcome
from streamer.calls.session import Backend, SessionResult, Speech, run_session
from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.core.events import CallEnded, EndReason, Trouble
from streamer.errors import ExitCode, ModelError, RecordingError, StoreError, UsageError
from streamer.speech.base import EncoderWindow, Recogniser
from streamer.speech.engine.models import (
    DEMO,
    InstalledModel,
    bears_context,
    default_encoder_window,
    longest_utterance,
)
from streamer.speech.recognisers import RECOGNISERS, OpenRecogniser
from streamer.speech.scheduler import Scheduler
from streamer.speech.transcriber import SpeechPlan
from streamer.store import Store, open_store
from streamer.tap.detached import DetachedProcess
from streamer.tap.messages import ChannelTaken, Exited, LegRefused, RecordingBegun, Said
from streamer.tap.outbound_process import start_tap

GPU_BATCH = 8
"""Windows that a GPU transcribes at once at most."""

_DAY_S = 86_400.0
_STORE_REST_S = 0.5
"""Between two attempts to open a store that another program writes."""

_ANNOUNCEMENT_S = 3.0
"""How long a viewer that is told to leave waits for its tap to say where it records."""

_log = logging.getLogger(__name__)

_KILLED = "the recorder was killed, and the recording ends there; the keeper reads on, so the call itself continues"


def plan_speech(settings: Settings, model: InstalledModel) -> SpeechPlan:
    """Turn settings into how legs are transcribed.

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
    settings: Settings,
    model: InstalledModel | None,
    bus: Bus,
    *,
    recogniser: str = "local",
    recognisers: Mapping[str, OpenRecogniser] = RECOGNISERS,
) -> AsyncIterator[Speech | None]:
    """Transcribe for any number of calls while the block lasts; the model is loaded in the background for the first.

    `recogniser` is one of `recognisers`.
    """
    if model is None:
        yield None
        return

    def say(message: str) -> None:
        bus.publish(Trouble(None, message))

    async with recognisers[recogniser](settings, model, say) as opened:
        scheduler = Scheduler(opened, slots=opened.slots)
        suiting = asyncio.ensure_future(_suit(scheduler, opened))
        try:
            yield Speech(opened, scheduler, plan_speech(settings, model))
        finally:
            suiting.cancel()
            await asyncio.gather(suiting, return_exceptions=True)
            await scheduler.aclose()


async def _suit(scheduler: Scheduler, recogniser: Recogniser) -> None:
    """Let a GPU transcribe waiting windows together, once it is known to be one; a CPU gains nothing by it."""
    with suppress(ModelError):  # whoever transcribes will say it
        if (await recogniser.ready()).device == "cuda":
            scheduler.batch = GPU_BATCH


@asynccontextmanager
async def open_backend(
    settings: Settings, model: InstalledModel | None, bus: Bus
) -> AsyncIterator[Backend]:
    """Open speech, if there is a model, and the store, in the background, while the block lasts.

    A store that is busy is waited for. One that cannot be opened is said, and costs the words: what is recorded meanwhile can be
    transcribed later.
    """
    async with AsyncExitStack() as stack:
        opening = asyncio.ensure_future(_open_store(stack, settings, bus))
        stack.push_async_callback(_settle, opening)
        async with open_speech(settings, model, bus) as speech:
            yield Backend(opening, speech)


async def _settle(opening: asyncio.Future[Store | None]) -> None:
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)


async def _open_store(stack: AsyncExitStack, settings: Settings, bus: Bus) -> Store | None:
    is_said = False
    while True:
        try:
            store = await stack.enter_async_context(open_store(settings))
        except StoreError as error:
            if not error.is_temporary:
                bus.publish(Trouble(None, f"no text: {error}; calls are recorded all the same"))
                return None
            if not is_said:
                bus.publish(
                    Trouble(
                        None,
                        f"{error}; the text waits in the recordings until the database is free",
                    )
                )
                is_said = True
            await asyncio.sleep(_STORE_REST_S)
        else:
            await stack.enter_async_context(_keep_troubles(store, bus))
            return store


@asynccontextmanager
async def expire_calls(settings: Settings) -> AsyncIterator[None]:
    """Delete calls that are older than wanted, now and daily, while the block lasts."""
    expiring = asyncio.ensure_future(_expire_daily(settings))
    try:
        yield
    finally:
        expiring.cancel()
        await asyncio.gather(expiring, return_exceptions=True)


async def _expire_daily(settings: Settings) -> None:
    while settings.retention_days:
        oldest = datetime.now(UTC) - timedelta(days=settings.retention_days)
        try:
            # A store of its own, so that no final waits behind a deletion.
            async with open_store(settings) as store:
                await delete_older(store, Path(settings.recordings), oldest)
        except StoreError as error:
            _log.warning("calls that are older than wanted were not all deleted: %s", error)
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
    settings: Settings, legs: Sequence[Leg], backend: Backend, bus: Bus, outcome: WatchOutcome
) -> None:
    """Have a tap record `legs` as one call, in a process of its own, and follow it to its end.

    Cancelling this ends only the watching. What the tap says becomes events; `outcome` takes the rest.
    """
    tap = start_tap(settings, legs)
    announced = asyncio.Event()
    sessions: list[asyncio.Task[SessionResult]] = []  # one, once the tap has said where it records
    listening = asyncio.ensure_future(_listen(tap, backend, bus, outcome, sessions, announced))
    try:
        await asyncio.shield(listening)
        await _finish(sessions, bus, outcome)
        outcome.is_over = True
    finally:
        # Nobody may leave without knowing that a recording goes on.
        try:
            await asyncio.wait_for(announced.wait(), _ANNOUNCEMENT_S)
        except TimeoutError:
            tap.terminate()
        for task in (listening, *sessions):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _listen(
    tap: DetachedProcess,
    backend: Backend,
    bus: Bus,
    outcome: WatchOutcome,
    sessions: list[asyncio.Task[SessionResult]],
    announced: asyncio.Event,
) -> None:
    """Take what the tap says until it ends; begin to follow the call as soon as there is one."""
    try:
        async for said in tap.messages():
            match said:
                case RecordingBegun(folder) | ChannelTaken(folder):
                    outcome.folder = folder
                    sessions.append(asyncio.ensure_future(run_session(folder, backend, bus)))
                    announced.set()
                case LegRefused(leg, message):
                    outcome.refusals.append(f"{leg}: {message}")
                case Said(message):
                    bus.publish(Trouble(_call_id(outcome), message))
                case Exited(code):
                    outcome.exit_code = code
                case other:
                    raise AssertionError(f"{other!r} is nothing that a tap says")
    finally:
        announced.set()


async def _finish(
    sessions: list[asyncio.Task[SessionResult]], bus: Bus, outcome: WatchOutcome
) -> None:
    if not sessions or outcome.folder is None:
        return
    call_id = outcome.folder.name
    is_refused = outcome.exit_code in (ExitCode.NOT_FOUND, ExitCode.UNREACHABLE)
    if is_refused and not outcome.folder.exists():  # there is nothing to follow
        for refusal in outcome.refusals:
            bus.publish(Trouble(call_id, refusal))
        bus.publish(CallEnded(call_id, EndReason.REFUSED, 0.0))
        return
    try:
        result = await sessions[0]
    except RecordingError as error:
        bus.publish(Trouble(call_id, str(error)))
        bus.publish(CallEnded(call_id, EndReason.LOST, 0.0))
        outcome.exit_code = outcome.exit_code or ExitCode.FAILED
        return
    if result.reason is EndReason.INTERRUPTED:
        bus.publish(Trouble(call_id, _KILLED))
    if result.trouble:
        outcome.exit_code = outcome.exit_code or ExitCode.FAILED


def _call_id(outcome: WatchOutcome) -> str | None:
    return outcome.folder.name if outcome.folder else None


def without_partials(backend: Backend) -> Backend:
    """Return the same backend for recordings that nobody watches, where only finals count."""
    speech = backend.speech
    if speech is None:
        return backend
    return replace(backend, speech=replace(speech, plan=replace(speech.plan, has_partials=False)))
