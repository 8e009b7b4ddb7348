"""Protocols plugged in from outside the package: one that calls come to us by, one that we call, and a call that gains a leg."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from streamer.bus import Bus
from streamer.config import Settings
from streamer.core.audio import SLIN16_RATE, AudioChunk, Leg
from streamer.core.events import CallEnded, EndReason
from streamer.media.wav import HEADER_SIZE
from streamer.recording.reader import list_wavs, read_recorded, say_what_goes_on
from streamer.recording.writer import Recording
from streamer.sources import INBOUND
from streamer.sources.base import Inbox, LegClosed, LegOpened, StreamItem
from streamer.sources.inbound import Admitted, ServerOptions
from streamer.tap.inbound import Listener
from streamer.tap.listen_plan import ListenAddress, ListenPlan
from streamer.tap.outbound import record_call
from streamer.tap.plan import plan_tap
from streamer.tap.tap import Stop
from tests.fakes.replay import PATIENCE_S, RememberingBus, VirtualClock, until
from tests.fakes.serving import call, close_callers

SECOND = b"\x00\x10\x00\xf0" * (SLIN16_RATE // 2)


class ToyCall:
    """A call over a protocol that this module makes up."""

    def __init__(self, *legs: Leg, facts: dict[str, str] | None = None) -> None:
        self.legs = legs
        self.facts = facts or {}
        self.sent = ()
        self.inbox = Inbox(legs)
        self.is_left = asyncio.Event()

    @property
    def lost(self) -> list[int]:
        return self.inbox.lost

    def __aiter__(self) -> AsyncIterator[StreamItem]:
        return self.inbox.__aiter__()

    def explain_silence(self, leg: int, *, waited_s: float) -> str:
        return f"leg {leg} has said nothing for {waited_s:.0f} s"

    async def aclose(self) -> None:
        self.is_left.set()


class ToyServer:
    """Takes calls over TCP: a line with the caller's name, then its audio."""

    def __init__(self, options: ServerOptions) -> None:
        self.address = ""
        self.live_calls = 0
        self._options = options
        self._announced: asyncio.Queue[ToyCall | None] = asyncio.Queue()
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> None:
        self._server = await asyncio.start_server(self._take, host, port)
        self.address = f"{host}:{self._server.sockets[0].getsockname()[1]}"

    async def calls(self) -> AsyncIterator[ToyCall]:
        while (announced := await self._announced.get()) is not None:
            yield announced

    def stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            self._announced.put_nowait(None)

    def give_up(self) -> None:
        """No call of this protocol is held by the keeper."""

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = (await reader.readline()).decode().strip()
        if refusal := self._options.limiter.refuse_call(calls=self._options.count_calls()):
            writer.write(refusal.encode())
            writer.close()
            return
        self.live_calls += 1
        toy = ToyCall(Leg("caller", name), facts={"peer": name})
        self._announced.put_nowait(toy)
        toy.inbox.put(LegOpened(0))
        while pcm := await reader.read(4096):
            toy.inbox.put(AudioChunk(0, pcm, self._options.clock()))
        toy.inbox.put(LegClosed(0, EndReason.HANG_UP))
        self.live_calls -= 1
        writer.close()


@asynccontextmanager
async def listening(recordings, runtime_dir, *, most_calls=10):
    """Listen for the toy and for AudioSocket in one process; yields the listener, its bus and a port for each."""
    sources = ("toy", "audiosocket")
    plan = ListenPlan(
        tuple(ListenAddress(source, "127.0.0.1", 0) for source in sources),
        recordings,
        admit=lambda uuid: Admitted("caller", str(uuid)),
        new_playback=lambda: None,
        fills_silence=True,
        format=None,
        most_calls=most_calls,
        grace_s=None,
        keeper_patience_s=10,
        runtime_dir=runtime_dir,
    )
    bus, ports = RememberingBus(), dict[str, int]()
    one = Listener(plan, bus, clock=time.monotonic, inbound={**INBOUND, "toy": ToyServer})

    def note(source, address):
        ports[source] = int(address.rpartition(":")[2])

    running = asyncio.ensure_future(one.run(note))
    await until(lambda: len(ports) == 2 or running.done())
    try:
        yield bus, ports
        one.stopping.set()
        async with asyncio.timeout(PATIENCE_S):
            await running
    finally:
        running.cancel()
        await close_callers()


async def speak(port, name):
    """Make a toy call that says something for a second; returns what its server answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(name.encode() + b"\n" + SECOND)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer.decode()


async def test_calls_of_two_protocols_come_to_one_listener(recordings, runtime_dir):
    async with listening(recordings, runtime_dir) as (bus, ports):
        assert await speak(ports["toy"], "Toy/1") == ""
        caller = await call(ports["audiosocket"])
        caller.identify()
        caller.speak(SECOND)
        caller.hang_up()
        await until(lambda: bus.count(CallEnded) == 2)
    calls = {
        recorded.call.source: recorded for recorded in map(read_recorded, recordings.glob("2*"))
    }
    assert set(calls) == {"toy", "audiosocket"}
    assert calls["toy"].call.legs == (Leg("caller", "Toy/1"),)
    assert calls["toy"].legs[0].samples == len(SECOND) // 2
    assert say_what_goes_on(calls["toy"].paths[0].parent) == "the call itself goes on"


async def test_calls_of_all_protocols_count_together(recordings, runtime_dir):
    async with listening(recordings, runtime_dir, most_calls=1) as (_, ports):
        caller = await call(ports["audiosocket"])
        caller.identify()
        caller.speak(SECOND)
        await until(lambda: any(recordings.glob("2*")))
        assert "1 calls are live" in await speak(ports["toy"], "Toy/2")
        caller.hang_up()


class ToyPbx:
    """A PBX whose calls this module scripts: `script` gets each call that is opened."""

    source = "toy"
    url = "toy://somewhere"

    def __init__(self, script: Callable[[ToyCall], None]) -> None:
        self._script = script

    @asynccontextmanager
    async def open(self, legs, keeper, *, clock) -> AsyncIterator[ToyCall]:
        opened = ToyCall(*legs)
        self._script(opened)
        yield opened


async def record(script, recordings, runtime_dir, clock):
    """Record a scripted call as `record` does, and return its folder and how it ended."""
    settings = Settings(recordings=str(recordings), runtime_dir=str(runtime_dir))
    made = list[Recording]()
    plan = plan_tap(
        settings,
        (Leg("caller", "Toy/1"),),
        via="toy",
        outgoing={"toy": lambda settings, legs: ToyPbx(script)},
    )
    result = await record_call(plan, Bus(), Stop(), clock=clock, on_recording=made.append)
    return made[0].folder, result


async def test_a_call_is_recorded_over_a_protocol_that_is_plugged_in(recordings, runtime_dir):
    clock = VirtualClock()

    def script(toy):
        toy.inbox.put(LegOpened(0))
        toy.inbox.put(AudioChunk(0, SECOND, clock.now))
        toy.inbox.put(LegClosed(0, EndReason.HANG_UP))

    folder, result = await record(script, recordings, runtime_dir, clock)
    assert (result.reason, result.exit_code) == (EndReason.HANG_UP, 0)
    assert read_recorded(folder).call.source == "toy"
    assert list_wavs(folder)[0].read_bytes()[HEADER_SIZE:] == SECOND


async def test_a_leg_that_joins_begins_with_silence_up_to_its_place(recordings, runtime_dir):
    clock = VirtualClock()

    def script(toy):
        toy.inbox.put(LegOpened(0))
        toy.inbox.put(AudioChunk(0, SECOND, clock.now))
        joined = toy.inbox.add_leg(Leg("caller", "Toy/2"))  # the label is taken
        toy.inbox.put(LegOpened(joined))
        toy.inbox.put(AudioChunk(joined, SECOND, clock.now + 3.0))
        for leg in (0, joined):
            toy.inbox.put(LegClosed(leg, EndReason.HANG_UP))

    folder, result = await record(script, recordings, runtime_dir, clock)
    assert result.exit_code == 0
    recorded = read_recorded(folder)
    assert [leg.leg.label for leg in recorded.legs] == ["caller", "caller2"]
    assert all(leg.has_attached and leg.reason is EndReason.HANG_UP for leg in recorded.legs)
    silence = bytes(3 * 2 * SLIN16_RATE)
    assert recorded.paths[1].read_bytes()[HEADER_SIZE:] == silence + SECOND
