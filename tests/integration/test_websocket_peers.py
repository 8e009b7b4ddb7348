"""Peers of a WebSocket's port that do what no PBX should: each costs a clear line, and no other call notices."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import struct
from contextlib import asynccontextmanager, closing

import pytest
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode

from streamer.sources import admission
from streamer.sources.playout import Tone
from streamer.sources.websocket import connection
from streamer.sources.websocket.caller import MOST_PARTIES
from streamer.sources.websocket.conversation import MOST_MESSAGE
from streamer.sources.websocket.link import Link
from tests.fakes.chan_websocket import dial, listening_web
from tests.fakes.replay import until

HALF = b"".join(n.to_bytes(2, "little") for n in range(1, 16001))
OTHER_HALF = HALF[::-1]
UPGRADE = (
    b"GET /media HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
HEALTHY = "healthy"


@asynccontextmanager
async def beside_a_good_call(recordings, runtime_dir, **options):
    """Listen, with a call that goes on while the others misbehave, and is whole at the end."""
    async with listening_web(recordings, runtime_dir, **options) as (here, admission):
        known = admission.registry.register(channel=HEALTHY).uuid
        good = await dial(here.port, f"/media?contextId={known}")
        await good.start(channel=HEALTHY)
        await good.speak(HALF)
        await until(lambda: here.of_kind("call_started"))
        yield here, admission
        await good.speak(OTHER_HALF)
        await good.hang_up()
        await until(lambda: any(is_over(call) for call in here.calls()))
    (call,) = [call for call in here.calls() if call["legs"][0]["channel"] == HEALTHY]
    pcm, leg = here.pcm(call), call["legs"][0]
    assert pcm.startswith(HALF)
    assert pcm.endswith(OTHER_HALF)
    assert not pcm[len(HALF) : -len(OTHER_HALF)].strip(b"\0")  # silence is between them
    assert (leg["odd_frames"], leg["lost"], call["reason"]) == (0, 0, "hang-up")


def is_over(call):
    return call["legs"][0]["channel"] == HEALTHY and call["reason"] == "hang-up"


def bad_calls(here):
    return [call for call in here.calls() if call["legs"][0]["channel"] != HEALTHY]


async def closed_bad(here):
    def are_closed():
        reasons = [call["reason"] for call in bad_calls(here)]
        return reasons and all(reasons)

    await until(are_closed)
    return bad_calls(here)


@asynccontextmanager
async def raw(here, *, opened=True):
    """A connection on which the test says every byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
    try:
        if opened:
            writer.write(UPGRADE)
            await reader.readuntil(b"\r\n\r\n")
        yield reader, writer
    finally:
        writer.transport.abort()


def frame(opcode, data=b"", *, fin=True, mask=True):
    return Frame(opcode, data, fin).serialize(mask=mask)


def announce():
    return frame(Opcode.TEXT, b"MEDIA_START channel:bad channel_id:bad format:slin16 ptime:20")


async def read_close(reader):
    """The code of the close that a connection ends with, after whatever else came."""
    data = await reader.read()
    at = data.rindex(b"\x88", 0, -3)
    return int.from_bytes(data[at + 2 : at + 4], "big")


@pytest.mark.parametrize("offered", ["chat", "media, \x01", ",,,", "x" * 9000])
async def test_a_sub_protocol_that_is_none_is_not_answered(recordings, runtime_dir, offered):
    async with beside_a_good_call(recordings, runtime_dir) as (here, _):
        async with raw(here, opened=False) as (reader, writer):
            named = f"Sec-WebSocket-Protocol: {offered}\r\n\r\n".encode()
            writer.write(UPGRADE.removesuffix(b"\r\n").replace(b"/media", b"/nowhere") + named)
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 101 " in head:
                assert b"sec-websocket-protocol" not in head.lower().replace(b": media", b"")
                writer.write(frame(Opcode.TEXT, b"hello"))
                await reader.read()
        await until(lambda: "no call from" in here.troubles)


@pytest.mark.parametrize("size", [MOST_MESSAGE + 1, 1 << 30, (1 << 63) - 1])
@pytest.mark.parametrize("is_announced", [True, False])
async def test_a_frame_that_is_too_long_is_refused_by_its_header(
    recordings, runtime_dir, size, is_announced
):
    async with beside_a_good_call(recordings, runtime_dir) as (here, _):
        async with raw(here) as (reader, writer):
            writer.write(announce() if is_announced else b"")
            writer.write(b"\x82\xff" + struct.pack("!Q", size) + bytes(4))
            assert await read_close(reader) == 1009
        await until(lambda: is_announced or "broke the protocol" in here.troubles)


BROKEN = {
    "unmasked": frame(Opcode.BINARY, b"ab", mask=False),
    "reserved bits": b"\xf2\x80" + bytes(4),
    "unknown opcode": b"\x83\x80" + bytes(4),
    "a continuation of nothing": frame(Opcode.CONT, b"ab"),
    "a fragmented ping": b"\x09\x80" + bytes(4),
    "a long ping": b"\x89\xfe" + struct.pack("!H", 126) + bytes(4 + 126),
    "a message within another": frame(Opcode.TEXT, b"a", fin=False) + frame(Opcode.TEXT, b"b"),
    "a close code that is none": frame(Opcode.CLOSE, struct.pack("!H", 5)),
    "half a close code": frame(Opcode.CLOSE, b"\x03"),
}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("is_announced", [True, False])
async def test_a_peer_that_breaks_the_rules_is_closed_and_said(
    recordings, runtime_dir, how, is_announced
):
    async with beside_a_good_call(recordings, runtime_dir) as (here, _):
        async with raw(here) as (reader, writer):
            writer.write((announce() if is_announced else b"") + BROKEN[how])
            assert await read_close(reader) == 1002
        if not is_announced:
            await until(lambda: "it broke the protocol" in here.troubles)
        else:
            (call,) = await closed_bad(here)
            assert call["reason"] == "hang-up"


FLOODS = {
    "texts": frame(Opcode.TEXT, b"x"),
    "pings": frame(Opcode.PING, b""),
    "pongs": frame(Opcode.PONG, b""),
    "continuations": frame(Opcode.CONT, b"", fin=False),
    "empty audio": frame(Opcode.BINARY, b""),
}


@pytest.mark.parametrize("kind", FLOODS)
async def test_a_flood_of_any_frames_is_read_more_slowly(recordings, runtime_dir, kind):
    async with (
        beside_a_good_call(recordings, runtime_dir) as (here, _),
        raw(here) as (_, writer),
    ):
        writer.write(announce() + frame(Opcode.BINARY, HALF[:640]))
        if kind == "continuations":
            writer.write(frame(Opcode.TEXT, b"", fin=False))
        writer.write(FLOODS[kind] * 10_000)
        await until(lambda: "it is read more slowly" in here.troubles)


async def test_many_legs_on_one_connection_are_no_flood(recordings, runtime_dir, monkeypatch):
    monkeypatch.setattr(admission, "MOST_FRAMES", 100.0)
    async with beside_a_good_call(recordings, runtime_dir) as (here, _):
        socket = await dial(here.port, "/yeastar?rate=8000", subprotocols=None)
        for _ in range(40):
            for leg in range(8):
                said = {"callid": "7", "channelid": f"bad{leg}", "audio": AUDIO}
                await socket.ws.send(json.dumps(said))
        await socket.hang_up()
        (call,) = await closed_bad(here)
        assert "bad0" not in here.troubles
        assert f"{call['facts']['peer']} sends more" not in here.troubles
    assert [leg["bytes"] for leg in call["legs"]] == [320 * 40] * 8


async def test_long_texts_are_read_more_slowly_than_as_many_short_ones(
    recordings, runtime_dir, monkeypatch
):
    monkeypatch.setattr(admission, "MOST_FRAMES", 600.0)
    bomb = ('{"a":' + "[" * 20_000 + "]" * 20_000 + "}").encode()
    async with (
        beside_a_good_call(recordings, runtime_dir) as (here, _),
        raw(here) as (_, writer),
    ):
        writer.write(announce() + frame(Opcode.BINARY, HALF[:640]))
        writer.write(frame(Opcode.TEXT, bomb) * 200)
        await until(lambda: "it is read more slowly" in here.troubles)


async def test_a_message_of_fragments_is_bounded_in_all(recordings, runtime_dir):
    async with (
        beside_a_good_call(recordings, runtime_dir) as (here, _),
        raw(here) as (reader, writer),
    ):
        writer.write(announce() + frame(Opcode.BINARY, bytes(1000), fin=False))
        writer.write(frame(Opcode.CONT, bytes(1000), fin=False) * (MOST_MESSAGE // 1000))
        assert await read_close(reader) == 1009


HALF_UPGRADES = {
    "nothing": b"",
    "a letter": b"G",
    "no end": UPGRADE[:-2],
    "an endless line": b"GET /" + b"a" * 20_000,
    "endless headers": UPGRADE[:-2] + b"X: y\r\n" * 4_000,
    "zeros": bytes(100),
    "no key": UPGRADE.replace(b"Sec-WebSocket-Key", b"X-Key"),
    "a key that is none": UPGRADE.replace(b"AAAAAAAAAAAAAAAAAAAAAA==", b"short"),
    "an old version": UPGRADE.replace(b"Version: 13", b"Version: 8"),
    "another method": UPGRADE.replace(b"GET", b"POST"),
}


@pytest.mark.parametrize("how", HALF_UPGRADES)
async def test_half_an_upgrade_is_closed_in_time(recordings, runtime_dir, monkeypatch, how):
    monkeypatch.setattr(connection, "HEAD_S", 0.2)
    monkeypatch.setattr(connection, "GOODBYE_S", 0.2)
    async with (
        beside_a_good_call(recordings, runtime_dir) as (here, _),
        raw(here, opened=False) as (reader, writer),
    ):
        writer.write(HALF_UPGRADES[how])
        answer = await read_to_the_end(reader)
        assert b" 101 " not in answer
    assert bad_calls(here) == []


async def test_an_upgrade_byte_by_byte_has_no_more_time(recordings, runtime_dir, monkeypatch):
    monkeypatch.setattr(connection, "HEAD_S", 0.2)
    async with (
        beside_a_good_call(recordings, runtime_dir) as (here, _),
        raw(here, opened=False) as (reader, writer),
    ):
        ending = asyncio.ensure_future(read_to_the_end(reader))
        sent = iter(UPGRADE[:-4] + b"a" * 10_000)
        while not ending.done():
            writer.write(bytes([next(sent)]))
            await asyncio.wait([ending], timeout=0.01)
        assert b" 101 " not in ending.result()


async def test_a_call_byte_by_byte_is_a_call(recordings, runtime_dir):
    async with (
        beside_a_good_call(recordings, runtime_dir) as (here, _),
        raw(here, opened=False) as (_, writer),
    ):
        said = announce() + frame(Opcode.BINARY, HALF[:640]) + frame(Opcode.CLOSE)
        for byte in UPGRADE + said:
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        (call,) = await closed_bad(here)
    assert here.pcm(call) == HALF[:640]


async def read_to_the_end(reader):
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_a_peer_that_says_nothing_after_its_upgrade_goes(
    recordings, runtime_dir, monkeypatch
):
    async with beside_a_good_call(recordings, runtime_dir) as (here, _):
        monkeypatch.setattr(connection, "OPENING_S", 0.2)
        async with raw(here) as (reader, writer):
            writer.write(frame(Opcode.BINARY, HALF) * 3 + frame(Opcode.PING) * 3)
            assert await read_close(reader) == 1008


async def test_a_peer_that_reads_nothing_piles_nothing_up(recordings, runtime_dir):
    playback = lambda: Tone(440)  # noqa: E731
    async with beside_a_good_call(recordings, runtime_dir, playback=playback) as (here, _):
        with closing(socket.socket()) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
            sock.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(sock, ("127.0.0.1", here.port))
            await loop.sock_sendall(sock, UPGRADE + announce())
            asking = frame(Opcode.PING, bytes(125)) * 20_000  # whose answers it would not read
            flooding = asyncio.ensure_future(loop.sock_sendall(sock, asking))
            await until(lambda: "it is read more slowly" in here.troubles)
            (server,) = [one for _, one in here.listener._servers]
            unsent = [one._link.unsent for one in server.connections]
            assert max(unsent) <= 1 << 17
            flooding.cancel()
            await asyncio.wait([flooding])


BOMBS = {
    "deep arrays": "[" * 100_000,
    "deep objects": '{"a":' * 40_000,
    "deep and whole": '{"event":' + "[" * 50_000 + "]" * 50_000 + "}",
    "a long number": '{"event":' + "9" * 100_000 + "}",
    "a huge exponent": '{"event":"start","start":{"mediaFormat":{"sampleRate":1e999}}}',
    "many keys": json.dumps(dict.fromkeys(map(str, range(15_000)), 0)),
    "one key many times": "{" + '"event":"start",' * 10_000 + '"event":"start"}',
    "lone surrogates": '{"event":"\\ud800","callid":"\\udfff","channelid":"\\ud800"}',
    "no audio": json.dumps({"callid": "1", "channelid": "c", "audio": {"a": []}}),
    "audio that is no base64": json.dumps({"callid": "1", "channelid": "c", "audio": "&%$" * 99}),
    "media that is no base64": json.dumps({"event": "media", "media": {"payload": "é" * 9}}),
    "media of a list": json.dumps({"event": "media", "media": {"payload": [1, 2]}}),
    "nothing": "",
    "null": "null",
    "no number": "NaN",
}


@pytest.mark.parametrize("path", ["/media", "/yeastar?rate=8000", "/twilio", "/audio-stream", "/"])
async def test_texts_that_are_none_end_no_call(recordings, runtime_dir, path):
    """One call of each shape takes all of them; `/` is refused for the first."""
    async with beside_a_good_call(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port, path, subprotocols=None)
        for message in OPENINGS[path]:
            await channel.ws.send(message)
        for bomb in BOMBS.values():
            if path != "/":
                await channel.ws.send(bomb)
                await channel.ws.send(bomb.encode())
        if path != "/":
            pong = await channel.ws.ping()
            await pong
            await until(lambda: bad_calls(here))
            assert bad_calls(here)[0]["reason"] is None
            await channel.hang_up()
            await closed_bad(here)
        else:
            await channel.ws.send(BOMBS["deep arrays"])
            assert (await channel.closed())[0] == 1003
    if path != "/":
        (call,) = bad_calls(here)
        assert call["reason"] == "hang-up"
        assert len(json.dumps(call)) < 20_000


AUDIO = base64.b64encode(HALF[:320]).decode()
OPENINGS = {
    "/media": ["MEDIA_START channel:bad channel_id:bad format:slin16 optimal_frame_size:640"],
    "/yeastar?rate=8000": [json.dumps({"callid": "7", "channelid": "bad", "audio": AUDIO})],
    "/twilio": [
        json.dumps({"event": "start", "start": {"callSid": "7", "tracks": ["inbound"]}}),
        json.dumps({"event": "media", "media": {"track": "inbound", "payload": AUDIO}}),
    ],
    "/audio-stream": ['{"callSid":"7","sampleRate":8000}'],
    "/": [],
}

HOSTILE = {
    "up": "../../../../tmp/x",
    "root": "/etc/passwd",
    "null": "a\0b",
    "escape": "\x1b[2Jclear\x9b31m",
    "turned": "\u202egpj.exe",
    "long": "x" * 20_000,
    "dots": "..",
    "markup": "[red]a[/red]",
    "lines": "a\r\nb: c",
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_name_leads_nowhere_and_stays_short(recordings, runtime_dir, tmp_path, kind):
    name = HOSTILE[kind]
    before = {path for path in tmp_path.rglob("*") if not path.is_relative_to(recordings)}
    async with beside_a_good_call(recordings, runtime_dir) as (here, _):
        starts = {
            "/media": {"event": "MEDIA_START", "channel": name, "channel_id": name, "format": "slin16",
                       "connection_id": name, "channel_variables": {"contextId": name, "CALLERID": name}},
            "/twilio": {"event": "start", "streamSid": name,
                        "start": {"callSid": name, "tracks": ["inbound", name], "from": name,
                                  "customParameters": {"from": name, "to": name, "queue": name}}},
            "/yeastar?rate=8000": {"callid": name, "channelid": name, "number": name, "audio": AUDIO,
                                   "callflow": name},
            "/audio-stream": {"callSid": name, "from": name, "to": name, "callerName": name,
                              "sampleRate": 8000, "mixType": "stereo"},
        }  # fmt: skip
        for path, start in starts.items():
            channel = await dial(here.port, path, subprotocols=None)
            await channel.ws.send(json.dumps(start))
            await channel.ws.send(json.dumps({"event": name, "type": name, "error_text": name}))
            await channel.ws.send(json.dumps({"event": "ERROR", "error_text": name}))
            await channel.hang_up()
        refused = "/yeastar" if kind == "long" else ""
        await until(lambda: len(bad_calls(here)) == len(starts) - bool(refused))
        await closed_bad(here)
        assert max(map(len, here.troubles.splitlines())) < 1_500
    for call in bad_calls(here):
        assert len(json.dumps(call)) < 20_000
        for leg in call["legs"]:
            assert (recordings / call["call"] / leg["path"]).resolve().parent.parent == recordings
    after = {path for path in tmp_path.rglob("*") if not path.is_relative_to(recordings)}
    assert {path.name for path in after - before if "run" not in path.parts} <= {runtime_dir.name}


async def test_of_many_sockets_with_one_id_at_once_a_single_one_is_the_call(
    recordings, runtime_dir
):
    async with beside_a_good_call(recordings, runtime_dir, accepts=False) as (here, own):
        known = own.registry.register(caller="100").uuid
        channels = [await dial(here.port, f"/media?contextId={known}") for _ in range(10)]
        starting = (channel.start() for channel in channels)
        await asyncio.gather(*starting, return_exceptions=True)  # some are refused by then
        losers = [asyncio.ensure_future(channel.closed()) for channel in channels]
        await until(lambda: sum(loser.done() for loser in losers) == 9)
        assert {loser.result()[0] for loser in losers if loser.done()} == {1008}
        (winner,) = [c for c, loser in zip(channels, losers, strict=True) if not loser.done()]
        await winner.speak(HALF)
        await winner.hang_up()
        await closed_bad(here)
        await asyncio.gather(*losers)
    (call,) = [call for call in here.calls() if call["facts"]["id"] == str(known)]
    assert here.pcm(call) == HALF


async def test_a_call_of_many_connections_has_a_limit(recordings, runtime_dir):
    async with beside_a_good_call(recordings, runtime_dir, most_calls=2) as (here, _):
        text = lambda n: json.dumps({"callid": "7", "channelid": f"bad{n}", "audio": AUDIO})  # noqa: E731
        channels = []
        for n in range(MOST_PARTIES):
            channels.append(await dial(here.port, "/yeastar?rate=8000", subprotocols=None))
            await channels[-1].ws.send(text(n))
        await until(lambda: len(here.of_kind("leg_attached")) == 1 + MOST_PARTIES)
        late = await dial(here.port, "/yeastar?rate=8000", subprotocols=None)
        await late.ws.send(text(99))
        assert await late.closed() == (1013, f"its call has {MOST_PARTIES} connections already")
        for channel in channels:
            await channel.hang_up()
        await closed_bad(here)


async def test_a_call_that_is_over_takes_no_more_connections(recordings, runtime_dir):
    async with beside_a_good_call(recordings, runtime_dir) as (here, _):
        say = {"callid": "7", "channelid": "bad", "audio": AUDIO}
        first = await dial(here.port, "/yeastar?rate=8000", subprotocols=None)
        await first.ws.send(json.dumps(say))
        await first.ws.send(json.dumps(say | {"status": "end"}))
        second = await dial(here.port, "/yeastar?rate=8000", subprotocols=None)
        await second.ws.send(json.dumps(say))
        await second.ws.send(json.dumps(say | {"status": "end"}))
        await until(lambda: len(bad_calls(here)) == 2)
        await closed_bad(here)
    assert [here.pcm(call) for call in bad_calls(here)] == [HALF[:320] * 2] * 2


LIES = [
    {"ptime": 0, "optimal_frame_size": 0},
    {"ptime": -20, "optimal_frame_size": -640},
    {"ptime": 10**12, "optimal_frame_size": 10**12},
    {"ptime": "9" * 10_000, "optimal_frame_size": "9" * 10_000},
    {"ptime": "soon", "optimal_frame_size": "some"},
    {"ptime": 20, "optimal_frame_size": 1},
    {"ptime": 20, "optimal_frame_size": 2},
    {"ptime": 20, "optimal_frame_size": 641},
    {"ptime": 1, "optimal_frame_size": 640},
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: str(lie)[:60])
@pytest.mark.parametrize("as_json", [True, False])
async def test_a_ptime_that_lies_changes_nothing(recordings, runtime_dir, lie, as_json):
    playback = lambda: Tone(440)  # noqa: E731
    async with beside_a_good_call(recordings, runtime_dir, playback=playback) as (here, _):
        channel = await dial(here.port, as_json=as_json)
        await channel.start(channel="bad", **lie)
        await channel.speak(HALF)
        await until(lambda: len(channel.heard) >= 6_400)
        assert min(channel.frames) >= 160
        await channel.hang_up()
        (call,) = await closed_bad(here)
    assert here.pcm(call) == HALF


@pytest.mark.parametrize("path", ["/guess/media", "/nowhere"])
async def test_a_guess_in_the_path_is_answered_as_slowly_as_one_in_a_header(
    recordings, runtime_dir, monkeypatch, path
):
    paused = []
    schedule = Link.schedule

    def note(link, seconds, act):
        paused.append(seconds)
        schedule(link, min(seconds, 0.05) if seconds == 77.0 else seconds, act)

    monkeypatch.setattr(connection, "WRONG_PAUSE_S", 77.0)
    monkeypatch.setattr(Link, "schedule", note)
    auth = ("path:s3cret", "bearer:t0ken")
    async with beside_a_good_call(recordings, runtime_dir, auth=auth) as (here, _):
        with pytest.raises(InvalidStatus, match="401"):
            await dial(here.port, path)
        assert 77.0 in paused


async def test_a_flooder_that_leaves_keeps_no_place(recordings, runtime_dir, monkeypatch):
    monkeypatch.setattr("streamer.sources.admission.MOST_FRAMES", 100)
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port)
        await channel.start()
        await channel.speak(bytes(640))
        await until(lambda: here.of_kind("leg_attached"))
        for _ in range(1500):
            await channel.ws.send("x" * 20)
        channel.ws.transport.close()
        await here.ended()
    (recorded,) = here.calls()
    assert recorded["legs"][0]["odd_frames"] < 1500
    assert recorded["reason"] == "hang-up"
