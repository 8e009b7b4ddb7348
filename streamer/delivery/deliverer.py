"""Delivers what waits in the outbox, each endpoint by itself, the events of a call in order. When and how often: see `policy`."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from streamer.delivery.endpoint import Endpoint, Send
from streamer.delivery.policy import OLDEST, Answer, Outcome, find_rest_s, is_hopeless
from streamer.errors import StoreError
from streamer.store import Delivery, Outbox
from streamer.store.outbox import MOST_READ

LOOK_S = 0.1
"""Seconds between two looks whether there is anything new."""

MOST_AT_ONCE = 32
"""Events that are on their way to an endpoint at the same time, each of another call."""

MOST_WAITING = 100_000
"""Events that wait for an endpoint; of more, the oldest become dead letters."""

MOST_DEAD = 10_000
"""Dead letters of an endpoint; of more, the oldest are dropped."""

SAY_AGAIN_S = 600.0
_STORE_REST_S = 1.0

_log = logging.getLogger(__name__)

Wait = Callable[[asyncio.Event, "float | None"], Awaitable[None]]
"""Waits for news, so many seconds at most."""


async def wait_for_news(news: asyncio.Event, seconds: float | None) -> None:
    """Wait for news, so many seconds at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await news.wait()


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an endpoint may have."""

    waiting: int = MOST_WAITING
    dead: int = MOST_DEAD
    at_once: int = MOST_AT_ONCE


@dataclass(frozen=True, slots=True)
class World:
    """What a queue knows of the world outside: `clock` counts UTC in seconds, `chance` is from 0 to 1."""

    say: Callable[[str], None]
    clock: Callable[[], float] = lambda: datetime.now(UTC).timestamp()
    chance: Callable[[], float] = random.random
    wait: Wait = wait_for_news


class EndpointQueue:
    """Delivers to one endpoint."""

    def __init__(
        self,
        endpoint: Endpoint,
        outbox: Outbox,
        send: Send,
        world: World,
        limits: Limits | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._outbox = outbox
        self._send = send
        self._world = world
        self._limits = limits or Limits()
        self._news = asyncio.Event()
        self._taken = -1  # up to which event
        self._sending: dict[str, asyncio.Task[bool]] = {}  # by call
        self._resting: dict[str, float] = {}  # until when, by call
        self._may_wait = True
        """Something may wait that was not read yet."""
        self._unread: set[str] = set()
        """Calls on their way of which more may wait."""
        self._failures = 0
        """Of the endpoint, in a row."""
        self._rest_until = 0.0
        self._said_dead_at = -SAY_AGAIN_S
        self._unsaid_dead = 0

    def wake(self) -> None:
        """Look again, since something may have been stored."""
        self._may_wait = True
        self._news.set()

    async def register(self) -> None:
        """Have events noted for this endpoint from now on, if it is new; as far as the store takes it now."""
        with suppress(StoreError):
            await self._take_up()

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            while True:
                self._news.clear()
                rest_s = await self._look()
                await self._world.wait(self._news, rest_s)
        finally:
            for task in self._sending.values():
                task.cancel()
            await asyncio.gather(*self._sending.values(), return_exceptions=True)

    async def _look(self) -> float | None:
        """Begin what may be begun; return the seconds until more may be, None if only news can tell."""
        try:
            await self._take_up()
            return await self._begin_all()
        except StoreError as error:
            _log.warning("%s waits: %s", self.endpoint.name, error)
            self._may_wait = True
            return _STORE_REST_S

    async def _take_up(self) -> None:
        newest = await self._outbox.last_event()
        if newest == self._taken:
            return
        died = await self._outbox.take_up(
            self.endpoint.name,
            self.endpoint.table.events,
            most=self._limits.waiting,
            most_dead=self._limits.dead,
        )
        self._taken = newest
        self._may_wait = True
        if died:
            self._count_dead(died)

    async def _begin_all(self) -> float | None:
        now = self._world.clock()
        if self._failures and now < self._rest_until:
            return self._rest_until - now
        rested = {call for call, until in self._resting.items() if until <= now}
        self._resting = {call: self._resting[call] for call in self._resting.keys() - rested}
        self._may_wait |= bool(rested)
        room = (1 if self._failures else self._limits.at_once) - len(self._sending)
        while room > 0 and self._may_wait:
            room -= await self._begin_some(room)
        return min(self._resting.values()) - now if self._resting else None

    async def _begin_some(self, room: int) -> int:
        """Begin the first event of each call that neither is on its way nor rests; return how many calls there were.

        What waits is read as seldom as may be: with fifty calls at once, each answer would read what waits of all others.
        """
        busy = {*self._sending, *self._resting}
        self._unread |= busy
        self._may_wait = False
        waiting = await self._outbox.read_waiting(
            self.endpoint.name, without_calls=busy, limit=MOST_READ
        )
        firsts = list(_list_firsts(waiting))
        self._may_wait |= len(waiting) >= MOST_READ or len(firsts) > room
        counts = Counter(each.event.call_id for each in waiting)
        for delivery in firsts[:room]:
            self._begin(delivery)
            if counts[delivery.event.call_id] > 1:
                self._unread.add(delivery.event.call_id)
        return len(firsts)

    def _begin(self, delivery: Delivery) -> None:
        call_id = delivery.event.call_id

        def end(task: asyncio.Task[bool]) -> None:
            self._sending.pop(call_id, None)
            if call_id in self._unread or task.cancelled() or not task.result():
                self._unread.discard(call_id)
                self._may_wait = True
            self._news.set()

        task = asyncio.ensure_future(self._deliver(delivery))
        self._sending[call_id] = task
        task.add_done_callback(end)

    async def _deliver(self, delivery: Delivery) -> bool:
        """Say whether it waits no more."""
        try:
            answer = await self._send(self.endpoint, delivery.event)
            await self._note(delivery, answer)
            return answer.outcome is Outcome.DELIVERED
        except StoreError as error:
            _log.warning("%s waits: %s", self.endpoint.name, error)
            self._resting[delivery.event.call_id] = self._world.clock() + _STORE_REST_S
        except Exception:  # noqa: BLE001 - the task's outermost edge; what is raised may hold a URL
            _log.error("a delivery to %s failed by a fault of streamer's", self.endpoint.name)
            self._resting[delivery.event.call_id] = self._world.clock() + find_rest_s(10, chance=1)
        return False

    async def _note(self, delivery: Delivery, answer: Answer) -> None:
        if answer.outcome is Outcome.DELIVERED:
            await self._outbox.note_delivered(self.endpoint.name, delivery.event.number)
            self._rise()
            return
        if answer.outcome is Outcome.DOWN:
            self._fall(answer)
        else:
            self._rise()
        await self._note_failed(delivery, answer)

    async def _note_failed(self, delivery: Delivery, answer: Answer) -> None:
        now, attempts = self._world.clock(), delivery.attempts + 1
        is_dead = answer.is_final or is_hopeless(
            answer.outcome,
            attempts=attempts,
            stored_at=delivery.event.at,
            now=datetime.fromtimestamp(now, UTC),
        )
        if answer.outcome is Outcome.REFUSED and not is_dead:
            rest_s = find_rest_s(attempts, chance=self._world.chance(), asked_s=answer.rest_s)
            self._resting[delivery.event.call_id] = now + rest_s
        if answer.outcome is Outcome.REFUSED or is_dead:
            await self._outbox.note_failed(
                self.endpoint.name, delivery.event.number, answer.why, is_dead=is_dead
            )
        if is_dead:
            self._count_dead(1)

    def _fall(self, answer: Answer) -> None:
        if not self._failures:
            self._world.say(
                f"{self.endpoint.title} takes nothing now: {answer.why};"
                f" what it does not get is kept for {OLDEST.days} days and sent when it does"
            )
        if self._world.clock() >= self._rest_until:  # of several that fell together, one counts
            self._failures += 1
        rest_s = find_rest_s(self._failures, chance=self._world.chance(), asked_s=answer.rest_s)
        self._rest_until = max(self._rest_until, self._world.clock() + rest_s)

    def _rise(self) -> None:
        if self._failures:
            self._world.say(f"{self.endpoint.title} takes events again")
        self._failures = 0
        self._rest_until = 0.0

    def _count_dead(self, count: int) -> None:
        self._unsaid_dead += count
        now = self._world.clock()
        if now - self._said_dead_at >= SAY_AGAIN_S:
            self._world.say(
                f"{self._unsaid_dead} events for {self.endpoint.title} are dead letters now;"
                " `streamer webhooks list` says why, `streamer webhooks resend` sends them again"
            )
            self._said_dead_at, self._unsaid_dead = now, 0


def _list_firsts(waiting: Iterable[Delivery]) -> Iterator[Delivery]:
    """Yield the first event of each call."""
    seen = set()
    for delivery in waiting:
        if delivery.event.call_id not in seen:
            seen.add(delivery.event.call_id)
            yield delivery


async def deliver_all(outbox: Outbox, queues: Sequence[EndpointQueue]) -> None:
    """Deliver to all endpoints until cancelled."""
    async with asyncio.TaskGroup() as group:
        for queue in queues:
            group.create_task(queue.run())
        version = -1
        while True:
            with suppress(StoreError):  # each queue says it
                newest = await outbox.read_version()
                if newest != version:
                    version = newest
                    for queue in queues:
                        queue.wake()
            await asyncio.sleep(LOOK_S)
