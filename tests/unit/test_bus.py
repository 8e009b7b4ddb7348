import asyncio

from streamer.bus import Bus
from streamer.core.events import Trouble


def trouble(number: int) -> Trouble:
    return Trouble(None, str(number))


async def test_every_observer_gets_every_event_in_order():
    bus = Bus()
    with bus.subscribe() as one, bus.subscribe() as other:
        for number in range(3):
            bus.publish(trouble(number))
        bus.close()
        assert [e async for e in one] == [e async for e in other] == [trouble(n) for n in range(3)]


async def test_an_observer_that_waits_is_woken():
    bus = Bus()
    with bus.subscribe() as events:
        first = asyncio.ensure_future(anext(aiter(events)))
        await asyncio.sleep(0)
        bus.publish(trouble(1))
        assert await first == trouble(1)


async def test_a_slow_observer_loses_its_oldest_events_counted():
    bus = Bus()
    with bus.subscribe(capacity=2) as slow, bus.subscribe() as quick:
        for number in range(5):
            bus.publish(trouble(number))
        bus.close()
        assert [e async for e in slow] == [trouble(3), trouble(4)]
        assert slow.lost == 3
        assert len([e async for e in quick]) == 5
        assert quick.lost == 0


async def test_an_observer_that_has_left_gets_nothing():
    bus = Bus()
    with bus.subscribe() as events:
        pass
    bus.publish(trouble(1))
    bus.close()
    events.close()
    assert [e async for e in events] == []


async def test_closing_wakes_an_observer_that_waits():
    bus = Bus()
    with bus.subscribe() as events:
        rest = asyncio.ensure_future(anext(aiter(events), None))
        await asyncio.sleep(0)
        bus.close()
        assert await rest is None
