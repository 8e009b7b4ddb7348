"""The library's front door."""

import asyncio
import wave

import pytest

import streamer
from streamer.errors import NotFoundError, SourceError, UsageError
from streamer.keeper.client import open_keeper
from streamer.simulator.script import EndKind
from streamer.simulator.stream_channel import StreamChannelSimulator, open_simulator
from streamer.sources.base import BACKLOG_S
from tests.fakes.recorder import LONG_CALL_S, SECOND, long_script
from tests.fakes.replay import VirtualClock, until

NAME = "PJSIP/100-0000001a;1"


@pytest.fixture
async def pbx():
    """A long call whose frames come when the test says so; a hang-up at the latest at the test's end."""
    simulator = StreamChannelSimulator([[long_script()]], clock=VirtualClock(), send_buffer=65536)
    async with open_simulator(simulator, is_paced=False):
        yield simulator
        simulator.hang_up()
        await until(lambda: simulator.connections == 0)


@pytest.fixture
async def keeper(runtime_dir):
    async with open_keeper(runtime_dir) as keeper:
        yield keeper


def speak(pbx, seconds):
    pbx.advance(pbx.clock.now)
    pbx.clock.now = 1000.0 + seconds
    pbx.advance(pbx.clock.now)


async def the_call_is_unharmed(pbx):
    speak(pbx, LONG_CALL_S - 1)
    await until(lambda: pbx.unread_bytes == 0)
    assert pbx.attachments == 1
    pbx.hang_up()
    await until(lambda: pbx.connections == 0)
    assert pbx.reports == []


def url(pbx):
    return f"ws://127.0.0.1:{pbx.port}/ws"


async def test_ten_lines_make_a_wav(pbx, keeper, tmp_path):
    async with streamer.open_stream(url(pbx), NAME, keeper=keeper) as stream:
        await until(lambda: pbx.attachments)
        speak(pbx, LONG_CALL_S + 1)
        with wave.open(str(tmp_path / "a.wav"), "wb") as wav:
            wav.setparams((1, 2, stream.rate, 0, "NONE", ""))
            async for chunk in stream:
                wav.writeframes(chunk.pcm)
    with wave.open(str(tmp_path / "a.wav")) as wav:
        assert wav.readframes(wav.getnframes()) == SECOND * LONG_CALL_S
    assert pbx.reports == []


async def test_leaving_early_leaves_the_socket_to_the_keeper(pbx, keeper):
    async with streamer.open_stream(url(pbx), NAME, keeper=keeper) as stream:
        await until(lambda: pbx.attachments)
        speak(pbx, 1)
        async for chunk in stream:
            assert chunk.samples
            break
    await the_call_is_unharmed(pbx)


async def test_an_exception_in_the_block_leaves_the_socket_to_the_keeper(pbx, keeper):
    async def fail():
        async with streamer.open_stream(url(pbx), NAME, keeper=keeper):
            await until(lambda: pbx.attachments)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await the_call_is_unharmed(pbx)


async def test_a_slow_consumer_loses_its_oldest_chunks_counted(pbx, keeper):
    async with streamer.open_stream(url(pbx), NAME, keeper=keeper) as stream:
        await until(lambda: pbx.attachments)
        speak(pbx, LONG_CALL_S + 1)
        await until(lambda: stream.lost >= (LONG_CALL_S - BACKLOG_S) * stream.rate - 640)
        kept = b"".join([chunk.pcm async for chunk in stream])
    assert len(kept) // 2 == pytest.approx(BACKLOG_S * stream.rate, abs=640)
    assert stream.lost + len(kept) // 2 == LONG_CALL_S * stream.rate


async def test_an_unknown_channel_raises(pbx, keeper):
    async with streamer.open_stream(url(pbx), "nobody", keeper=keeper) as stream:
        with pytest.raises(NotFoundError):
            await anext(aiter(stream))


async def test_a_broken_stream_raises_after_its_audio(keeper):
    script = long_script(end=EndKind.BREAK)
    simulator = StreamChannelSimulator([[script]], clock=VirtualClock())
    async with (
        open_simulator(simulator, is_paced=False),
        streamer.open_stream(url(simulator), NAME, keeper=keeper) as stream,
    ):
        await until(lambda: simulator.attachments)
        speak(simulator, 5)
        chunks = aiter(stream)
        received = 0
        while received < 5 * stream.rate:
            received += (await anext(chunks)).samples
        speak(simulator, LONG_CALL_S + 1)
        with pytest.raises(SourceError, match="frozen"):
            await _exhaust(chunks)


async def _exhaust(chunks):
    async for _ in chunks:
        pass


@pytest.mark.parametrize(
    ("at", "channel"), [("http://pbx/ws", NAME), ("ws://pbx/ws", "a\r\nX: y"), ("ws://pbx/ws", "")]
)
async def test_what_cannot_be_meant_is_refused_before_anything_is_connected(at, channel, keeper):
    with pytest.raises(UsageError):
        async with streamer.open_stream(at, channel, keeper=keeper):
            pass


async def test_a_program_finds_the_users_keeper_by_itself(pbx, runtime_dir, monkeypatch):
    monkeypatch.setattr("streamer.keeper.client.default_runtime_dir", lambda _: runtime_dir)
    async with streamer.open_stream(url(pbx), NAME) as stream:
        await until(lambda: pbx.attachments)
        speak(pbx, 1)
        assert (await anext(aiter(stream))).pcm == SECOND[:640]
    assert (runtime_dir / "keeper.sock").exists()
    await asyncio.sleep(0)
