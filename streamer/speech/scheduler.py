"""Which window is transcribed next: earliest deadline first over all legs and calls, no more at once than the recogniser works on.

A leg has at most one partial and one final waiting, so the queue is as long as there are legs. A final is due at once, the first
partial of an utterance soon, further partials later; a deadline that has passed only makes a job more urgent, so no leg starves.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from streamer.speech.base import Hypothesis, Recogniser, Window

_DUE_S = {0: 0.2, 1: 0.5, 2: 1.5}


class Urgency(IntEnum):
    """Why a window is transcribed; the more urgent, the sooner it is due."""

    FINAL = 0
    FIRST_PARTIAL = 1
    PARTIAL = 2


@dataclass(order=True, slots=True)
class _Job:
    due: float
    number: int
    windows: tuple[Window, ...] = field(compare=False)
    answer: asyncio.Future[list[Hypothesis]] = field(compare=False)
    is_final: bool = field(compare=False)


class Scheduler:
    """One recogniser for many legs.

    `slots` jobs are in flight at the same time, each with up to `batch` windows when more are waiting; `batch` may be set at any time.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        *,
        slots: int = 1,
        batch: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recogniser = recogniser
        self.batch = batch
        self._clock = clock
        self.busy_s = 0.0
        """Seconds that the recogniser has worked, of all slots together."""
        self.slots = slots
        self.asked = 0
        """Windows that have been asked for so far; while nobody speaks, none is."""
        self._jobs: list[_Job] = []  # a heap, bounded by two jobs a leg
        self._numbers = itertools.count()
        self._arrival = asyncio.Event()
        self._working = 0
        self._workers = [asyncio.ensure_future(self._work()) for _ in range(slots)]

    @property
    def waiting_finals(self) -> int:
        """Finals that are not being transcribed yet; partials had better not be asked for."""
        return sum(job.is_final for job in self._jobs)

    @property
    def is_idle(self) -> bool:
        """Say whether the recogniser could take a window at once."""
        return not self._jobs and self._working < self.slots

    @property
    def is_at_rest(self) -> bool:
        """Say whether no window is being transcribed, and none waits."""
        return not self._jobs and not self._working

    async def transcribe(self, window: Window, urgency: Urgency) -> Hypothesis:
        """Return what is said in the window, when its turn has come; a caller that is cancelled frees the recogniser.

        Raises:
            ModelError: The model cannot be loaded.
        """
        return (await self.transcribe_together([window], urgency))[0]

    async def transcribe_together(
        self, windows: Sequence[Window], urgency: Urgency
    ) -> list[Hypothesis]:
        """Return what is said in each of the windows, which are given to the recogniser at once; else as `transcribe`."""
        answer: asyncio.Future[list[Hypothesis]] = asyncio.get_running_loop().create_future()
        self.asked += len(windows)
        due = self._clock() + _DUE_S[urgency]
        job = _Job(due, next(self._numbers), tuple(windows), answer, urgency is Urgency.FINAL)
        heapq.heappush(self._jobs, job)
        self._arrival.set()
        return await answer

    async def aclose(self) -> None:
        """Stop; what waits is cancelled. Idempotent."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.wait(self._workers)
        for job in self._jobs:
            job.answer.cancel()
        self._jobs.clear()

    async def _work(self) -> None:
        while True:
            while not self._jobs:
                self._arrival.clear()
                await self._arrival.wait()
            if batch := self._pop_batch():
                began = self._clock()
                self._working += 1
                try:
                    await self._serve(batch)
                finally:
                    self._working -= 1
                self.busy_s += self._clock() - began

    def _pop_batch(self) -> list[_Job]:
        """Take the most urgent job, and those after it that are of its kind."""
        batch: list[_Job] = []
        while self._jobs and sum(len(job.windows) for job in batch) < self.batch:
            if batch and self._jobs[0].is_final != batch[0].is_final:
                break
            job = heapq.heappop(self._jobs)
            if not job.answer.done():
                batch.append(job)
        return batch

    async def _serve(self, batch: list[_Job]) -> None:
        windows = [window for job in batch for window in job.windows]
        request = asyncio.ensure_future(self._recogniser.transcribe(windows))

        def stop_unwanted(_: object) -> None:
            if all(job.answer.done() for job in batch):
                request.cancel()

        for job in batch:
            job.answer.add_done_callback(stop_unwanted)
        try:
            await asyncio.wait([request])
        except asyncio.CancelledError:
            request.cancel()
            for job in batch:
                job.answer.cancel()
            raise
        if not request.cancelled():
            _answer(batch, request)


def _answer(batch: list[_Job], request: asyncio.Future[list[Hypothesis]]) -> None:
    """Hand every job its hypotheses, or the error, which is raised where the job was asked for."""
    error = request.exception()
    left = [] if error else list(request.result())
    for job in batch:
        mine, left = left[: len(job.windows)], left[len(job.windows) :]
        if job.answer.done():
            continue
        if error:
            job.answer.set_exception(error)
        else:
            job.answer.set_result(mine)
