"""Delivering in the background of `serve` and `watch`, from the database to an address on 127.0.0.1."""

import asyncio
import json

from aiohttp import web

from streamer.bus import Bus
from streamer.calls.backend import Backend
from streamer.config import Settings
from streamer.delivery.endpoint import read_endpoints
from streamer.delivery.running import delivering, lock_path
from streamer.recording.locks import take_lock
from streamer.store import open_outbox, open_store
from tests.fakes.replay import until
from tests.unit.delivery.test_http import SECRET, serving
from tests.unit.store.sqlite.calls import keep, make_call, say


async def until_noted(settings):
    async with open_outbox(settings) as outbox:
        waits = True
        while waits:
            waits = any(row.waiting for row in await outbox.list_endpoints())


async def test_one_of_several_delivers_and_another_goes_on_when_it_ends(tmp_path):
    got = []

    async def take(request):
        got.append(json.loads(await request.read()))
        return web.Response()

    async with serving(take) as url:
        table = {"url": url, "secret": SECRET, "events": ["call_started", "final"]}
        settings = Settings(recordings=str(tmp_path), webhook=[table])
        async with open_store(settings) as store:
            opening = asyncio.get_running_loop().create_future()
            opening.set_result(store)
            backend = Backend(opening, None)

            def start():
                return delivering(settings, read_endpoints(settings, {}), backend, Bus())

            async with start() as second_try:
                await until(lambda: second_try.queues)
                assert take_lock(lock_path(settings)) is None
                async with start() as waiting:
                    await keep(store, make_call(1), say("hello"))
                    await until(lambda: len(got) == 2)
                    assert not waiting.queues
                    await until_noted(settings)  # what is not noted yet is told again
            await keep(store, make_call(2), say("meanwhile"))
            async with start():
                await until(lambda: len(got) == 4)
    assert [body["type"] for body in got] == ["call_started", "final"] * 2
    assert got[3]["data"]["text"] == "meanwhile"


async def test_the_lock_is_that_of_the_database(tmp_path):
    usual = Settings(recordings=str(tmp_path))
    other = Settings(recordings=str(tmp_path), db=str(tmp_path / "other.sqlite3"))
    assert lock_path(usual) == tmp_path / "webhooks.lock"
    assert lock_path(other) == tmp_path / "other.sqlite3.webhooks.lock"
