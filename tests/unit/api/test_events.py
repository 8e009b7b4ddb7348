"""What happens, as it happens: both ways of listening, and going on where one left off."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import WSMsgType

from streamer.api import hub as hub_module
from streamer.api.hub import EventHub, Listener, Told
from streamer.core.events import Dtmf, EndReason, Partial, Trouble
from streamer.store.sqlite.store import open_store
from tests.fakes.replay import RememberingBus, until
from tests.unit.api.serving import open_api
from tests.unit.store.sqlite.calls import ZERO, keep, keep_call, make_call, say

EVENTS = "/api/v1/events"


@pytest.fixture
async def api(tmp_path):
    async with open_api(tmp_path) as api:
        yield api


async def read_stream(response, count):
    """Return the first events of a stream as number and fields."""
    events, number = [], None
    async with asyncio.timeout(60):
        async for line in response.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                number = int(value)
            elif name == "data":
                events.append((number, json.loads(value)))
                number = None
                if len(events) == count:
                    return events
    raise AssertionError("the stream ended")


def kinds(events):
    return [fields["event"] for _, fields in events]


async def test_events_come_as_they_happen_and_partials_have_no_number(api):
    call = make_call()
    async with api.client.get(api.root + EVENTS) as response:
        assert response.content_type == "text/event-stream"
        await keep_call(api.store, call)
        [started] = await read_stream(response, 1)
        api.bus.publish(Partial(call.id, "caller", 1, 0, 16_000, (), ()))
        api.bus.publish(Trouble(None, "the disk is full"))
        live = await read_stream(response, 2)
        await keep(api.store, call, say("hello"))
        await api.store.keep_happening(Dtmf(call.id, "caller", "5", 1.5, ZERO))
        await api.store.end_call(call.id, EndReason.HANG_UP, duration=16_000, ended_at=ZERO)
        stored = await read_stream(response, 3)
    assert kinds([started]) == ["call_started"]
    assert [(number, fields["event"]) for number, fields in live] == [
        (None, "partial"),
        (None, "trouble"),
    ]
    assert kinds(stored) == ["final", "dtmf", "call_ended"]
    numbers = [number for number, _ in [started, *stored]]
    assert numbers == sorted(numbers)


async def test_a_mark_is_told_with_a_number_whoever_sets_it_and_whether_the_call_is_over(api):
    call = make_call()
    await keep(api.store, call, say("hello"))
    await api.store.end_call(call.id, EndReason.HANG_UP, duration=16_000, ended_at=ZERO)
    async with api.client.get(f"{api.root}{EVENTS}?types=mark") as response:
        path, line = f"/api/v1/calls/{call.id}/marks", {"leg": "caller", "utterance": 1}
        noted = line | {"note": "ring back"}
        answers = [await api.get(path, method="POST", json=noted) for _ in range(2)]
        told = await read_stream(response, 1)
        answers.append(await api.get(path, method="POST", json=line | {"removed": True}))
        told += await read_stream(response, 1)
    assert [status for status, _ in answers] == [200, 200, 200]
    assert [(fields["note"], "removed" in fields) for _, fields in told] == [
        ("ring back", False),
        ("", True),
    ]
    assert told[0][1] == answers[0][1] == answers[1][1]
    assert None not in [number for number, _ in told]
    assert (await api.get(path))[1] == {"marks": []}


async def test_a_client_goes_on_behind_the_event_that_it_has(api):
    await keep(api.store, make_call(), *[say(f"line {n}", utterance=n, at=n) for n in (1, 2, 3)])
    async with api.client.get(api.root + EVENTS, headers={"Last-Event-ID": "0"}) as response:
        all_of_them = await read_stream(response, 4)
    second = all_of_them[1][0]
    async with api.client.get(f"{api.root}{EVENTS}?last_event_id={second}") as response:
        await keep(api.store, make_call(2))
        rest = await read_stream(response, 3)
    assert rest[:2] == all_of_them[2:]
    assert rest[2][1]["call"] == make_call(2).id


async def test_a_number_from_another_database_brings_what_happens_from_now_on(api):
    async with api.client.get(api.root + EVENTS, headers={"Last-Event-ID": "999999"}) as response:
        await keep_call(api.store, make_call())
        assert kinds(await read_stream(response, 1)) == ["call_started"]


async def test_events_can_be_chosen(api):
    await keep(api.store, make_call(1), say("one"))
    await keep(api.store, make_call(2), say("two"))
    query = f"?types=final&call={make_call(2).id}&last_event_id=0"
    async with api.client.get(api.root + EVENTS + query) as response:
        [(_, final)] = await read_stream(response, 1)
    assert final["text"] == "two"


async def test_a_websocket_tells_the_same(api):
    call = make_call()
    await keep(api.store, call, say("hello"))
    async with api.client.ws_connect(f"{api.root}{EVENTS}?last_event_id=0") as socket:
        async with asyncio.timeout(60):
            first, second = [await socket.receive_json() for _ in range(2)]
            api.bus.publish(Trouble(call.id, "lost"))
            third = await socket.receive_json()
            await socket.send_str("what we say is not read")
            await socket.close()
    assert (first["event"], second["event"], third["event"]) == ("call_started", "final", "trouble")
    assert second["id"] == first["id"] + 1
    assert "id" not in third


async def test_streams_end_with_the_server(tmp_path):
    async with open_api(tmp_path) as api:
        socket = await api.client.ws_connect(f"{api.root}{EVENTS}")
        response = await api.client.get(api.root + EVENTS)
    async with asyncio.timeout(60):
        message = await socket.receive()
    assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING)
    response.close()


async def test_a_listener_that_is_too_slow_is_sent_away_and_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(hub_module, "MOST_UNREAD", 3)
    listener = Listener()
    for number in range(5):
        listener.offer(Told(number, {"event": "final"}))
    assert listener.is_late
    assert [told async for told in listener] == []


async def test_what_another_process_stores_is_told_once_and_in_order(tmp_path):
    path = tmp_path / "streamer.sqlite3"
    bus, observed = RememberingBus(), list[Any]()
    async with open_store(path) as ours, open_store(path) as theirs:
        hub = EventHub(ours, bus, observed.append)
        running = asyncio.ensure_future(hub.run())
        await until(lambda: bus._subscriptions)
        await keep(theirs, make_call(1), say("hello"))
        await keep(ours, make_call(2), say("hello"))
        bus.publish(Dtmf("c1", "caller", "5", 1.0, ZERO))
        await until(lambda: len(observed) == 4)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [each.kind for each in observed] == ["call_started", "final"] * 2
