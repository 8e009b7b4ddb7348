import asyncio

import pytest

from streamer.errors import ModelError
from streamer.speech.base import Hypothesis, Window
from streamer.speech.queue import Urgency
from streamer.speech.scheduler import Scheduler
from tests.fakes.replay import until


class SlowEngine:
    """Answers one window each time that the test lets it."""

    def __init__(self):
        self.order = []
        self.most_at_once = self._at_once = 0
        self._gate = asyncio.Semaphore(0)

    async def transcribe(self, windows):
        self.order.append(" ".join(window.leg for window in windows))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await self._gate.acquire()
        finally:
            self._at_once -= 1
        if windows[0].leg == "broken":
            raise ModelError("no model")
        return [Hypothesis(window.position, window.end) for window in windows]

    def answer(self, times=1):
        for _ in range(times):
            self._gate.release()


def window(leg):
    return Window(leg, 1, bytes(640), 0)


@pytest.fixture
async def engine():
    return SlowEngine()


@pytest.fixture
async def scheduler(engine):
    now = [0.0]

    def clock():
        now[0] += 0.001
        return now[0]

    scheduler = Scheduler(engine, clock=clock)
    yield scheduler
    await scheduler.aclose()


async def ask(scheduler, *wishes):
    """Ask for several windows at once, behind one that keeps the engine busy."""
    tasks = [asyncio.ensure_future(scheduler.transcribe(window("busy"), Urgency.PARTIAL))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for leg, urgency in wishes:
        tasks.append(asyncio.ensure_future(scheduler.transcribe(window(leg), urgency)))
        await asyncio.sleep(0)
    return tasks


async def test_finals_come_first_then_first_partials_then_partials(engine, scheduler):
    tasks = await ask(
        scheduler,
        ("late", Urgency.PARTIAL),
        ("first", Urgency.FIRST_PARTIAL),
        ("final", Urgency.FINAL),
    )
    assert scheduler.waiting_finals == 1
    engine.answer(4)
    await asyncio.gather(*tasks)
    assert engine.order == ["busy", "final", "first", "late"]


async def test_equal_jobs_are_served_in_turn(engine, scheduler):
    tasks = await ask(scheduler, ("a", Urgency.FINAL), ("b", Urgency.FINAL), ("c", Urgency.FINAL))
    engine.answer(4)
    await asyncio.gather(*tasks)
    assert engine.order[1:] == ["a", "b", "c"]


async def test_no_more_jobs_are_in_flight_than_slots(engine):
    scheduler = Scheduler(engine, slots=2)
    tasks = [
        asyncio.ensure_future(scheduler.transcribe(window(str(n)), Urgency.FINAL)) for n in range(6)
    ]
    for _ in range(10):
        await asyncio.sleep(0)
    assert engine.order == ["0", "1"]
    engine.answer(6)
    await asyncio.gather(*tasks)
    assert engine.most_at_once == 2
    await scheduler.aclose()


async def test_a_job_that_nobody_waits_for_is_not_read(engine, scheduler):
    tasks = await ask(scheduler, ("gone", Urgency.PARTIAL), ("wanted", Urgency.PARTIAL))
    tasks[1].cancel()
    engine.answer(2)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert engine.order == ["busy", "wanted"]


async def test_an_error_reaches_whoever_asked_and_nobody_else(engine, scheduler):
    tasks = await ask(scheduler, ("broken", Urgency.FINAL), ("well", Urgency.FINAL))
    engine.answer(3)
    with pytest.raises(ModelError):
        await tasks[1]
    assert (await tasks[2]).end == 320


async def test_closing_cancels_what_waits(engine, scheduler):
    tasks = await ask(scheduler, ("a", Urgency.FINAL))
    await scheduler.aclose()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)


async def test_a_caller_that_gives_up_frees_the_engine(engine, scheduler):
    tasks = await ask(scheduler, ("next", Urgency.FINAL))
    tasks[0].cancel()
    await asyncio.wait(tasks[:1])
    for _ in range(5):
        await asyncio.sleep(0)
    assert engine.order == ["busy", "next"]
    assert engine.most_at_once == 1
    engine.answer()
    await tasks[1]


async def test_what_waits_is_read_together_finals_and_partials_apart(engine):
    scheduler = Scheduler(engine, batch=2)
    partial, final = Urgency.PARTIAL, Urgency.FINAL
    tasks = await ask(scheduler, ("a", final), ("b", partial), ("c", final), ("d", final))
    engine.answer(4)
    await asyncio.gather(*tasks)
    assert engine.order == ["busy", "a c", "d", "b"]
    await scheduler.aclose()


async def test_a_batch_goes_on_for_the_one_who_still_waits(engine):
    scheduler = Scheduler(engine, batch=2)
    tasks = await ask(scheduler, ("gone", Urgency.FINAL), ("well", Urgency.FINAL))
    engine.answer()
    await tasks[0]
    await asyncio.sleep(0)
    tasks[1].cancel()
    engine.answer()
    assert (await tasks[2]).end == 320
    await scheduler.aclose()


async def test_it_is_idle_when_a_window_would_be_read_at_once(engine):
    scheduler = Scheduler(engine, slots=2)
    seen = [scheduler.is_idle]
    asked = []
    for leg in ("a", "b"):
        asked.append(asyncio.ensure_future(scheduler.transcribe(window(leg), Urgency.PARTIAL)))
        await asyncio.sleep(0)
        seen.append(scheduler.is_idle)  # nobody has taken it yet
        await until(lambda: len(engine.order) == len(asked))
        seen.append(scheduler.is_idle)
    assert seen == [True, False, True, False, False]
    engine.answer(2)
    await asyncio.gather(*asked)
    await until(lambda: scheduler.is_idle)
    await scheduler.aclose()


async def test_windows_that_are_asked_for_together_are_answered_together(engine, scheduler):
    together = asyncio.ensure_future(
        scheduler.transcribe_together([window("a"), window("b")], Urgency.FINAL)
    )
    alone = asyncio.ensure_future(scheduler.transcribe(window("c"), Urgency.FINAL))
    engine.answer(2)
    assert len(await together) == 2
    await alone
    assert engine.order == ["a b", "c"]
