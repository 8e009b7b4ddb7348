"""The stand-in for ARI, asked over its sockets as a tap asks it, and heard."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from streamer.ari.access import read_access
from streamer.ari.applications import forget_application
from streamer.ari.client import open_ari
from streamer.config import Settings
from streamer.errors import UnreachableError
from streamer.simulator.ari.faults import FAULTS, Faults
from streamer.simulator.ari.originations import Telephone
from streamer.simulator.ari.server import PASSWORD, USER, SimulatedAri
from streamer.simulator.ari.sound import FRAME_SIZE, MUSIC, SILENCE, Speech
from streamer.wire.ari import requests
from streamer.wire.ari.events import (
    ApplicationReplaced,
    ChannelDestroyed,
    EnteredBridge,
    Held,
    LeftBridge,
    StasisEnded,
    StasisStarted,
    parse_event,
)
from streamer.wire.ari.ids import PREFIX, make_application
from streamer.wire.ari.requests import MediaFormat, SocketOption, Spy
from streamer.wire.audiosocket import encode_identifier
from tests.conftest import TRACES
from tests.fakes.ports import closed_port
from tests.fakes.replay import PATIENCE_S, until
from tests.unit.wire.ari.traces import list_events

SAID, HEARD = b"\x01\x10" * 320, b"\x02\x20" * 320
VOICES = (Speech(SAID, repeats=True), Speech(HEARD, repeats=True))
HEADER = 3
KEY = f"api_key={USER}:{PASSWORD}"


@pytest.fixture
async def pbx():
    ari = SimulatedAri(speed=10.0)
    async with ari.open("127.0.0.1", 0) as port:
        yield ari, f"http://127.0.0.1:{port}"


@asynccontextmanager
async def opened(url):
    settings = Settings(ari_url=url, ari_user=USER, ari_password=PASSWORD)
    async with open_ari(read_access(settings)) as client:
        application = make_application()
        async with client.open_events(application) as events:
            yield client, application, events


@asynccontextmanager
async def listening():
    """Yield the address of an AudioSocket server, and who connects to it."""
    callers: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    server = await asyncio.start_server(lambda r, w: callers.put_nowait((r, w)), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname(), callers


def start(ari):
    call = ari.pbx.start_call(voices=VOICES)
    call.answer()
    return call


async def tap(client, application, channel, spy, address, format=MediaFormat.SLIN16):
    """Tap a channel over AudioSocket, and return the ids of what was made and the UUID."""
    uuid = uuid4()
    snoop = await client.ask(requests.snoop(application, channel, spy))
    medium = await client.ask(requests.send_over_audiosocket(application, address, uuid, format))
    bridge = await client.ask(requests.make_bridge())
    ids = [answer.document["id"] for answer in (snoop, medium, bridge)]
    added = await client.ask(requests.add_to_bridge(ids[2], ids[:2]))
    assert added.status == 204
    return *ids, uuid


async def read_frames(reader, count, size=FRAME_SIZE):
    async with asyncio.timeout(PATIENCE_S):
        return [await reader.readexactly(HEADER + size) for _ in range(count)]


@pytest.mark.parametrize(("spy", "frame"), [(Spy.SAID, SAID), (Spy.HEARD, HEARD)])
async def test_a_tap_over_audiosocket_gets_what_it_asked_for(pbx, spy, frame):
    ari, url = pbx
    call = start(ari)
    async with listening() as (address, callers), opened(url) as (client, application, events):
        *_, uuid = await tap(client, application, call.caller["id"], spy, address)
        reader, writer = await callers.get()
        assert await reader.readexactly(19) == encode_identifier(uuid)
        assert set(await read_frames(reader, 5)) == {b"\x12\x02\x80" + frame}
        writer.close()
        async for message in events:
            if isinstance(message.event, ChannelDestroyed):
                break
        assert message.event.channel.name.startswith("AudioSocket/")


async def test_while_one_holds_the_other_hears_music(pbx):
    ari, url = pbx
    call = start(ari)
    call.hold()
    async with listening() as (address, callers), opened(url) as (client, application, _):
        for spy, channel, frame in (
            (Spy.HEARD, call.caller, MUSIC),
            (Spy.SAID, call.called, SILENCE),
        ):
            await tap(client, application, channel["id"], spy, address)
            reader, writer = await callers.get()
            await reader.readexactly(19)
            assert set(await read_frames(reader, 3)) == {b"\x12\x02\x80" + frame}
            writer.close()


@pytest.mark.parametrize(
    ("format", "size"), [(MediaFormat.SLIN, 320), (MediaFormat.ULAW, 160), (MediaFormat.ALAW, 160)]
)
async def test_narrow_formats_have_the_label_of_8_khz(pbx, format, size):
    ari, url = pbx
    call = start(ari)
    async with listening() as (address, callers), opened(url) as (client, application, _):
        await tap(client, application, call.caller["id"], Spy.BOTH, address, format)
        reader, writer = await callers.get()
        await reader.readexactly(19)
        (frame,) = await read_frames(reader, 1, size)
        assert frame[:HEADER] == b"\x10" + size.to_bytes(2, "big")
        writer.close()


async def test_the_end_of_a_call_leaves_the_medium_and_the_bridge(pbx):
    ari, url = pbx
    call = start(ari)
    async with listening() as (address, callers), opened(url) as (client, application, events):
        snoop, medium, bridge, _ = await tap(
            client, application, call.caller["id"], Spy.SAID, address
        )
        reader, writer = await callers.get()
        call.hang_up()
        async for message in events:
            if isinstance(message.event, StasisEnded):
                break
        assert message.event.channel.id == snoop
        assert (await client.ask(requests.end_channel(snoop))).status == 404
        assert set(ari.list_left(PREFIX)) == {
            f"channel {medium}",
            f"bridge {bridge}",
            f"application {application}",
        }
        assert (await client.ask(requests.end_channel(medium))).status == 204
        assert (await client.ask(requests.end_bridge(bridge))).status == 204
        async with asyncio.timeout(PATIENCE_S):
            await reader.read()
        writer.close()
    await until(lambda: not ari.list_left(PREFIX))


async def test_a_server_that_cannot_be_reached_is_refused(pbx):
    ari, url = pbx
    async with opened(url) as (client, application, _):
        address = ("127.0.0.1", closed_port())
        request = requests.send_over_audiosocket(application, address, uuid4(), MediaFormat.SLIN16)
        answer = await client.ask(request)
        assert (answer.status, answer.document) == (500, {"error": "Allocation failed"})
        ari.faults.missing_modules.add("chan_audiosocket.so")
        async with listening() as (there, _):
            request = requests.send_over_audiosocket(
                application, there, uuid4(), MediaFormat.SLIN16
            )
            assert (await client.ask(request)).status == 500


async def test_a_late_channel_is_422_until_it_has_entered(pbx):
    ari, url = pbx
    call = start(ari)
    ari.faults.late_start_s = 0.05
    async with opened(url) as (client, application, events):
        snoop = await client.ask(requests.snoop(application, call.caller["id"], Spy.SAID))
        bridge = (await client.ask(requests.make_bridge())).document["id"]
        adding = requests.add_to_bridge(bridge, [snoop.document["id"]])
        early = await client.ask(adding)
        assert early.status == 422
        assert early.document == {"message": "Channel not in Stasis application"}
        async for message in events:
            if isinstance(message.event, StasisStarted):
                break
        assert (await client.ask(adding)).status == 204


async def test_without_its_application_nothing_stays(pbx):
    ari, url = pbx
    call = start(ari)
    settings = Settings(ari_url=url, ari_user=USER, ari_password=PASSWORD)
    async with open_ari(read_access(settings)) as client:
        request = requests.snoop(make_application(), call.caller["id"], Spy.SAID)
        assert (await client.ask(request)).status == 200
        assert ari.list_left(PREFIX) == []


async def test_who_listens_to_all_no_more_hears_of_what_it_follows(pbx):
    ari, url = pbx
    call, other = start(ari), start(ari)
    application = make_application()
    settings = Settings(ari_url=url, ari_user=USER, ari_password=PASSWORD)
    async with (
        open_ari(read_access(settings)) as client,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/ari/events?app={application}&{KEY}") as socket,
    ):
        missing = await client.ask(requests.follow_source(application, "channel:gone"))
        assert missing.status == 422
        followed = await client.ask(
            requests.follow_source(application, f"channel:{call.called['id']}")
        )
        assert followed.document["channel_ids"] == [call.called["id"]]
        await client.ask(requests.filter_events(application, ["ChannelHold", "ChannelUnhold"]))
        other.hold()
        call.hold()
        call.unhold()
        heard = [json.loads((await socket.receive()).data)["type"] for _ in range(2)]
        assert heard == ["ChannelHold", "ChannelUnhold"]


async def test_media_over_a_websocket_wait_for_us_once(pbx):
    ari, url = pbx
    call = start(ari)
    async with opened(url) as (client, application, events), aiohttp.ClientSession() as session:
        snoop = await client.ask(requests.snoop(application, call.caller["id"], Spy.SAID))
        medium = await client.ask(
            requests.offer_over_websocket(application, MediaFormat.SLIN16, SocketOption.JSON)
        )
        where = medium.document["channelvars"]["MEDIA_WEBSOCKET_CONNECTION_ID"]
        async with session.ws_connect(f"{url}/media/{where}", protocols=["media"]) as socket:
            begun = json.loads((await socket.receive()).data)
            assert (begun["event"], begun["channel_id"]) == ("MEDIA_START", medium.document["id"])
            async for message in events:
                if isinstance(message.event, StasisStarted) and (
                    message.event.channel.id == medium.document["id"]
                ):
                    break
            with pytest.raises(aiohttp.WSServerHandshakeError, match="409"):
                await session.ws_connect(f"{url}/media/{where}", protocols=["media"])
            bridge = (await client.ask(requests.make_bridge())).document["id"]
            ids = [snoop.document["id"], medium.document["id"]]
            await client.ask(requests.add_to_bridge(bridge, ids))
            assert (await socket.receive()).data == SAID
            await client.ask(requests.end_channel(medium.document["id"]))
            async for message in socket:
                assert message.data == SAID
            assert socket.close_code == 1000
        with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
            await session.ws_connect(f"{url}/media/{where}", protocols=["media"])


async def test_closing_the_media_ends_their_channel_only(pbx):
    ari, url = pbx
    call = start(ari)
    async with opened(url) as (client, application, _), aiohttp.ClientSession() as session:
        medium = await client.ask(requests.offer_over_websocket(application, MediaFormat.SLIN16))
        where = medium.document["channelvars"]["MEDIA_WEBSOCKET_CONNECTION_ID"]
        async with session.ws_connect(f"{url}/media/{where}", protocols=["media"]) as socket:
            assert (await socket.receive()).data.startswith("MEDIA_START connection_id:")
        await until(lambda: medium.document["id"] not in ari.pbx.channels)
        assert not call.is_over


async def test_media_that_nobody_fetches_are_gone_after_30_s(pbx):
    ari, url = pbx
    ari.media._speed = 1000.0
    async with opened(url) as (client, application, _):
        await client.ask(requests.offer_over_websocket(application, MediaFormat.SLIN16))
        await until(lambda: not ari.pbx.channels)


async def test_what_crashes_a_real_one_ends_everything(pbx):
    ari, url = pbx
    start(ari)
    query = "app=x&transport=websocket&encapsulation=none&connection_type=server&format=slin16"
    async with aiohttp.ClientSession() as session:
        with suppress(aiohttp.ClientError):
            await session.post(
                f"{url}/ari/channels/externalMedia?{KEY}&{query}&transport_data=f(xml)"
            )
        assert len(ari.crashes) == 1
        assert (ari.pbx.channels, ari.pbx.bridges) == ({}, {})
        async with session.get(f"{url}/ari/channels?{KEY}") as answer:
            assert await answer.json() == []


async def test_modules_and_versions_are_as_the_faults_say(pbx):
    ari, url = pbx
    ari.faults.version = "20.19.0"
    ari.faults.missing_modules.add("chan_websocket.so")
    async with opened(url) as (client, *_):
        assert (await client.ask(requests.show_asterisk())).document["system"]["version"] == (
            "20.19.0"
        )
        for name, status in (("chan_websocket.so", 404), ("res_stasis_snoop.so", 200)):
            request = requests.Request("GET", ("asterisk", "modules", name))
            assert (await client.ask(request)).status == status
        ari.faults.missing_modules.add("res_stasis_snoop.so")
        with pytest.raises(UnreachableError, match="404"):
            await client.ask_for_list(requests.list_channels())


async def test_events_break_off_and_come_again_with_what_stayed(pbx):
    ari, url = pbx
    call = start(ari)
    async with listening() as (address, callers), opened(url) as (client, application, events):
        snoop, *_ = await tap(client, application, call.caller["id"], Spy.SAID, address)
        reader, writer = await callers.get()
        ari.faults.drops_events_every_s = 0.0
        async for _ in events:
            pass
        ari.faults.drops_events_every_s = None
        assert ari.applications == []
        assert (await client.ask_for_list(requests.list_applications())) == []
        async with client.open_events(application) as again:
            call.hang_up()
            ended = [m.event async for m in _until_ended(again, snoop)]
        assert not any(isinstance(event, StasisStarted) for event in ended)
        assert len(await read_frames(reader, 1)) == 1
        writer.close()


async def _until_ended(events, id):
    async for message in events:
        yield message
        if isinstance(message.event, StasisEnded) and message.event.channel.id == id:
            return


async def test_events_come_twice_and_media_end_at_once_where_the_faults_say_so(pbx):
    ari, url = pbx
    ari.faults.doubles = ari.faults.ends_media = True
    async with listening() as (address, callers), opened(url) as (client, application, events):
        request = requests.send_over_audiosocket(application, address, uuid4(), MediaFormat.SLIN16)
        assert (await client.ask(request)).status == 200
        seen = [type(m.event) async for m in _until_ended(events, dict(request.query)["channelId"])]
        assert seen.count(StasisStarted) == 2
        reader, writer = await callers.get()
        async with asyncio.timeout(PATIENCE_S):
            await reader.read()
        writer.close()


async def test_a_second_client_of_a_name_replaces_the_first(pbx):
    ari, url = pbx
    call = start(ari)
    async with opened(url) as (client, application, first), client.open_events(application) as two:
        call.hold()
        assert isinstance((await anext(aiter(first))).event, ApplicationReplaced)
        assert isinstance((await anext(aiter(two))).event, Held)


@pytest.mark.parametrize(
    ("telephone", "cause"),
    [
        (Telephone(answers_after_s=None), 19),
        (Telephone(is_busy=True), 17),
        (Telephone(hangs_up_after_s=1.0), 16),
    ],
)
async def test_a_telephone_is_called(pbx, telephone, cause):
    ari, url = pbx
    ari.board.telephones["PJSIP/100"] = telephone
    async with opened(url) as (_, application, events), aiohttp.ClientSession() as session:
        where = f"{url}/ari/channels?{KEY}&endpoint=PJSIP/100&app={application}&timeout=3"
        body = {"variables": {"CAMPAIGN": "spring"}, "callerId": "Robot <555>"}
        async with session.post(where, json=body) as answer:
            channel = await answer.json()
            assert (answer.status, channel["connected"]["number"]) == (200, "555")
        assert ari.pbx.variables[channel["id"]]["CAMPAIGN"] == "spring"
        seen = []
        async for message in events:
            seen.append(message.event)
            if isinstance(message.event, ChannelDestroyed):
                break
        assert message.event.cause == cause
        assert any(isinstance(event, StasisStarted) for event in seen) == (cause == 16)


@pytest.mark.parametrize(
    "text", ["=", "slow", "slow=x", "slow=-1", "missing=x.so", "status=200:/", "doubles=1", "x"]
)
def test_a_fault_that_there_is_not_is_refused(text):
    with pytest.raises(ValueError, match="."):
        Faults().set(text)


def test_faults_are_set_by_their_names():
    faults = Faults()
    for text in FAULTS:
        name, _, value = text.partition("=")
        values = {"MODULE": "chan_websocket.so", "CODE:/PATH": "503:/bridges", "VERSION": "20.0"}
        faults.set(f"{name}={values.get(value, '1.5')}" if value else name)
    assert faults == Faults(
        statuses={"/bridges": 503},
        delay_s=1.5,
        has_no_events=True,
        late_start_s=1.5,
        late_end_s=1.5,
        doubles=True,
        version="20.0",
        missing_modules={"chan_websocket.so"},
        cannot_connect=True,
        ends_media=True,
        is_read_only=True,
        keeps_events_back=True,
        drops_events_every_s=1.5,
    )


async def test_an_application_that_came_back_hears_twice_where_it_puts_a_channel(pbx):
    """As the captured events socket that was cut did."""
    ari, url = pbx
    call = start(ari)
    async with listening() as (address, callers), opened(url) as (client, application, _):
        snoop, medium, bridge, _ = await tap(
            client, application, call.caller["id"], Spy.SAID, address
        )
        _, writer = await callers.get()
        await ari.drop_events(is_abrupt=True)
        async with client.open_events(application) as again:
            await client.ask(requests.add_to_bridge(bridge, [snoop]))
            call.hang_up()
            events = [m.event async for m in _until_ended(again, snoop)]
        captured = [parse_event(text).event for text in list_events("ari_sip_events_dropped")]
        away = next(n for n, event in enumerate(captured) if isinstance(event, LeftBridge))
        assert name_moves(events) == name_moves(captured[away:])
        assert medium in ari.pbx.channels
        writer.close()


def name_moves(events):
    """Return where Snoops came and went."""
    return [
        type(event)
        for event in events
        if isinstance(event, EnteredBridge | LeftBridge | StasisEnded)
        and event.channel.name.startswith("Snoop/")
    ]


async def test_what_is_sent_back_is_heard_in_its_bridge(pbx):
    ari, url = pbx
    ari.board.telephones["PJSIP/100"] = Telephone(answers_after_s=0.0)
    async with (
        listening() as (address, callers),
        opened(url) as (client, application, events),
        aiohttp.ClientSession() as session,
    ):
        where = f"{url}/ari/channels?{KEY}&endpoint=PJSIP/100&app={application}"
        async with session.post(where) as answer:
            party = (await answer.json())["id"]
        async for message in events:
            if isinstance(message.event, StasisStarted):
                break
        request = requests.send_over_audiosocket(application, address, uuid4(), MediaFormat.SLIN16)
        medium = (await client.ask(request)).document["id"]
        bridge = (await client.ask(requests.make_bridge())).document["id"]
        await client.ask(requests.add_to_bridge(bridge, [party, medium]))
        _, speaking = await callers.get()
        await tap(client, application, party, Spy.HEARD, address)
        reader, writer = await callers.get()
        await reader.readexactly(19)
        speaking.write(50 * (b"\x12\x02\x80" + SAID))
        async with asyncio.timeout(PATIENCE_S):
            while await reader.readexactly(HEADER + FRAME_SIZE) != b"\x12\x02\x80" + SAID:
                pass
        speaking.close()
        writer.close()


async def test_who_may_only_read_changes_nothing(pbx):
    ari, url = pbx
    ari.faults.is_read_only = True
    async with opened(url) as (client, *_):
        refused = await client.ask(requests.make_bridge())
        assert (refused.status, refused.document) == (403, {"message": "Write access denied"})
        assert await client.ask_for_list(requests.list_bridges()) == []


async def test_a_test_can_wait_before_and_after_each_request(pbx):
    ari, url = pbx
    seen = []

    async def note(method, path):
        seen.append((method, path.split("/")[1], len(ari.pbx.bridges)))

    ari.faults.before = ari.faults.after = note
    async with opened(url) as (client, *_):
        seen.clear()
        await client.ask(requests.make_bridge())
    assert seen[:2] == [("POST", "bridges", 0), ("POST", "bridges", 1)]


async def test_without_its_application_media_over_a_websocket_end_after_their_first_message(pbx):
    ari, url = pbx
    settings = Settings(ari_url=url, ari_user=USER, ari_password=PASSWORD)
    async with open_ari(read_access(settings)) as client, aiohttp.ClientSession() as session:
        request = requests.offer_over_websocket(make_application(), MediaFormat.SLIN16)
        medium = (await client.ask(request)).document
        where = medium["channelvars"]["MEDIA_WEBSOCKET_CONNECTION_ID"]
        async with session.ws_connect(f"{url}/media/{where}", protocols=["media"]) as socket:
            assert (await socket.receive()).data.startswith("MEDIA_START ")
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
            assert socket.close_code == 1000
        assert medium["id"] not in ari.pbx.channels


async def test_an_application_that_does_not_hear_all_hears_of_its_own_tap_only(pbx):
    ari, url = pbx
    call = start(ari)
    application = make_application()
    settings = Settings(ari_url=url, ari_user=USER, ari_password=PASSWORD)
    async with (
        listening() as (address, callers),
        open_ari(read_access(settings)) as client,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/ari/events?app={application}&{KEY}") as socket,
    ):
        snoop, medium, bridge, _ = await tap(
            client, application, call.caller["id"], Spy.SAID, address
        )
        _, writer = await callers.get()
        call.hang_up()
        await client.ask(requests.end_channel(medium))
        await client.ask(requests.end_bridge(bridge))
        heard: list[dict[str, Any]] = []
        while not heard or heard[-1]["type"] != "BridgeDestroyed":
            heard.append(json.loads((await socket.receive()).data))
        writer.close()
    text = (TRACES / "ari" / "ari_snoop_externalmedia.jsonl").read_text().splitlines()[0]
    captured = [event[1:] for event in json.loads(text)["meta"]["ari_events"]]
    named = [(event["type"], event.get("channel", {}).get("name", "")) for event in heard]
    assert name_kinds(named) == name_kinds(captured)
    assert {e["channel"]["id"] for e in heard if "channel" in e} == {snoop, medium}


def name_kinds(events):
    """Return what was told of a Snoop and of a medium, whatever its transport."""
    return [
        (type, (name or "").split("/")[0].replace("AudioSocket", "WebSocket"))
        for type, name in events
        if type not in ("ChannelVarset", "BridgeDestroyed")
    ]


async def test_an_application_that_follows_a_call_outlives_its_socket_until_one_comes_or_goes(pbx):
    """As on an Asterisk 23.4.1, which looks for those that it may forget only then."""
    ari, url = pbx
    call = start(ari)
    left, other, forgotten = (make_application() for _ in range(3))
    settings = Settings(ari_url=url, ari_user=USER, ari_password=PASSWORD)

    async def listed():
        shown = await client.ask_for_list(requests.list_applications())
        return {one["name"]: one["channel_ids"] for one in shown}

    async with open_ari(read_access(settings)) as client:
        for name in (left, forgotten):
            async with client.open_events(name, hears_all=False):
                follow = requests.follow_source(name, f"channel:{call.caller['id']}")
                assert (await client.ask(follow)).is_ok
        assert await listed() == dict.fromkeys((left, forgotten), [call.caller["id"]])
        await forget_application(client, forgotten)
        assert await listed() == {left: [call.caller["id"]]}
        call.hang_up()
        assert await listed() == {left: []}
        async with client.open_events(other, hears_all=False):
            pass
        assert await listed() == {}
        await forget_application(client, left)  # of which nothing is known


async def test_who_loses_both_sockets_leaves_the_snoop_and_the_bridge(pbx):
    """As the captured tool that died did."""
    ari, url = pbx
    call = start(ari)
    async with opened(url) as (client, application, _), aiohttp.ClientSession() as session:
        snoop = (
            await client.ask(requests.snoop(application, call.caller["id"], Spy.SAID))
        ).document
        request = requests.offer_over_websocket(application, MediaFormat.SLIN16)
        medium = (await client.ask(request)).document
        where = medium["channelvars"]["MEDIA_WEBSOCKET_CONNECTION_ID"]
        bridge = (await client.ask(requests.make_bridge())).document
        socket = await session.ws_connect(f"{url}/media/{where}", protocols=["media"])
        await until(lambda: ari.pbx.channels[medium["id"]]["state"] == "Up")
        await client.ask(requests.add_to_bridge(bridge["id"], [snoop["id"], medium["id"]]))
        ari.media.break_off()
        await ari.drop_events(is_abrupt=True)
        async for _ in socket:
            pass
        await until(lambda: medium["id"] not in ari.pbx.channels)
        assert ari.list_left(PREFIX) == [f"channel {snoop['id']}", f"bridge {bridge['id']}"]
        call.hang_up()
        assert ari.list_left(PREFIX) == [f"bridge {bridge['id']}"]


async def test_a_broken_audiosocket_ends_its_channel_only(pbx):
    ari, url = pbx
    call = start(ari)
    async with listening() as (address, callers), opened(url) as (client, application, _):
        _, medium, *_ = await tap(client, application, call.caller["id"], Spy.SAID, address)
        _, writer = await callers.get()
        ari.media.break_off()
        await until(lambda: medium not in ari.pbx.channels)
        assert call.caller["id"] in ari.pbx.channels
        writer.close()


@pytest.mark.parametrize(
    ("query", "names"),
    [("", {"build", "system", "config", "status"}), ("?only=system", {"system"})],
)
async def test_a_pbx_tells_what_it_is_asked_about_itself(pbx, query, names):
    _, url = pbx
    async with aiohttp.ClientSession() as session:
        sign = "&" if query else "?"
        async with session.get(f"{url}/ari/asterisk/info{query}{sign}{KEY}") as answer:
            assert set(await answer.json()) == names
        async with session.get(f"{url}/ari/asterisk/ping?{KEY}") as answer:
            assert (await answer.json())["ping"] == "pong"
        async with session.get(f"{url}/ari/asterisk/info?only=x&{KEY}") as answer:
            assert answer.status == 400
