"""Calls over chan_websocket, from an independent client into the listener in this process."""

from __future__ import annotations

import asyncio
import json
import wave

import aiohttp
import pytest
from websockets.exceptions import InvalidStatus

from streamer.media import g722
from streamer.recording.feed import Feed
from streamer.sources.playout import Announcement, Echo, Tone
from streamer.wire import g711
from tests.fakes.chan_websocket import dial, listening_web
from tests.fakes.replay import until

EVERY_SAMPLE = b"".join(n.to_bytes(2, "little") for n in range(1 << 16))
SOME_ID = "40325ec2-5efd-4bd3-805f-53576e581d13"


@pytest.mark.parametrize(("format", "rate"), [("slin", 8000), ("slin16", 16000), ("slin48", 48000)])
async def test_the_wav_holds_the_samples_that_were_sent(recordings, runtime_dir, format, rate):
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port, format=format)
        await channel.start()
        await channel.speak(EVERY_SAMPLE)
        await channel.hang_up()
        await here.ended()
    (recorded,) = here.calls()
    assert here.pcm(recorded) == EVERY_SAMPLE
    with wave.open(str(here.wav(recorded))) as wav:
        assert wav.getframerate() == rate
    assert (recorded["source"], recorded["reason"]) == ("chan-websocket", "hang-up")
    assert recorded["legs"][0]["channel"] == "WebSocket/conn1/0x7f00"


@pytest.mark.parametrize("law", list(g711.Law))
async def test_a_call_in_either_law_is_recorded_as_samples(recordings, runtime_dir, law):
    codes = bytes(range(256)) * 10
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port, format=law.value)
        await channel.start()
        await channel.speak(codes)
        await channel.hang_up()
        await here.ended()
    (recorded,) = here.calls()
    assert here.pcm(recorded) == g711.decode(codes, law)


async def test_a_call_in_g722_is_recorded_as_samples_and_hears_them(recordings, runtime_dir):
    said = EVERY_SAMPLE[:6400]
    playback = lambda: Announcement(lambda rate: said)  # noqa: E731
    async with listening_web(recordings, runtime_dir, playback=playback) as (here, _):
        channel = await dial(here.port, format="g722")
        await channel.start()
        codes = g722.Encoder().encode(said)
        await channel.speak(codes)
        await until(lambda: channel.commands == ["MARK_MEDIA streamer"])
        await channel.hang_up()
        await here.ended()
    (recorded,) = here.calls()
    assert here.pcm(recorded) == g722.Decoder().decode(codes)
    assert recorded["legs"][0]["rate"] == 16_000
    assert (bytes(channel.heard), set(channel.frames)) == (codes, {160})


async def test_half_a_sample_waits_for_its_other_half(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port)
        await channel.start()
        for start in range(0, 6000, 3):
            await channel.ws.send(EVERY_SAMPLE[start : start + 3])
        await channel.hang_up()
        await here.ended()
    (recorded,) = here.calls()
    assert here.pcm(recorded) == EVERY_SAMPLE[:6000]


@pytest.mark.parametrize("path", ["/media", "/somewhere"])
async def test_audio_before_media_start_is_kept(recordings, runtime_dir, path):
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port, path, subprotocols=None)
        await channel.speak(EVERY_SAMPLE[:6400])
        await channel.start()
        await channel.speak(EVERY_SAMPLE[6400:12800])
        await channel.hang_up()
        await here.ended()
    (recorded,) = here.calls()
    assert here.pcm(recorded) == EVERY_SAMPLE[:12800]


@pytest.mark.parametrize("as_json", [False, True])
async def test_keys_are_events(recordings, runtime_dir, as_json):
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port, as_json=as_json)
        await channel.start()
        await channel.speak(EVERY_SAMPLE[:640])
        for digit in "1#":
            await channel.tell("DTMF_END", digit=digit, channel_id="1795172942.127")
        await channel.hang_up()
        await here.ended()
        assert [event["digit"] for event in here.of_kind("dtmf")] == ["1", "#"]
        assert here.troubles == ""


@pytest.mark.parametrize("as_json", [False, True])
async def test_stop_sends_hangup_and_the_channel_ends(recordings, runtime_dir, as_json):
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port, as_json=as_json)
        await channel.start()
        await channel.speak(EVERY_SAMPLE[:640])
        await until(lambda: here.of_kind("call_started"))
        (folder,) = recordings.glob("2*")
        (folder / "stop").touch()
        assert await channel.closed() == (1000, "")
        await here.ended()
        assert channel.commands == ["HANGUP"]
        assert here.of_kind("call_ended")[0]["reason"] == "stopped"


async def test_a_registered_call_comes_in_once_by_any_spelling_of_its_id(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir, accepts=False) as (here, admission):
        for path, variables in [
            ("/media?contextId={}", {}),
            ("/media/{}", {}),
            ("/v1/talk/asterisk/ctx/{}", {}),
            ("/media", {"RAPIDA_CONTEXT_ID": "{}"}),
        ]:
            registered = admission.registry.register(caller="+4930123", label="customer")
            known = str(registered.uuid)
            channel = await dial(here.port, path.format(known), as_json=True)
            filled = {name: value.format(known) for name, value in variables.items()}
            await channel.start(channel_variables=filled)
            await channel.speak(EVERY_SAMPLE[:640])
            await channel.hang_up()
            again = await dial(here.port, f"/media?contextId={known}")
            code, reason = await again.closed()
            assert (code, "used already" in reason) == (1008, True)
        await here.ended(4)
        assert "used already" in here.troubles
    for recorded in here.calls():
        assert recorded["facts"]["from"] == "+4930123"
        assert (recorded["legs"][0]["leg"], recorded["legs"][0]["number"]) == (
            "customer",
            "+4930123",
        )


async def test_an_unknown_call_is_closed_with_a_line(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir, accepts=False) as (here, _):
        channel = await dial(here.port)
        await channel.start()
        code, reason = await channel.closed()
        assert code == 1008
        assert "its id 1795172942.127 is refused: it is not registered" in reason
        await until(lambda: "its id 1795172942.127 is refused" in here.troubles)
    assert here.calls() == []


async def test_calls_beyond_the_most_are_closed_with_a_line(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir, most_calls=1) as (here, _):
        first = await dial(here.port)
        await first.start()
        await until(lambda: here.of_kind("call_started"))
        second = await dial(here.port)
        await second.start()
        code, reason = await second.closed()
        assert (code, "--max-calls allows no more" in reason) == (1013, True)
        await first.hang_up()


async def test_an_unknown_shape_is_closed_with_what_came(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port, "/nowhere", subprotocols=["chat"])
        await channel.ws.send("hello there")
        code, _ = await channel.closed()
        assert code == 1003
        await until(
            lambda: (
                "the path /nowhere, the sub-protocol chat and the first message, `hello there`"
                in here.troubles
            )
        )


async def test_a_codec_that_is_not_read_is_refused_with_what_to_dial(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port)
        await channel.start(format="opus")
        code, reason = await channel.closed()
        assert (code, "c(slin16)" in reason) == (1003, True)


async def test_the_port_registers_calls_too(recordings, runtime_dir):
    async with (
        listening_web(recordings, runtime_dir, accepts=False) as (here, _),
        aiohttp.ClientSession(f"http://127.0.0.1:{here.port}") as client,
    ):
        async with client.get("/register?from=100") as answer:
            known = await answer.text()
        channel = await dial(here.port, f"/media?uuid={known}")
        await channel.start()
        await channel.speak(EVERY_SAMPLE[:640])
        await channel.hang_up()
        await here.ended()
        async with client.get("/media") as answer:
            assert answer.status == 404


async def test_a_dialplan_of_rapida_works_with_the_host_changed(recordings, runtime_dir):
    async with (
        listening_web(recordings, runtime_dir, accepts=False) as (here, _),
        aiohttp.ClientSession(f"http://127.0.0.1:{here.port}") as client,
    ):
        async with client.get("/v1/talk/asterisk/call/7?from=100&to=200&x-api-key=any") as answer:
            assert (answer.status, answer.content_type) == (200, "text/plain")
            context = await answer.text()
        events = f"/v1/talk/asterisk/ctx/{context}/event"
        async with client.post(events, json={"type": "StasisStart"}) as answer:
            assert answer.status == 200
        channel = await dial(here.port, f"/v1/talk/asterisk/ctx/{context}", format="ulaw")
        await channel.start()
        await channel.speak(bytes(1600))
        await channel.hang_up()
        await here.ended()
        async with client.get(f"{events}?type=ChannelDestroyed&cause=16") as answer:
            assert answer.status == 200
        async with client.get(f"/v1/talk/asterisk/ctx/{SOME_ID}/event") as answer:
            assert answer.status == 404
    (recorded,) = here.calls()
    assert (recorded["facts"]["from"], recorded["facts"]["to"]) == ("100", "200")


@pytest.mark.parametrize("when", ["before", "live", "after"])
async def test_what_the_dialplan_says_of_a_call_is_a_fact_of_it(recordings, runtime_dir, when):
    async with (
        listening_web(recordings, runtime_dir, accepts=False) as (here, admission),
        aiohttp.ClientSession(f"http://127.0.0.1:{here.port}") as client,
    ):
        context = admission.registry.register(caller="100").uuid

        async def tell(now):
            said = {"type": "Dial", "dialstatus": "NO-ANSWER", "cause": 19, "other": ["x"]}
            if now == when:
                path = f"/v1/talk/asterisk/ctx/{context}/event"
                async with client.post(path, json=said) as answer:
                    assert answer.status == 200

        await tell("before")
        channel = await dial(here.port, f"/v1/talk/asterisk/ctx/{context}")
        await channel.start()
        await channel.speak(EVERY_SAMPLE[:640])
        await until(lambda: here.of_kind("leg_attached"))
        await tell("live")
        await channel.hang_up()
        await here.ended()
        await tell("after")
        await until(lambda: here.calls()[0]["status"] == "no_answer")
    (recorded,) = here.calls()
    told = {"event": "Dial", "dialstatus": "NO-ANSWER", "cause": "19", "status": "no_answer"}
    assert told.items() <= recorded["facts"].items()
    assert "other" not in recorded["facts"]
    if when != "after":
        assert here.of_kind("call_ended")[0]["status"] == "no_answer"
    assert Feed(recordings / recorded["call"]).read_end().status == "no_answer"


async def test_a_first_phase_without_a_caller_is_an_error_in_json(recordings, runtime_dir):
    async with (
        listening_web(recordings, runtime_dir) as (here, _),
        aiohttp.ClientSession(f"http://127.0.0.1:{here.port}") as client,
        client.get("/v1/talk/asterisk/call/7") as answer,
    ):
        assert answer.status == 400
        assert set(json.loads(await answer.text())) == {"error"}


async def test_a_page_of_another_host_opens_no_call(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir) as (here, _):
        with pytest.raises(InvalidStatus, match="403"):
            await dial(here.port, origin="https://evil.example")
        own = await dial(here.port, origin=f"http://127.0.0.1:{here.port}")
        await own.hang_up()


async def test_every_call_goes_on_while_others_misbehave(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir) as (here, _):
        healthy = await dial(here.port)
        await healthy.start()
        await healthy.speak(EVERY_SAMPLE[:32000])
        huge = await dial(here.port, max_size=None)
        await huge.start()
        huge.ws.transport.write(b"\x82\xff" + (1 << 30).to_bytes(8, "big") + bytes(4))
        assert (await huge.closed())[0] == 1009
        flood = await dial(here.port)
        await flood.start()
        for _ in range(6200):
            await flood.ws.send("x")
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(b"GET /media HTTP/1.1\r\nUpgrade: websocket\r\n")
        await healthy.speak(EVERY_SAMPLE[32000:64000])
        await healthy.hang_up()
        await until(lambda: any(c["legs"][0]["bytes"] == 64000 for c in here.calls()))
        await until(lambda: "messages a second" in here.troubles)
        flood.ws.transport.abort()
        writer.close()
        await here.ended(3)
    (recorded,) = [c["legs"][0] for c in here.calls() if c["legs"][0]["bytes"] == 64000]
    assert (recorded["odd_frames"], recorded["lost"]) == (0, 0)


async def test_a_tone_is_heard_in_frames_of_the_channel(recordings, runtime_dir):
    tone = Tone(440)
    expected = b"".join(tone.next_frame(16000) or b"" for _ in range(30))
    async with listening_web(recordings, runtime_dir, playback=lambda: Tone(440)) as (here, _):
        channel = await dial(here.port)
        await channel.start()
        await until(lambda: len(channel.heard) >= len(expected))
        await channel.hang_up()
        await here.ended()
    assert bytes(channel.heard[: len(expected)]) == expected
    assert set(channel.frames) == {640}
    assert here.calls()[0]["legs"][0]["sent"]["frames"] >= 30


@pytest.mark.parametrize("format", ["slin16", "ulaw"])
async def test_a_caller_hears_his_own_voice(recordings, runtime_dir, format):
    voice = bytes(range(256)).replace(b"\x7f", b"\xff") * 5  # mu-law has two codes for 0
    async with listening_web(recordings, runtime_dir, playback=Echo) as (here, _):
        channel = await dial(here.port, format=format)
        await channel.start()
        await channel.speak(voice)
        await until(lambda: len(channel.heard) >= len(voice))
        await channel.hang_up()
    assert bytes(channel.heard[: len(voice)]) == voice


async def test_an_announcement_is_heard_whole_and_ends_with_a_mark(recordings, runtime_dir):
    announced = EVERY_SAMPLE[:6400]
    playback = lambda: Announcement(lambda rate: announced)  # noqa: E731
    async with listening_web(recordings, runtime_dir, playback=playback) as (here, _):
        channel = await dial(here.port)
        await channel.start()
        await until(lambda: channel.commands == ["MARK_MEDIA streamer"])
        await channel.hang_up()
    assert bytes(channel.heard) == announced


async def test_stop_has_the_channel_drop_what_it_would_still_play(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir, playback=lambda: Tone(440)) as (here, _):
        channel = await dial(here.port, as_json=True)
        await channel.start()
        await until(lambda: len(channel.heard) > 6400)
        await until(lambda: here.of_kind("call_started"))
        (folder,) = recordings.glob("2*")
        (folder / "stop").touch()
        await channel.closed()
        assert channel.commands == ["FLUSH_MEDIA", "HANGUP"]


async def test_a_full_queue_stops_the_tone_until_it_has_room(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir, playback=lambda: Tone(440)) as (here, _):
        channel = await dial(here.port)
        await channel.start()
        await until(lambda: channel.heard)
        await channel.tell("MEDIA_XOFF")
        await channel.ws.ping()
        await channel.tell("DTMF_END", digit="1")
        await until(lambda: here.of_kind("dtmf"))  # so it has been read
        heard = len(channel.heard)
        await channel.tell("MEDIA_XON")
        await until(lambda: len(channel.heard) > heard + 640)
        await channel.hang_up()
