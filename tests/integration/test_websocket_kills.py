"""kill -9 of the listener and of `serve`, with a live call of each protocol: who lives on, what the PBX sees, and what is recorded."""

from __future__ import annotations

import base64
import json
import wave
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from streamer.wire import g711
from streamer.wire.audiosocket import Terminated
from tests.fakes.chan_websocket import Channel, dial
from tests.fakes.command_line import run_here
from tests.fakes.replay import SCAN_S, until
from tests.fakes.serving import HandCaller, call, find_listeners, serving

SECOND = b"".join(n.to_bytes(2, "little") for n in range(1, 8001))
ULAW = g711.encode(SECOND, g711.Law.MU)
SOURCES = ("audiosocket", "chan-websocket", "twilio", "yeastar")


@dataclass
class Calls:
    """One live call of each protocol."""

    hand: HandCaller
    channel: Channel
    twilio: Channel
    yeastar: Channel

    async def speak(self):
        """Say a second in each."""
        self.hand.speak(SECOND)
        await self.channel.speak(SECOND)
        media = {"track": "inbound", "payload": base64.b64encode(ULAW).decode()}
        await self.twilio.ws.send(json.dumps({"event": "media", "media": media}))
        said = {"callid": "7", "channelid": "c", "audio": base64.b64encode(SECOND).decode()}
        await self.yeastar.ws.send(json.dumps(said))

    async def hang_up(self):
        self.hand.hang_up()
        for one in (self.channel, self.twilio, self.yeastar):
            await one.hang_up()

    @property
    def sockets(self):
        return [self.channel, self.twilio, self.yeastar]


def port_of(served, source="websocket"):
    here = [e["address"] for e in served.of_kind("listening") if e["source"] == source]
    return int(here[-1].rpartition(":")[2])


def listens(served, times=1):
    return len({e["source"] for e in served.of_kind("listening")}) == 2 and (
        len(served.of_kind("listening")) >= 2 * times
    )


@asynccontextmanager
async def a_call_of_each(recordings):
    """Serve both ways in, with a call of each protocol that has said a second, all of it on disk."""
    async with serving(recordings, "--websocket", "127.0.0.1:0") as served:
        await until(lambda: listens(served))
        port = port_of(served)
        calls = Calls(
            await call(served.port),
            await dial(port, format="slin"),
            await dial(port, "/twilio", subprotocols=None),
            await dial(port, "/yeastar?rate=8000", subprotocols=None),
        )
        calls.hand.identify()
        await calls.channel.start(format="slin")
        start = {"callSid": "CA1", "tracks": ["inbound"]}
        await calls.twilio.ws.send(json.dumps({"event": "start", "start": start}))
        await calls.speak()
        await until(lambda: len(served.of_kind("call_started")) == len(SOURCES))
        await until(lambda: all(on_disk(served, one) >= len(SECOND) for one in served.calls()))
        yield served, calls


def on_disk(served, one):
    wav = served.wav(one)
    return wav.stat().st_size - 44 if wav.is_file() else 0


def expected(one):
    is_law = one["source"] == "twilio"
    return g711.decode(ULAW, g711.Law.MU) if is_law else SECOND


async def test_kill_9_of_the_listener_ends_each_call_as_its_table_says(recordings):
    async with a_call_of_each(recordings) as (served, calls):
        served.listener().kill()
        ends = [await one.closed() for one in calls.sockets]
        assert ends == [(1006, "")] * 3  # the PBX sees a socket that closes without a word
        await until(lambda: calls.hand.messages and isinstance(calls.hand.messages[-1], Terminated))
        calls.hand.speak(SECOND)
        assert not calls.hand.was_reset
        await served.ended(len(SOURCES))
        ended = {event["reason"] for event in served.of_kind("call_ended")}
        assert ended == {"interrupted"}
        await until(lambda: listens(served, times=2))
        again = await dial(port_of(served), format="slin")
        await again.start(format="slin")
        await again.speak(SECOND)
        await again.hang_up()
        calls.hand.hang_up()
        await served.ended(len(SOURCES) + 1)
    recorded = sorted(served.calls()[: len(SOURCES)], key=lambda one: one["source"])
    assert [one["source"] for one in recorded] == list(SOURCES)
    for one in recorded:
        with wave.open(str(served.wav(one))) as wav:
            assert wav.readframes(wav.getnframes())[: len(SECOND)] == expected(one)
    await check_they_are_finished(recordings, recorded, "interrupted")


async def test_kill_9_of_the_front_ends_no_call_of_any_protocol(recordings):
    async with a_call_of_each(recordings) as (served, calls):
        (listener,) = find_listeners(recordings)
        served.process.kill()
        await served.process.wait()
        await calls.speak()
        await until(lambda: all(on_disk(served, one) >= 2 * len(SECOND) for one in served.calls()))
        assert all(one.ws.close_code is None for one in calls.sockets)
        assert not calls.hand.has_ended
        assert listener.is_running()
        late = await dial(port_of(served), format="slin")
        await late.start(format="slin")
        await late.speak(SECOND)
        for one in (calls, late):
            await one.hang_up()
        await until(lambda: len(served.calls()) == len(SOURCES) + 1)
        await until(lambda: all(one["reason"] == "hang-up" for one in served.calls()), every=SCAN_S)
    for one in served.calls():
        with wave.open(str(served.wav(one))) as wav:
            pcm = wav.readframes(wav.getnframes())
        assert pcm.startswith(expected(one))
        assert pcm.endswith(expected(one))
    await check_they_are_finished(recordings, served.calls(), "hang-up")


async def check_they_are_finished(recordings: Path, calls, reason):
    """Have `resume` write the text of each; the list says then that nothing is missing."""
    where = ["--recordings", str(recordings)]
    for one in calls:
        code, _, err = await run_here("resume", one["call"], "--model", "demo", *where)
        assert code == 0, err
    _, listed, _ = await run_here("calls", "--json", *where)
    states = {said["call"]: said for said in map(json.loads, listed.splitlines())}
    said = [(states[one["call"]]["reason"], states[one["call"]]["state"]) for one in calls]
    assert said == [(reason, "complete")] * len(calls)
