"""The other shapes of media over WebSockets, from an independent client into the listener in this process."""

from __future__ import annotations

import base64
import json

import pytest

from streamer.media.wav import HEADER_SIZE
from streamer.wire import g711
from streamer.wire.g711 import Law
from streamer.wire.websocket.yeastar import FRAME_BYTES, encode_message
from tests.fakes.chan_websocket import dial, listening_web
from tests.fakes.replay import until

SAMPLES = b"".join(n.to_bytes(2, "little") for n in range(6400))


def pcm_of(here, call):
    """The samples of each leg by its label."""
    folder = here.recordings / call["call"]
    return {leg["leg"]: (folder / leg["path"]).read_bytes()[HEADER_SIZE:] for leg in call["legs"]}


async def test_two_tracks_of_twilio_are_two_legs(recordings, runtime_dir):
    codes = {"inbound": bytes(range(128)) * 10, "outbound": bytes(range(128, 256)) * 10}
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port, "/twilio", subprotocols=None)
        await channel.ws.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        start = {
            "streamSid": "MZ1",
            "callSid": "CA1",
            "tracks": ["inbound", "outbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"from": "+4930123", "to": "100"},
        }
        await channel.ws.send(json.dumps({"event": "start", "start": start, "streamSid": "MZ1"}))
        for n in range(0, 1280, 160):
            for track in codes:
                payload = base64.b64encode(codes[track][n : n + 160]).decode()
                media = {"track": track, "payload": payload}
                await channel.ws.send(json.dumps({"event": "media", "media": media}))
        await channel.ws.send('{"event":"dtmf","dtmf":{"track":"inbound_track","digit":"5"}}')
        await channel.ws.send('{"event":"stop","stop":{}}')
        await here.ended()
        assert (await channel.closed())[0] == 1000
        assert [key["digit"] for key in here.of_kind("dtmf")] == ["5"]
    (call,) = here.calls()
    assert (call["source"], call["facts"]["from"], call["facts"]["id"]) == ("twilio", "+4930123", "CA1")  # fmt: skip
    assert pcm_of(here, call) == {
        "caller": g711.decode(codes["inbound"], Law.MU),
        "callee": g711.decode(codes["outbound"], Law.MU),
    }
    assert [leg["number"] for leg in call["legs"]] == ["+4930123", "100"]


@pytest.mark.parametrize("rate", [8000, 16000])
async def test_stereo_of_freeswitch_is_two_legs(recordings, runtime_dir, rate):
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port, "/audio-stream", subprotocols=["audio.jambonz.org"])
        assert channel.ws.subprotocol == "audio.jambonz.org"
        facts = {"callSid": "c1", "from": "100", "sampleRate": rate, "mixType": "stereo"}
        await channel.ws.send(json.dumps(facts))
        for n in range(0, len(SAMPLES), 630):
            await channel.ws.send(SAMPLES[n : n + 630])
        await channel.hang_up()
        await here.ended()
    (call,) = here.calls()
    assert call["source"] == "audio-stream"
    left = b"".join(SAMPLES[n : n + 2] for n in range(0, len(SAMPLES), 4))
    right = b"".join(SAMPLES[n + 2 : n + 4] for n in range(0, len(SAMPLES), 4))
    assert list(pcm_of(here, call).values()) == [left, right]
    assert {leg["rate"] for leg in call["legs"]} == {rate}


async def test_samples_of_no_rate_are_recorded_at_the_one_that_is_likelier(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port, "/audio-stream", subprotocols=None)
        await channel.ws.send(SAMPLES)
        await channel.hang_up()
        await here.ended()
    (call,) = here.calls()
    assert (call["legs"][0]["rate"], list(pcm_of(here, call).values())) == (8000, [SAMPLES])


def yeastar(call, channel, audio=b"", *, status="process"):
    text = base64.b64encode(audio).decode()
    return encode_message(text, call=call, channel=channel, number=channel[-4:], status=status)


async def test_the_channels_of_yeastar_are_legs_of_one_call(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir) as (here, _):
        socket = await dial(here.port, "/yeastar?rate=16000", subprotocols=None)
        for n in range(0, len(SAMPLES), FRAME_BYTES):
            for channel in ("PJSIP/1009", "PJSIP/1010"):
                await socket.ws.send(yeastar("1755940023.7", channel, SAMPLES[n : n + FRAME_BYTES]))
        await socket.ws.send("{ broken, as in the manual }")
        for channel in ("PJSIP/1009", "PJSIP/1010"):
            await socket.ws.send(yeastar("1755940023.7", channel, status="end"))
        await here.ended()
    (call,) = here.calls()
    assert (call["source"], call["facts"]["id"]) == ("yeastar", "1755940023.7")
    assert [leg["number"] for leg in call["legs"]] == ["1009", "1010"]
    assert set(pcm_of(here, call).values()) == {SAMPLES}
    assert call["legs"][0]["odd_frames"] == 1


async def test_a_call_of_yeastar_over_several_sockets_is_one_call(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir, most_calls=1) as (here, _):
        sockets = {}
        for channel in ("PJSIP/1009", "PJSIP/1010", "PJSIP/1011"):
            sockets[channel] = await dial(here.port, "/yeastar?rate=8000", subprotocols=None)
            await sockets[channel].ws.send(yeastar("7.1", channel, SAMPLES))
        await until(lambda: len(here.of_kind("leg_attached")) == 3)
        await sockets["PJSIP/1010"].ws.send(yeastar("7.1", "PJSIP/1009", SAMPLES))  # not its own
        await until(lambda: "over two connections" in here.troubles)
        await sockets["PJSIP/1009"].hang_up()
        for channel in ("PJSIP/1010", "PJSIP/1011"):
            await sockets[channel].ws.send(yeastar("7.1", channel, status="end"))
        await here.ended()
        assert len(here.of_kind("call_started")) == 1
    (call,) = here.calls()
    assert [leg["channel"] for leg in call["legs"]] == ["PJSIP/1009", "PJSIP/1010", "PJSIP/1011"]
    assert all(pcm.endswith(SAMPLES) for pcm in pcm_of(here, call).values())
    assert {leg["reason"] for leg in call["legs"]} == {"hang-up"}


async def test_stop_closes_every_socket_of_a_call_of_yeastar(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir) as (here, _):
        sockets = [await dial(here.port, "/yeastar?rate=8000", subprotocols=None) for _ in range(2)]
        for number, socket in enumerate(sockets):
            await socket.ws.send(yeastar("7.1", f"PJSIP/100{number}", SAMPLES))
        await until(lambda: len(here.of_kind("leg_attached")) == 2)
        (folder,) = recordings.glob("2*")
        (folder / "stop").touch()
        assert [(await socket.closed())[0] for socket in sockets] == [1000, 1000]
        await here.ended()
