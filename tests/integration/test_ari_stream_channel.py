"""The sub-protocol of the module on top of taps through ARI: a client of the module gets the same, and can harm nothing."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from streamer.core.events import EndReason
from streamer.errors import NotFoundError
from streamer.simulator.ari.sound import Speech
from streamer.tap.listen_plan import ListenAddress
from tests.fakes.ari_tap import OTHER, PHRASE, open_pbx, recording
from tests.fakes.ari_watch import watching
from tests.fakes.replay import PATIENCE_S, until

VOICES = (Speech(PHRASE, repeats=True), Speech(OTHER, repeats=True))
PROTOCOL = [Subprotocol("stream-channel")]
HERE = ListenAddress("stream-channel", "127.0.0.1", 0)
FRAME = 640


@pytest.fixture
async def pbx():
    async with open_pbx() as opened:
        yield opened


@pytest.fixture
async def node(pbx, recordings):
    async with watching(pbx, recordings / "node", stream_channel=HERE) as opened:
        yield opened


def begin(pbx):
    call = pbx.ari.pbx.start_call(codec="g722", voices=VOICES)
    call.answer()
    return call


def url(node, path="/ws"):
    return f"ws://{node.addresses['stream-channel']}{path}"


def ask(node, name, *, header="Channel-ID", path="/ws", **more):
    headers = {header: name, **more}
    return connect(url(node, path), subprotocols=PROTOCOL, additional_headers=headers)


async def read_frames(client, count):
    async with asyncio.timeout(PATIENCE_S):
        return [await client.recv() for _ in range(count)]


async def until_clean(pbx, node):
    (application,) = pbx.ari.applications
    await until(lambda: pbx.left() == [f"application {application}"])


async def test_watch_records_both_parties_over_it_and_the_call_ends_as_with_the_module(
    pbx, node, recordings
):
    call = begin(pbx)
    settings = pbx.settings(recordings / "client", url=url(node), via="stream-channel")
    channels = call.caller["name"], call.called["id"]
    async with recording(settings, *channels) as run:
        await run.until_heard_from_all(2)
        await run.until_heard(1, 10)
        call.hang_up()
        assert (await run.result()).reason is EndReason.HANG_UP
    for leg, phrase in enumerate((PHRASE, OTHER)):
        assert phrase in run.pcm(leg) + phrase
        assert run.pcm(leg)[:FRAME] in (phrase[:FRAME], phrase[FRAME:])
    await until_clean(pbx, node)


async def test_a_channel_that_there_is_not_is_refused_as_the_module_does(pbx, node, recordings):
    settings = pbx.settings(recordings / "client", url=url(node), via="stream-channel")
    async with recording(settings, "PJSIP/no") as run:
        result = await run.result()
    assert isinstance(result.errors[0], NotFoundError)
    async with connect(url(node), subprotocols=PROTOCOL) as client:
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000


@pytest.mark.parametrize("header", ["Channel-ID", "channel-id", "Channel-Id", "CHANNEL-ID"])
async def test_clients_may_write_the_header_in_any_case_ping_and_leave(pbx, node, header):
    call = begin(pbx)
    async with ask(node, call.caller["name"], header=header) as client:
        await client.send("whatever")
        await (await client.ping())
        frames = await read_frames(client, 5)
    assert {len(frame) for frame in frames} == {FRAME}
    await until_clean(pbx, node)
    assert not call.is_over


async def test_what_the_module_refuses_is_refused_with_its_status(pbx, node):
    with pytest.raises(InvalidStatus) as refused:
        await connect(url(node), additional_headers={"Channel-ID": "x"})
    assert refused.value.response.status_code == 400
    assert refused.value.response.headers["Sec-WebSocket-Version"] == "7, 8, 13"
    with pytest.raises(InvalidStatus, match="404"):
        await ask(node, "x", path="/other")


async def test_with_auth_only_those_come_in_who_show_it(pbx, recordings):
    guarded = ListenAddress("stream-channel", "127.0.0.1", 0, auth=("bearer:secret",))
    call = begin(pbx)
    async with watching(pbx, recordings, stream_channel=guarded) as node:
        for shown in ({}, {"Authorization": "Bearer wrong"}):
            with pytest.raises(InvalidStatus, match="401"):
                await ask(node, call.caller["id"], **shown)
        async with ask(node, call.caller["id"], Authorization="Bearer secret") as client:
            await read_frames(client, 1)


async def test_a_client_that_does_not_read_costs_the_others_nothing(pbx, node):
    call = begin(pbx)
    async with ask(node, call.caller["id"]) as lazy, ask(node, call.caller["id"]) as other:
        lazy.transport.pause_reading()
        await read_frames(other, 20)
        lazy.transport.resume_reading()
    await until_clean(pbx, node)


async def test_what_a_killed_process_has_tapped_is_deleted_by_the_next(pbx, recordings):
    call = begin(pbx)
    application = "streamer-0000dead"
    bridge = pbx.ari.pbx.make_bridge(id="streamer-" + "0" * 32, bridge_class="stasis")
    places = recordings / ".locks"
    places.mkdir(parents=True)
    noted = {"channels": [], "bridges": [bridge["id"]], "application": application}
    path = places / f"taps-{application}.json"
    path.write_text(json.dumps({"url": f"{pbx.url}/ari", **noted}))
    async with watching(pbx, recordings, stream_channel=HERE) as node:
        assert not path.exists()
        async with ask(node, call.caller["id"]) as client:
            await read_frames(client, 1)
            assert len(list(places.glob("taps-*.json"))) == 1
        await until_clean(pbx, node)
    assert list(places.glob("taps-*")) == []
