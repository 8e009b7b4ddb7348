"""Our side of the engine's process: start it, ask it, and start it again when it dies or hangs.

Theory of operation. A supervisor keeps one process alive:

    LOADING --ready--> READY --it dies, or a job takes longer than its deadline--> RESTING (back-off) --> LOADING
    LOADING --broken, or it dies `LOAD_STRIKES` strikes' worth--> BROKEN, for good: every request raises ModelError

A request takes one of `slots` places, so that no more than that many jobs are in flight. When the engine dies under it, its windows
are transcribed again, each *alone* in the engine, so that it is certain which of them kills it. Each death under a lone window is a strike
by its weight; at `STRIKES` the window is skipped: its hypothesis is marked, and the trouble is said. Being killed from outside
weighs little, since that is hardly the window's fault.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from streamer.core.reasons import explain
from streamer.errors import ModelError
from streamer.speech.base import Hypothesis, ModelFacts, Suspicion, Window
from streamer.speech.engine.child import CRASH, EngineChild, EngineDiedError
from streamer.speech.engine.slots import Slots
from streamer.speech.engine.worker import ENVIRONMENT, EnginePlan

STRIKES = 12
"""Weight of deaths at which a window is skipped."""

LOAD_STRIKES = 18
"""Weight of deaths while loading at which the model is given up."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the engine may take, in seconds; `per_audio_s` for each second of a job's audio on top of `job_s`."""

    load_s: float = 300.0
    job_s: float = 30.0
    per_audio_s: float = 5.0
    back_off_s: float = 0.25
    longest_back_off_s: float = 5.0

    def deadline_s(self, windows: Sequence[Window]) -> float:
        """Return how long a job may take."""
        return self.job_s + self.per_audio_s * sum(window.duration_s for window in windows)

    def rest_s(self, deaths: int) -> float:
        """Return how long to rest after that many deaths in a row; the first costs nothing."""
        if deaths <= 1:
            return 0.0
        return min(self.back_off_s * 2.0 ** min(deaths - 2, 16), self.longest_back_off_s)


class EngineProcess:
    """The recogniser on this machine: an engine that cannot take the call with it; use `open_engine_process`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        slots: int = 1,
        patience: Patience | None = None,
        say_trouble: Callable[[str], None] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = command
        self._environment = {**(environment or {}), **ENVIRONMENT}
        self._patience = patience or Patience()
        self._say_trouble = say_trouble or (lambda message: None)
        self.slots = slots
        """Jobs that may be in flight at the same time."""
        self._places = Slots(slots)
        self._numbers = itertools.count(1)
        self._child: EngineChild | None = None
        self._broken: ModelError | None = None
        self._changed = asyncio.Condition()
        self._requests: set[asyncio.Task[Any]] = set()
        self._unwanted: set[int] = set()
        self._supervisor: asyncio.Task[None] | None = None
        self.starts = 0
        """How many processes have been started."""

    def start(self) -> None:
        """Begin to load the model, in the background; idempotent."""
        if self._supervisor is None:
            self._supervisor = asyncio.ensure_future(self._supervise())

    @property
    def is_loading(self) -> bool:
        """Say whether it has been started and cannot answer yet, nor has given up."""
        return self._supervisor is not None and self._broken is None and not self._is_ready()

    async def ready(self) -> ModelFacts:
        """Wait until the model is loaded.

        Raises:
            ModelError: It cannot be.
        """
        child = await self._ready_child()
        return child.ready.result()

    async def transcribe(self, windows: Sequence[Window]) -> list[Hypothesis]:
        """Return one hypothesis a window, in order; what cannot be transcribed is marked `Suspicion.SKIPPED`.

        When the caller is cancelled the engine is told, and stops at the end of the step it is in; until then the job keeps its place.

        Raises:
            ModelError: The model cannot be loaded.
        """
        number = next(self._numbers)
        request = asyncio.ensure_future(self._transcribe(number, tuple(windows)))
        self._requests.add(request)
        request.add_done_callback(self._forget)
        try:
            return await asyncio.shield(request)
        except asyncio.CancelledError:
            if not request.done():
                self._drop(number)
            raise

    async def aclose(self) -> None:
        """End the process and every request; idempotent."""
        tasks = [*self._requests, *([self._supervisor] if self._supervisor else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _forget(self, request: asyncio.Task[Any]) -> None:
        self._requests.discard(request)
        if not request.cancelled():
            request.exception()  # seen, though its caller may have gone

    def _drop(self, number: int) -> None:
        self._unwanted.add(number)
        if self._child is not None:
            self._child.drop(number)

    async def _transcribe(self, number: int, windows: tuple[Window, ...]) -> list[Hypothesis]:
        weight = 0
        try:
            async with self._places.shared():
                if number in self._unwanted:
                    return []
                try:
                    return await self._ask(number, windows)
                except EngineDiedError as death:
                    weight = death.weight if len(windows) == 1 else 0
            if number in self._unwanted:
                return []
            return [await self._transcribe_alone(window, weight) for window in windows]
        finally:
            self._unwanted.discard(number)

    async def _transcribe_alone(self, window: Window, weight: int) -> Hypothesis:
        reason = ""
        while weight < STRIKES:
            async with self._places.alone():
                try:
                    return (await self._ask(next(self._numbers), (window,)))[0]
                except EngineDiedError as death:
                    weight += death.weight
                    reason = f": {death}"
        self._say_trouble(
            f"{window.duration_s:.1f} s of {window.leg} could not be transcribed{reason}; the recording has the audio"
        )
        return Hypothesis(window.position, window.end, suspicion=Suspicion.SKIPPED)

    async def _ask(self, number: int, windows: tuple[Window, ...]) -> list[Hypothesis]:
        child = await self._ready_child()
        deadline_s = self._patience.deadline_s(windows)
        try:
            async with asyncio.timeout(deadline_s):
                return await child.ask(number, windows)
        except TimeoutError:
            # Jobs beside this one die with the engine, but not by their own fault.
            child.kill(EngineDiedError("the engine was killed because it hung", 0))
            raise EngineDiedError(f"the engine hung for {deadline_s:.0f} s", CRASH) from None

    async def _ready_child(self) -> EngineChild:
        async with self._changed:
            await self._changed.wait_for(lambda: self._broken or self._is_ready())
        if self._broken is not None:
            raise self._broken
        assert self._child
        return self._child

    def _is_ready(self) -> bool:
        child = self._child
        return child is not None and child.is_ready

    async def _supervise(self) -> None:
        deaths = weight = 0
        while self._broken is None:
            await asyncio.sleep(self._patience.rest_s(deaths))
            death, was_ready, has_answered = await self._live_once()
            deaths = 1 if has_answered else deaths + 1
            weight = 0 if was_ready else weight + death.weight
            if weight >= LOAD_STRIKES:
                await self._give_up(ModelError(f"the model cannot be loaded: {death}"))
            elif self._broken is None:
                self._say_trouble(f"{death}; streamer starts it again")

    async def _live_once(self) -> tuple[EngineDiedError, bool, bool]:
        """Start a process and see it to its end; return how it died, whether it had loaded, and whether it had answered."""
        try:
            child = EngineChild(await self._spawn())
        except OSError as error:
            return (
                EngineDiedError(f"the engine cannot be started: {explain(error)}", CRASH),
                False,
                False,
            )
        self._child = child
        try:
            death = await self._live(child)
        finally:
            self._child = None
        return death, child.was_ready, child.has_answered

    async def _live(self, child: EngineChild) -> EngineDiedError:
        living = asyncio.ensure_future(child.live())
        try:
            await self._load(child)
            return await living
        finally:
            living.cancel()
            await asyncio.wait([living])

    async def _load(self, child: EngineChild) -> None:
        """Wait until the model is loaded or cannot be."""
        try:
            async with asyncio.timeout(self._patience.load_s):
                await asyncio.shield(child.ready)
            await self._announce()
        except ModelError as error:
            await self._give_up(error)
        except TimeoutError:
            child.kill(EngineDiedError("loading the model took too long", CRASH))
        except EngineDiedError:
            pass  # `live` returns how it died

    async def _give_up(self, error: ModelError) -> None:
        self._broken = error
        await self._announce()

    async def _announce(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _spawn(self) -> asyncio.subprocess.Process:
        self.starts += 1
        return await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **self._environment},
            start_new_session=True,  # what the terminal does to us it does not do to the engine
        )


@asynccontextmanager
async def open_engine_process(
    plan: EnginePlan,
    *,
    patience: Patience | None = None,
    say_trouble: Callable[[str], None] | None = None,
    starts_now: bool = True,
) -> AsyncIterator[EngineProcess]:
    """Run an engine while the block lasts; the model loads in the background.

    Without `starts_now` it begins to load when `start` is called. `say_trouble` gets one untrusted line each time that the engine had to be started again or a window was skipped.
    """
    engine = EngineProcess(
        plan.command(),
        slots=plan.inter_threads,
        patience=patience,
        say_trouble=say_trouble,
        environment=plan.environment(),
    )
    if starts_now:
        engine.start()
    try:
        yield engine
    finally:
        await engine.aclose()
