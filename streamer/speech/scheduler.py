"""One recogniser for many legs: no more windows at once than it works on, in the order of `queue`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from streamer.speech.base import Hypothesis, Recogniser, Window
from streamer.speech.queue import Job, Urgency, WindowQueue

Answer = asyncio.Future[list[Hypothesis]]


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
        self._queue = WindowQueue[Answer]()
        self._arrival = asyncio.Event()
        self._working = 0
        self._workers = [asyncio.ensure_future(self._work()) for _ in range(slots)]

    @property
    def waiting_finals(self) -> int:
        """Finals that are not being transcribed yet; partials had better not be asked for."""
        return self._queue.finals

    @property
    def is_idle(self) -> bool:
        """Say whether the recogniser could take a window at once."""
        return not self._queue and self._working < self.slots

    @property
    def is_at_rest(self) -> bool:
        """Say whether no window is being transcribed, and none waits."""
        return not self._queue and not self._working

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
        answer: Answer = asyncio.get_running_loop().create_future()
        self.asked += len(windows)
        self._queue.add(tuple(windows), urgency, answer, now=self._clock())
        self._arrival.set()
        return await answer

    async def aclose(self) -> None:
        """Stop; what waits is cancelled. Idempotent."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.wait(self._workers)
        for job in self._queue.clear():
            job.waiting.cancel()

    async def _work(self) -> None:
        while True:
            while not self._queue:
                self._arrival.clear()
                await self._arrival.wait()
            if batch := self._queue.pop(self.batch, is_wanted=_is_open):
                began = self._clock()
                self._working += 1
                try:
                    await self._serve(batch)
                finally:
                    self._working -= 1
                self.busy_s += self._clock() - began

    async def _serve(self, batch: list[Job[Answer]]) -> None:
        windows = [window for job in batch for window in job.windows]
        request = asyncio.ensure_future(self._recogniser.transcribe(windows))

        def stop_unwanted(_: object) -> None:
            if all(job.waiting.done() for job in batch):
                request.cancel()

        for job in batch:
            job.waiting.add_done_callback(stop_unwanted)
        try:
            await asyncio.wait([request])
        except asyncio.CancelledError:
            request.cancel()
            for job in batch:
                job.waiting.cancel()
            raise
        if not request.cancelled():
            _answer(batch, request)


def _is_open(answer: Answer) -> bool:
    return not answer.done()


def _answer(batch: list[Job[Answer]], request: asyncio.Future[list[Hypothesis]]) -> None:
    """Hand every job its hypotheses, or the error, which is raised where the job was asked for."""
    error = request.exception()
    left = [] if error else list(request.result())
    for job in batch:
        mine, left = left[: len(job.windows)], left[len(job.windows) :]
        if job.waiting.done():
            continue
        if error:
            job.waiting.set_exception(error)
        else:
            job.waiting.set_result(mine)
