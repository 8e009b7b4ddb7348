"""Invariant 6 where the loop is held up: the same position in the WAV is the same moment, and what we read late is no hole."""

import asyncio
import json
import wave
from contextlib import asynccontextmanager

from streamer.bus import Bus
from streamer.sources.audiosocket.connection import Connection
from streamer.sources.inbound import Admitted
from streamer.tap.inbound import Listener
from streamer.tap.listen_plan import ListenAddress, ListenPlan
from streamer.wire.audiosocket import encode_audio
from tests.fakes.replay import PATIENCE_S, VirtualClock, until
from tests.fakes.serving import call, close_callers

FRAME = b"\x00\x10\x00\xf0" * 80
"""20 ms of a loud tone at 8 kHz."""


class Held:
    """A listener on a clock of the test's own, and one call to it."""

    def __init__(self, listener, clock, caller, recordings):
        self.listener, self.clock, self.caller, self.recordings = (
            listener,
            clock,
            caller,
            recordings,
        )
        self.frames = 0

    def send(self, frames):
        """Have frames sent, which the loop has not read yet."""
        self.frames += frames
        for _ in range(frames):
            self.caller.send(encode_audio(FRAME, 8000))

    async def is_read(self):
        await until(lambda: self.described()["legs"][0]["frames"] == self.frames)

    async def turns(self):
        """Let the loop look at its sockets, and see this one empty."""
        ((_, server),) = self.listener._servers
        now = self.clock.now
        await until(lambda: server.watch.turned_at >= now)

    async def speak(self, frames):
        """Speak in a loop that is prompt."""
        for _ in range(frames):
            self.clock.now += 0.02
            self.send(1)
            await self.turns()

    def described(self):
        (path,) = self.recordings.glob("*/call.json")
        return json.loads(path.read_text())

    def wav(self):
        (path,) = self.recordings.glob("*/caller.wav")
        with wave.open(str(path)) as file:
            return file.readframes(file.getnframes())


@asynccontextmanager
async def held(recordings, runtime_dir):
    clock = VirtualClock()
    plan = ListenPlan(
        (ListenAddress("audiosocket", "127.0.0.1", 0),),
        recordings,
        admit=lambda uuid: Admitted("caller", str(uuid)),
        new_playback=lambda: None,
        fills_silence=False,
        format=None,
        most_calls=10,
        grace_s=None,
        keeper_patience_s=3600,
        runtime_dir=runtime_dir,
    )
    listener, where = (
        Listener(plan, Bus(), clock=clock),
        asyncio.get_running_loop().create_future(),
    )
    running = asyncio.ensure_future(listener.run(lambda _, address: where.set_result(address)))
    try:
        caller = await call(int((await where).rpartition(":")[2]))
        caller.identify()
        one = Held(listener, clock, caller, recordings)
        await one.speak(25)
        await until(lambda: list(recordings.glob("*/call.json")))
        yield one
        caller.hang_up()
        listener.stopping.set()
        async with asyncio.timeout(PATIENCE_S):
            await running
    finally:
        running.cancel()
        await close_callers()


async def test_what_is_read_late_turn_after_turn_is_no_hole(recordings, runtime_dir, monkeypatch):
    async with held(recordings, runtime_dir) as one:
        take = Connection.buffer_updated

        def take_slowly(connection, nbytes):
            one.clock.now += 0.3  # each read brings a little less than that
            take(connection, nbytes)

        monkeypatch.setattr(Connection, "buffer_updated", take_slowly)
        one.send(300)
        await until(lambda: one.clock.now >= 1000.5 + 0.3 * (300 * 323 // 4096))
        await one.turns()
        monkeypatch.undo()
    assert one.described()["legs"][0]["silence"] == 0
    assert one.wav() == FRAME * 325


async def test_a_loop_that_stood_still_makes_no_hole(recordings, runtime_dir):
    async with held(recordings, runtime_dir) as one:
        one.clock.now += 4.0
        one.send(200)
        await one.turns()
        await one.speak(50)
    assert one.described()["legs"][0]["silence"] == 0
    assert one.wav() == FRAME * 275


async def test_a_party_that_said_nothing_has_its_hole_where_it_was(recordings, runtime_dir):
    async with held(recordings, runtime_dir) as one:
        one.clock.now += 3.0
        await one.turns()
        await one.speak(50)
    wav = one.wav()
    assert wav[: 25 * len(FRAME)] == FRAME * 25
    assert wav[-50 * len(FRAME) :] == FRAME * 50
    assert abs(len(wav) / len(FRAME) - 225) < 5
