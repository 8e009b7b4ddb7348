"""Whatever an endpoint does: everything arrives, in order per call, and nothing twice with another id. The clock is virtual."""

import asyncio
import base64
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from streamer.core.webhooks import WebhookTable
from streamer.delivery.deliverer import EndpointQueue, Limits, World
from streamer.delivery.endpoint import Endpoint
from streamer.delivery.policy import Answer, Outcome
from streamer.store.sqlite.store import open_store
from tests.unit.store.sqlite.calls import keep, make_call, say

KINDS = ("call_started", "final")
KEY = base64.b64encode(b"k" * 32)
DELIVERED = Answer(Outcome.DELIVERED)
DOWN = Answer(Outcome.DOWN, "it answers 503")
REFUSED = Answer(Outcome.REFUSED, "it answers 400")


class VirtualWorld:
    """A clock that goes on whenever a queue waits; `until` counts what is to happen before the test goes on."""

    def __init__(self):
        self.now = datetime.now(UTC).timestamp()
        self.said = []
        self.rests = []

    def world(self):
        return World(self.said.append, lambda: self.now, lambda: 1.0, self.wait)

    async def wait(self, news, seconds):
        if seconds is not None and not news.is_set():
            self.rests.append(seconds)
            self.now += seconds
            await asyncio.sleep(0)
        else:
            await news.wait()


class ScriptedEndpoint:
    """Answers by a function of the event and how often it was sent; remembers all attempts."""

    def __init__(self, answer=lambda event, count: DELIVERED):
        self.answer = answer
        self.attempts = []
        self.taken = []
        self.changed = asyncio.Event()

    async def __call__(self, endpoint, event):
        self.attempts.append(event.key)
        await asyncio.sleep(0)
        answer = self.answer(event, self.attempts.count(event.key))
        if answer is DELIVERED:
            self.taken.append(event)
        self.changed.set()
        return answer

    async def until(self, is_so):
        while not is_so():
            self.changed.clear()
            async with asyncio.timeout(60):
                await self.changed.wait()


@pytest.fixture
async def outbox(tmp_path):
    async with open_store(tmp_path / "streamer.sqlite3") as store:
        await store.take_up("crm", KINDS, most=1000, most_dead=1000)
        yield store


def make_queue(outbox, send, virtual, **limits):
    endpoint = Endpoint(WebhookTable("crm", "http://127.0.0.1:1/", "", KINDS), KEY)
    return EndpointQueue(endpoint, outbox, send, virtual.world(), Limits(**limits))


@asynccontextmanager
async def running(queue):
    task = asyncio.ensure_future(queue.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def fill(outbox, calls=3, lines=4):
    for number in range(1, calls + 1):
        texts = [say(f"line {n}", utterance=n, at=n) for n in range(1, lines + 1)]
        await keep(outbox, make_call(number), *texts)


def by_call(events):
    found: dict[str, list[str]] = {}
    for event in events:
        found.setdefault(event.call_id, []).append(event.mark)
    return found


async def is_empty(outbox):
    return not await outbox.read_waiting("crm")


async def test_all_is_delivered_in_the_order_of_each_call(outbox):
    await fill(outbox)
    send = ScriptedEndpoint()
    async with running(make_queue(outbox, send, VirtualWorld())):
        await send.until(lambda: len(send.taken) == 15)
    marks = ["", *[f"caller {n}" for n in range(1, 5)]]
    assert by_call(send.taken) == {make_call(n).id: marks for n in (1, 2, 3)}
    assert len({event.key for event in send.taken}) == 15


async def test_an_endpoint_that_is_down_for_an_hour_gets_everything_later(outbox):
    await fill(outbox)
    virtual = VirtualWorld()
    up_at = virtual.now + 3600
    send = ScriptedEndpoint(lambda event, count: DELIVERED if virtual.now >= up_at else DOWN)
    async with running(make_queue(outbox, send, virtual)):
        await send.until(lambda: len(send.taken) == 15)
    marks = ["", *[f"caller {n}" for n in range(1, 5)]]
    assert by_call(send.taken) == {make_call(n).id: marks for n in (1, 2, 3)}
    assert len(send.attempts) < 15 + 40, "it is left alone while it is down"
    assert len(virtual.said) == 2
    assert "kept for 3 days" in virtual.said[0]
    assert "again" in virtual.said[1]


async def test_a_killed_deliverer_sends_what_it_could_not_note_again_with_the_same_id(outbox):
    await fill(outbox, calls=1)
    stuck = ScriptedEndpoint()
    async with running(make_queue(outbox, stuck, VirtualWorld())):
        await stuck.until(lambda: len(stuck.taken) == 2)  # the second is not noted
    send = ScriptedEndpoint()
    async with running(make_queue(outbox, send, VirtualWorld())):
        await send.until(lambda: bool(send.taken) and send.taken[-1].mark == "caller 4")
    both = [*stuck.taken, *send.taken]
    assert {event.mark for event in both} == {"", "caller 1", "caller 2", "caller 3", "caller 4"}
    assert len({event.key for event in both}) == 5
    assert send.taken[0].key == stuck.taken[-1].key or len(both) == 5


async def test_what_is_refused_becomes_a_dead_letter_and_holds_up_no_other_call(outbox):
    await fill(outbox, calls=2, lines=2)
    bad = make_call(1).id
    send = ScriptedEndpoint(
        lambda event, count: (
            REFUSED if (event.call_id, event.mark) == (bad, "caller 1") else DELIVERED
        )
    )
    virtual = VirtualWorld()
    async with running(make_queue(outbox, send, virtual)):
        await send.until(lambda: len(send.taken) == 5)
    assert by_call(send.taken) == {
        bad: ["", "caller 2"],
        make_call(2).id: ["", "caller 1", "caller 2"],
    }
    [dead] = await outbox.list_dead(limit=10)
    assert (dead.event.mark, dead.attempts, dead.error) == ("caller 1", 8, "it answers 400")
    assert "1 events for the webhook crm are dead letters" in virtual.said[0]
    assert await outbox.resend() == 1


async def test_what_is_refused_for_good_is_a_dead_letter_at_once(outbox):
    await fill(outbox, calls=1, lines=2)
    send = ScriptedEndpoint(
        lambda event, count: (
            replace(REFUSED, is_final=True) if event.mark == "caller 1" else DELIVERED
        )
    )
    virtual = VirtualWorld()
    began = virtual.now
    async with running(make_queue(outbox, send, virtual)):
        await send.until(lambda: len(send.taken) == 2)
    assert [event.mark for event in send.taken] == ["", "caller 2"]
    assert virtual.now == began
    [dead] = await outbox.list_dead(limit=10)
    assert (dead.event.mark, dead.attempts) == ("caller 1", 1)


async def test_what_is_older_than_three_days_is_a_dead_letter(outbox):
    await fill(outbox, calls=1, lines=1)
    virtual = VirtualWorld()
    send = ScriptedEndpoint(lambda event, count: DOWN)
    virtual.now += 4 * 24 * 3600
    async with running(make_queue(outbox, send, virtual)):
        await send.until(lambda: len(set(send.attempts)) == 2)
    assert await outbox.list_dead(limit=10)


async def test_a_full_queue_says_so_and_keeps_the_newest(outbox):
    await fill(outbox, calls=1, lines=9)
    virtual = VirtualWorld()
    send = ScriptedEndpoint()
    async with running(make_queue(outbox, send, virtual, waiting=4, dead=100)):
        await send.until(lambda: len(send.taken) == 4)
    assert [event.mark for event in send.taken] == [f"caller {n}" for n in (6, 7, 8, 9)]
    assert "6 events" in virtual.said[0]
    assert len(await outbox.list_dead(limit=100)) == 6


async def test_a_long_queue_of_one_call_holds_up_no_other(outbox):
    await fill(outbox, calls=1, lines=250)
    await keep(outbox, make_call(2), say("hello"))
    held = asyncio.Event()

    class Holding(ScriptedEndpoint):
        async def __call__(self, endpoint, event):
            if event.call_id == make_call(1).id:
                await held.wait()
            return await super().__call__(endpoint, event)

    send = Holding()
    async with running(make_queue(outbox, send, VirtualWorld())):
        await send.until(lambda: len(send.taken) == 2)
        assert {event.call_id for event in send.taken} == {make_call(2).id}


async def test_a_fault_of_ours_ends_no_delivery(outbox):
    await fill(outbox, calls=1, lines=1)

    class Faulty(ScriptedEndpoint):
        async def __call__(self, endpoint, event):
            if not self.attempts:
                self.attempts.append(event.key)
                raise RuntimeError("http://secret.example.com/token")
            return await super().__call__(endpoint, event)

    send = Faulty()
    async with running(make_queue(outbox, send, VirtualWorld())):
        await send.until(lambda: len(send.taken) == 2)
