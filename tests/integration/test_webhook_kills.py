"""A delivering process that is killed at any point: every event arrives, in order per call, and none twice with another id."""

import json
from typing import Any

from aiohttp import web

from streamer.store.sqlite.store import open_store
from tests.fakes.replay import until
from tests.unit.delivery.test_http import SECRET, serving
from tests.unit.store.sqlite.calls import keep, make_call, say, start_child

DELIVERER = """
import asyncio, json, sys
from streamer.bus import Bus
from streamer.calls.backend import Backend
from streamer.config import Settings
from streamer.delivery.endpoint import read_endpoints
from streamer.delivery.running import delivering
from streamer.store import open_store

async def main():
    settings = Settings(**json.loads(sys.argv[1]))
    async with open_store(settings) as store:
        opening = asyncio.get_running_loop().create_future()
        opening.set_result(store)
        async with delivering(settings, read_endpoints(settings, {}), Backend(opening, None), Bus()):
            print("delivering", flush=True)
            await asyncio.Event().wait()

asyncio.run(main())
"""
KINDS = ["call_started", "final", "mark"]
KILLS = (3, 4, 9)
"""After so many requests a deliverer is killed: before one is answered, at once after one was, and again before."""


class Receiver:
    """Takes webhooks; at some of them the deliverer is killed, which then never hears the answer."""

    def __init__(self):
        self.got = []
        self.child = None

    async def take(self, request):
        body = json.loads(await request.read())
        self.got.append((request.headers["webhook-id"], body))
        if len(self.got) in KILLS and self.child is not None:
            self.child.kill()
        return web.Response()


async def test_every_event_arrives_in_order_and_none_twice_with_another_id(tmp_path):
    receiver = Receiver()
    async with serving(receiver.take) as url:
        table = {"name": "crm", "url": url, "secret": SECRET, "events": KINDS}
        settings = {"recordings": str(tmp_path), "webhook": [table]}
        async with open_store(tmp_path / "streamer.sqlite3") as store:
            await store.take_up("crm", KINDS, most=1000, most_dead=1000)
            for number in (1, 2, 3):
                lines = [say(f"line {n}", utterance=n, at=n) for n in (1, 2, 3)]
                await keep(store, make_call(number), *lines)
            stored = await store.read_events(0)
            for _ in range(len(KILLS) + 1):
                with start_child(DELIVERER, json.dumps(settings)) as receiver.child:
                    await until(lambda: is_over(receiver, stored))
                    receiver.child.kill()
    bodies: dict[str, list[Any]] = {}
    for id, body in receiver.got:
        bodies.setdefault(id, []).append(body)
    assert set(bodies) == {event.key for event in stored}
    assert all(each == same[0] for same in bodies.values() for each in same)
    told = [
        (body["type"], body["data"]["call"], body["data"].get("utterance"))
        for [body, *_] in bodies.values()
    ]
    assert len(set(told)) == len(told) == len(stored)
    for call in {call for _, call, _ in told}:
        assert [number for _, of, number in told if of == call] == [None, 1, 2, 3]


def is_over(receiver, stored):
    """Say whether the deliverer was killed, or has delivered everything."""
    has_died = receiver.child.poll() is not None
    return has_died or len({id for id, _ in receiver.got}) == len(stored)
