"""What calls are worked on with: the store, and a recogniser with its queue; opened in the background, once for any number of calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from streamer.alerts.rulebook import Rulebook
from streamer.alerts.rules import read_rules
from streamer.bus import Bus, Subscription
from streamer.calls.observers import OBSERVERS, Observer
from streamer.config import Settings
from streamer.core.events import Trouble
from streamer.core.languages import name_languages
from streamer.errors import ModelError, StoreError, StreamerError, UsageError
from streamer.speech.base import EncoderWindow, Recogniser
from streamer.speech.check.background import check_unmeasured
from streamer.speech.check.memory import recall
from streamer.speech.engine.absence import WantedModel, await_model
from streamer.speech.engine.model_advice import explain_smaller, read_machine, suggest_smaller
from streamer.speech.engine.model_languages import (
    LanguageChoice,
    choose_languages,
    explain_lack,
)
from streamer.speech.engine.models import (
    InstalledModel,
    is_bundled,
    list_models,
    longest_utterance,
)
from streamer.speech.hints import explain_overlong, join_hints
from streamer.speech.plan import BUNDLED, STOCK, SpeechPlan
from streamer.speech.recognisers import RECOGNISERS, OpenRecogniser
from streamer.speech.scheduler import Scheduler
from streamer.store import Store, open_store

GPU_BATCH = 8
"""Windows that a GPU transcribes at once at most."""

_STORE_REST_S = 0.5
"""Between two attempts to open a store that another program writes."""


@dataclass(frozen=True, slots=True)
class Speech:
    """What turns audio into words: who does it, whose turn it is, and how each leg is transcribed.

    A session starts the recogniser only once the call is its own to transcribe.
    """

    recogniser: Recogniser
    scheduler: Scheduler
    plan: SpeechPlan
    explain_lag: Callable[[], str] = str
    """Return a line for a call that stays behind: what would keep up; reads files, empty if there is nothing to say."""
    model: str = ""
    """Name of the model."""


@dataclass(slots=True)
class Backend:
    """What calls are worked on with; without speech only others' words are shown.

    Speech may come while calls are worked on: a model that is not there is taken up when it is.
    """

    opening: asyncio.Future[Store | None]
    """The store, as soon as it is open; None if it cannot be used, so that no words are kept, and none are made."""
    speech: Speech | None
    observers: Mapping[str, Observer] = field(default_factory=lambda: OBSERVERS)
    """Told of each settled utterance by the process that transcribes the call."""
    rules: Rulebook = field(default_factory=lambda: Rulebook(()))
    """What the process that transcribes a call raises alerts by."""
    lack: str = ""
    """Why there is no speech although the user has a model; empty where words are missing by intention, or not at all."""
    name: str = ""
    """The command that works on them, as others show it."""

    @property
    def store(self) -> Store | None:
        """Return the store if it is open by now."""
        is_open = self.opening.done() and not self.opening.cancelled()
        return self.opening.result() if is_open else None


def plan_speech(settings: Settings, model: InstalledModel) -> SpeechPlan:
    """Turn settings into how legs are transcribed; reads files of the model.

    Raises:
        UsageError: A setting that cannot be meant.
    """
    if settings.encoder_window not in ("auto", *EncoderWindow):
        raise UsageError(
            f"encoder_window must be auto, short or full, not {settings.encoder_window}"
        )
    measured = BUNDLED if is_bundled(model) else STOCK
    languages = choose_languages(settings.language, model).languages
    return replace(
        measured,
        language=languages[0] if len(languages) == 1 else None,
        languages=languages,
        prompt=join_hints(settings),
        longest=longest_utterance(model, measured.longest),
        encoder_window=_choose_window(settings, model, measured),
    )


def _choose_window(
    settings: Settings, model: InstalledModel, measured: SpeechPlan
) -> EncoderWindow:
    """Return what is asked for, else what a check of these weights found on this machine, else what was measured."""
    if settings.encoder_window != "auto":
        return EncoderWindow(settings.encoder_window)
    findings = None if is_bundled(model) else recall(settings, model)
    return findings.encoder_window if findings else measured.encoder_window


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
        beside = [
            asyncio.ensure_future(_suit(scheduler, opened, join_hints(settings), say)),
            asyncio.ensure_future(check_unmeasured(settings, model, opened, scheduler, say)),
        ]
        try:
            plan = await asyncio.to_thread(plan_speech, settings, model)
            explain_lag = partial(_explain_lag, settings, model)
            yield Speech(opened, scheduler, plan, explain_lag, model.name)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await scheduler.aclose()


def _explain_lag(settings: Settings, model: InstalledModel) -> str:
    machine = read_machine(looks_for_gpu=False)  # whose import would hold up the words of others
    smaller = suggest_smaller(model.size, machine, settings.language)
    installed = {each.name for each in list_models(settings.models_dir)}
    return explain_smaller(
        model.name, smaller, is_installed=smaller is not None and smaller.name in installed
    )


async def _suit(
    scheduler: Scheduler, recogniser: Recogniser, hints: str, say: Callable[[str], None]
) -> None:
    """Once the model is loaded, say if it has no room for all hints, and let a GPU transcribe waiting windows together.

    A CPU gains nothing by that.
    """
    with suppress(ModelError):  # whoever transcribes will say it
        facts = await recogniser.ready()
        if facts.device == "cuda":
            scheduler.batch = GPU_BATCH
        if facts.fitting_hints is not None and (
            line := explain_overlong(hints, facts.fitting_hints)
        ):
            say(line)


@asynccontextmanager
async def open_backend(
    settings: Settings,
    model: InstalledModel | WantedModel | None,
    bus: Bus,
    *,
    patience_s: float | None = None,
    waits_for_calls: bool = False,
) -> AsyncIterator[Backend]:
    """Open speech, if there is a model, and the store, in the background, while the block lasts.

    A store that is busy, or whose disk is full, is waited for, `patience_s` at most; None is for live calls, which may end long
    after. One that cannot be opened is said, and costs the words: what is recorded meanwhile can be transcribed later. A wanted
    model that is not there is waited for. With `waits_for_calls` no folder of recordings is made: the store is opened once there is one.
    """
    wanted = model if isinstance(model, WantedModel) else WantedModel("", model)
    found = wanted.model
    async with AsyncExitStack() as stack:
        opening = asyncio.ensure_future(
            _open_store(stack, settings, bus, patience_s, waits_for_calls=waits_for_calls)
        )
        stack.push_async_callback(_settle, opening)
        lack = await _find_lack(settings, found, bus) if found else ""
        async with open_speech(settings, None if lack else found, bus) as speech:
            rules = Rulebook(read_rules(settings.alert, where="the config file"))
            backend = Backend(opening, speech, rules=rules, lack=lack)
            if wanted.lack:
                await stack.enter_async_context(_taking_up(wanted, settings, backend, bus))
            yield backend


@asynccontextmanager
async def _taking_up(
    wanted: WantedModel, settings: Settings, backend: Backend, bus: Bus
) -> AsyncIterator[None]:
    """Say that a model is not there, and give the backend speech as soon as it is, while the block lasts."""
    if wanted.name:  # who named none has asked for no words
        backend.lack = wanted.lack
        bus.publish(Trouble(None, wanted.lack))
    waiting = asyncio.ensure_future(_take_up(wanted.name, settings, backend, bus))
    try:
        yield
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def _take_up(name: str, settings: Settings, backend: Backend, bus: Bus) -> None:
    model = await await_model(name, settings.models_dir)
    try:
        backend.lack = await _find_lack(settings, model, bus)
        if backend.lack:
            return
        async with open_speech(settings, model, bus) as backend.speech:
            bus.publish(
                Trouble(None, f"The model {model.name} is installed now. Live calls get text.")
            )
            await asyncio.Event().wait()
    except StreamerError as error:  # a setting that cannot be meant, which nothing has read before
        bus.publish(Trouble(None, f"no text: {error}; recording continues"))
        backend.lack = str(error)


async def _find_lack(settings: Settings, model: InstalledModel, bus: Bus) -> str:
    """Say which languages a model lacks; return why it makes no text, empty if it makes some."""
    choice = await asyncio.to_thread(choose_languages, settings.language, model)
    if not choice.lacking:
        return ""
    lack = explain_lack(choice, model)
    bus.publish(Trouble(None, _explain_choice(choice, lack)))
    return lack if choice.is_none else ""


def _explain_choice(choice: LanguageChoice, lack: str) -> str:
    if choice.languages:
        return f"{lack}; text is made in {name_languages(choice.languages)} only"
    return f"no text: {lack}; recording continues; make the text later with `streamer resume --model NAME`"


async def _settle(opening: asyncio.Future[Store | None]) -> None:
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)


async def _open_store(
    stack: AsyncExitStack,
    settings: Settings,
    bus: Bus,
    patience_s: float | None,
    *,
    waits_for_calls: bool,
) -> Store | None:
    if waits_for_calls:
        await _await_calls(settings)
    is_said = False
    give_up_at = None if patience_s is None else time.monotonic() + patience_s
    while True:
        try:
            store = await stack.enter_async_context(open_store(settings))
        except StoreError as error:
            is_late = give_up_at is not None and time.monotonic() > give_up_at
            if is_late or not error.is_temporary:
                goes_on = "; recording does not need it" if patience_s is None else ""
                bus.publish(Trouble(None, f"no text: {error}{goes_on}"))
                return None
            if not is_said:
                bus.publish(Trouble(None, f"{error}; the text follows when it can be written"))
                is_said = True
            await asyncio.sleep(_STORE_REST_S)
        else:
            await stack.enter_async_context(_keep_troubles(store, bus))
            return store


async def _await_calls(settings: Settings) -> None:
    """Wait until there is a folder of recordings, which the first call makes."""
    while not settings.db:
        if await asyncio.to_thread(Path(settings.recordings).exists):
            return
        await asyncio.sleep(_STORE_REST_S)


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


def without_partials(backend: Backend) -> Backend:
    """Return the same backend for recordings that nobody watches, where only finals count."""
    speech = backend.speech
    if speech is None:
        return backend
    return replace(backend, speech=replace(speech, plan=replace(speech.plan, has_partials=False)))
