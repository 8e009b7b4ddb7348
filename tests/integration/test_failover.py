"""Two real `serve` nodes behind the dialplan that we print for them; one is killed, and the call goes to the other."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

import aiohttp

from streamer.wire.pbx.asterisk import render_asterisk
from streamer.wire.pbx.blocks import Node, Wanted
from streamer.wire.pbx.releases import WAYS
from streamer.wire.pbx.versions import parse_version
from tests.fakes.dialplan import Dialplan
from tests.fakes.replay import until
from tests.fakes.serving import call, find_listeners, serving


def locate(served):
    places = {event["source"]: event["address"] for event in served.of_kind("listening")}
    return Node(places["audiosocket"], places["registration"])


async def curl(url):
    with suppress(aiohttp.ClientError):
        async with aiohttp.ClientSession() as client, client.get(url) as answer:
            return await answer.text()
    return ""


async def dial(target):
    """Do what the channel driver does, and say a word."""
    _, address, uuid, _ = target.split("/")
    try:
        caller = await call(int(address.rpartition(":")[2]))
    except OSError:
        return "CHANUNAVAIL"
    caller.identify(UUID(uuid))
    caller.speak(b"\1\0" * 1600)
    caller.hang_up()
    return "ANSWER"


async def make_call(nodes):
    wanted = Wanted(parse_version("22.9"), "127.0.0.1:9092", nodes=nodes)
    plan = Dialplan(render_asterisk(WAYS["audiosocket"], wanted), curl, dial)
    await plan.run("streamer", "101")
    return plan.variables["STREAMER_NODE"]


async def test_a_call_whose_node_was_killed_goes_to_the_other(tmp_path):
    flags = ("--register", "127.0.0.1:0")
    async with (
        serving(tmp_path / "a", *flags, accepts=False) as first,
        serving(tmp_path / "b", *flags, accepts=False) as second,
    ):
        for served in (first, second):
            await until(lambda: len(served.of_kind("listening")) == 2)  # noqa: B023
        nodes = (locate(first), locate(second))
        assert await make_call(nodes) == nodes[0].address
        await first.ended()
        first.process.kill()
        for listener in find_listeners(first.recordings):
            listener.kill()
        await until(lambda: not find_listeners(first.recordings))
        assert await make_call(nodes) == nodes[1].address
        await second.ended()
        (recorded,) = second.calls()
        assert recorded["facts"]["to"] == "101"
        assert len(first.calls()) == 1
