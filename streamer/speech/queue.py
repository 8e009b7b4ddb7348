"""Which windows are read next; pure.

Earliest deadline first over all legs and calls. A final is due at once, the first partial of an utterance soon, further partials later; a
deadline that has passed only makes a window more urgent, so no leg starves. Finals go first all the same: as long as one waits, no
partial is read. A leg has at most one partial and one final waiting where others want the recogniser, so equals are served in turn and
the queue is as long as there are legs.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

from streamer.speech.base import Window

T = TypeVar("T")

_DUE_S = {0: 0.2, 1: 0.5, 2: 1.5}


class Urgency(IntEnum):
    """Why a window is transcribed; the more urgent, the sooner it is due."""

    FINAL = 0
    FIRST_PARTIAL = 1
    PARTIAL = 2


@dataclass(order=True, slots=True)
class Job(Generic[T]):
    """Windows that are to be read at once, and whoever waits for them."""

    is_partial: bool
    due: float
    number: int
    windows: tuple[Window, ...] = field(compare=False)
    waiting: T = field(compare=False)


class WindowQueue(Generic[T]):
    """What waits to be read; times are seconds of any clock."""

    def __init__(self) -> None:
        self._jobs: list[Job[T]] = []  # a heap
        self._asked = 0

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def finals(self) -> int:
        """How many finals wait."""
        return sum(not job.is_partial for job in self._jobs)

    def add(self, windows: tuple[Window, ...], urgency: Urgency, waiting: T, *, now: float) -> None:
        """Put windows behind everything that is more urgent."""
        self._asked += 1
        is_partial = urgency is not Urgency.FINAL
        job = Job(is_partial, now + _DUE_S[urgency], self._asked, windows, waiting)
        heapq.heappush(self._jobs, job)

    def pop(self, most: int, *, is_wanted: Callable[[T], bool]) -> list[Job[T]]:
        """Take the most urgent job, and those after it that are of its kind, up to `most` windows; a job is never split.

        Those for which nobody waits any more are dropped.
        """
        batch: list[Job[T]] = []
        while self._jobs and sum(len(job.windows) for job in batch) < most:
            if batch and self._jobs[0].is_partial != batch[0].is_partial:
                break
            job = heapq.heappop(self._jobs)
            if is_wanted(job.waiting):
                batch.append(job)
        return batch

    def clear(self) -> list[Job[T]]:
        """Take everything."""
        jobs, self._jobs = self._jobs, []
        return jobs
