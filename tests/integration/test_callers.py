"""Callers behave as Asterisk 23.5 was measured to on the other side of AudioSocket, and judge the server."""

import asyncio
import stat
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest

from streamer.errors import UnreachableError
from streamer.simulator.audiosocket import (
    QUIET_S,
    AudioSocketSimulator,
    Caller,
    CallResult,
    run_callers,
)
from streamer.simulator.caller import (
    load_caller,
    script_caller,
    script_mislabelled,
    with_digits,
    with_hole,
)
from streamer.simulator.judge import REST_S, Ending
from streamer.simulator.script import EndKind
from streamer.wire.audiosocket import (
    RATES,
    TERMINATE,
    Audio,
    Digit,
    Identified,
    encode_audio,
    encode_identifier,
)
from streamer.wire.formats import Format
from tests.conftest import TRACES
from tests.fakes.answering import AnsweringServer, open_answering
from tests.fakes.ports import closed_port
from tests.fakes.replay import PATIENCE_S, VirtualClock, until

SECOND = b"\x00\x10\x00\xf0" * 4000
FRAME = encode_audio(b"\x00\x40" * 160, 8000)
SCRIPT = script_caller(SECOND * 4, rate=8000, name="a")


@dataclass
class Calling:
    """Calls whose time passes when the test says so."""

    simulator: AudioSocketSimulator
    clock: VirtualClock
    task: asyncio.Task[list[CallResult]]

    def advance(self, seconds: float) -> None:
        """Let it be so many seconds after the beginning."""
        self.clock.now = 1000.0 + seconds
        self.simulator.advance(self.clock.now)

    async def result(self) -> CallResult:
        async with asyncio.timeout(PATIENCE_S):
            (result,) = await self.task
        return result


@asynccontextmanager
async def calling(server: AnsweringServer, *callers: Caller, **options) -> AsyncIterator[Calling]:
    clock = VirtualClock()
    simulator = AudioSocketSimulator(callers, clock=clock, **options)
    task = asyncio.ensure_future(simulator.run("127.0.0.1", server.port, is_paced=False))
    at_once = sum(caller.starts_at == 0 for caller in callers)
    await until(lambda: len(simulator.live) == at_once or task.done())
    yield Calling(simulator, clock, task)
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture
async def server():
    async with open_answering() as opened:
        yield opened


def caller(script=SCRIPT, **options):
    return Caller(script, uuid4(), **options)


async def answered(server: AnsweringServer):
    (connection,) = await server.has_connections(1)
    return connection


async def judged(server: AnsweringServer, calls: Calling, reply: bytes) -> CallResult:
    """The result of a call to which the server sends something."""
    connection = await answered(server)
    connection.send(reply)
    await until(lambda: not calls.simulator.live)
    return await calls.result()


async def test_the_uuid_comes_first_and_frames_when_they_are_due(server):
    one = caller()
    async with calling(server, one) as calls:
        connection = await answered(server)
        await until(lambda: len(connection.data) == 19 + 323)
        assert connection.data[:19] == encode_identifier(one.uuid)
        for moment, count in [(0.019, 1), (0.02, 2), (0.039, 2), (0.2, 11)]:
            calls.advance(moment)
            await until(lambda count=count: len(connection.audio) == count)


@pytest.mark.parametrize("rate", RATES.values())
async def test_a_call_of_every_rate_has_frames_of_20_ms_under_its_own_label(server, rate):
    script = script_caller(bytes(rate * 2), rate=rate, name="a")
    async with calling(server, caller(script)) as calls:
        calls.advance(1.0)
        connection = await answered(server)
        await until(lambda: connection.has_ended)
    assert len(connection.audio) == 50
    assert {(audio.rate, len(audio.payload)) for audio in connection.audio} == {
        (rate, rate // 50 * 2)
    }


@pytest.mark.parametrize(
    ("format", "size"), [(Format.ULAW, 160), (Format.ALAW, 160), (Format.SLIN16, 640)]
)
async def test_g711_and_old_slin16_come_under_the_label_of_8_khz(server, format, size):
    async with calling(server, caller(script_mislabelled(SECOND, format, name="a"))) as calls:
        calls.advance(1.0)
        connection = await answered(server)
        await until(lambda: connection.has_ended)
    assert {(audio.rate, len(audio.payload)) for audio in connection.audio} == {(8000, size)}


async def test_keys_arrive_between_frames_of_audio(server):
    async with calling(server, caller(with_digits(SCRIPT, at=1, digits="5#"))) as calls:
        calls.advance(2.0)
        connection = await answered(server)
        await until(lambda: len(connection.messages) > 90)
    kinds = [type(message) for message in connection.messages]
    assert kinds[0] is Identified
    assert kinds[51:53] == [Digit, Digit]
    assert set(kinds[1:51] + kinds[53:]) == {Audio}


@pytest.mark.parametrize(("hangs_up_at", "frames"), [(None, 200), (1.5, 76), (5.0, 200)])
async def test_the_caller_ends_by_the_end_of_its_stream_and_never_by_a_frame(
    server, hangs_up_at, frames
):
    end = hangs_up_at or SCRIPT.ends_at
    async with calling(server, caller(hangs_up_at=hangs_up_at)) as calls:
        calls.advance(min(end, 4.0) - 0.001)
        assert calls.simulator.live
        calls.advance(end)
        result = await calls.result()
    connection = await answered(server)
    await until(lambda: connection.has_ended)
    assert connection.error is None
    assert {type(message) for message in connection.messages[1:]} == {Audio}
    assert len(connection.audio) == result.frames_sent == frames
    assert result.ending is Ending.HUNG_UP
    assert result.seconds == pytest.approx(end)
    assert result.is_expected


async def test_a_hang_up_is_no_reset_although_the_server_still_sends(server):
    async with calling(server, caller()) as calls:
        connection = await answered(server)
        connection.send(FRAME * 100)
        calls.advance(4.0)
        assert (await calls.result()).ending is Ending.HUNG_UP
        await until(lambda: connection.has_ended)
    assert len(connection.audio) == 200


async def test_a_call_that_is_broken_off_ends_by_a_reset(server):
    async with calling(server, caller(replace(SCRIPT, end=EndKind.BREAK))) as calls:
        connection = await answered(server)
        await until(lambda: connection.data)
        calls.advance(4.0)
        result = await calls.result()
        await until(lambda: connection.has_ended)
    assert isinstance(connection.error, ConnectionResetError)
    assert result.ending is Ending.BROKEN_OFF
    assert result.is_expected


async def test_two_seconds_without_a_frame_from_either_side_end_the_call(server):
    script = with_hole(SCRIPT, at=1, seconds=5)
    async with calling(server, caller(script)) as calls:
        calls.advance(1.0)
        calls.advance(1.0 + QUIET_S - 0.01)
        assert calls.simulator.live
        calls.advance(1.0 + QUIET_S)
        result = await calls.result()
    assert result.ending is Ending.TIMED_OUT
    assert not result.is_expected


async def test_a_frame_of_the_server_keeps_a_silent_call_alive(server):
    async with calling(server, caller(with_hole(SCRIPT, at=0, seconds=9))) as calls:
        connection = await answered(server)
        calls.advance(1.5)
        connection.send(FRAME)
        (call,) = calls.simulator.live
        await until(lambda: call.returned.frames == 1)
        calls.advance(3.4)
        assert calls.simulator.live
        calls.advance(3.5)
        assert (await calls.result()).ending is Ending.TIMED_OUT


async def test_the_channel_driver_waits_for_ever(server):
    script = with_hole(SCRIPT, at=1, seconds=3600)
    async with calling(server, caller(script, has_timeout=False)) as calls:
        for moment in (1.0, 100.0, 3600.0, 3700.0):
            calls.advance(moment)
        assert (await calls.result()).frames_sent == 200


async def test_a_caller_that_was_stopped_itself_does_not_blame_the_silence(server):
    async with calling(server, caller(SCRIPT)) as calls:
        calls.advance(3.5)
        assert calls.simulator.live
        calls.advance(4.0)
        assert (await calls.result()).lateness_s == pytest.approx(3.48)


async def test_the_server_may_hang_up_and_the_dialplan_goes_on(server):
    async with calling(server, caller()) as calls:
        result = await judged(server, calls, FRAME + TERMINATE)
        assert (await answered(server)).has_ended
    assert result.ending is Ending.TERMINATED
    assert result.is_expected
    assert result.returned.frames == 1


async def test_a_hang_up_counts_although_the_server_resets_behind_it(server):
    async with calling(server, caller()) as calls:
        connection = await answered(server)
        connection.send(TERMINATE)
        connection.reset()
        await until(lambda: not calls.simulator.live)
        assert (await calls.result()).ending is Ending.TERMINATED


async def test_a_server_that_closes_lets_the_dialplan_go_on(server):
    async with calling(server, caller()) as calls:
        connection = await answered(server)
        await until(lambda: len(connection.data) == 19 + 323)
        connection.close()
        assert (await calls.result()).ending is Ending.CLOSED


async def test_a_server_that_resets_hangs_the_call_up(server):
    async with calling(server, caller()) as calls:
        (await answered(server)).reset()
        result = await calls.result()
    assert result.ending is Ending.RESET
    assert not result.is_expected


@pytest.mark.parametrize(
    "frame",
    [
        encode_identifier(UUID(int=0)),
        b"\x02\x00\x00",
        b"\x03\x00\x015",
        b"\x0f\x00\x01x",
        b"\x19\x00\x02xx",
        b"\xff\x00\x00",
        b"\x10\x00\x00",
    ],
)
async def test_a_frame_that_may_not_be_sent_drops_the_call(server, frame):
    async with calling(server, caller()) as calls:
        result = await judged(server, calls, FRAME + frame)
        await until(lambda: server.connections[0].has_ended)
    assert result.ending is Ending.DROPPED
    assert "came from the server" in result.detail
    assert result.returned.frames <= 1
    assert not result.is_expected


@pytest.mark.parametrize("cut", [1, 2, 3, 100])
async def test_half_a_frame_drops_the_call(server, cut):
    async with calling(server, caller()) as calls:
        connection = await answered(server)
        connection.send(FRAME[:cut])
        (call,) = calls.simulator.live
        await until(lambda: call.is_waiting_for_a_rest)
        calls.advance(REST_S)
        result = await calls.result()
    assert result.ending is Ending.DROPPED
    assert f"first {cut} bytes" in result.detail


async def test_a_server_that_does_not_read_loses_the_call(server):
    script = script_caller(bytes(192_000 * 2 * 60), rate=192_000, name="a")
    async with calling(server, caller(script)) as calls:
        (await answered(server)).stop_reading()
        calls.advance(59.0)
        result = await calls.result()
    assert result.ending is Ending.DROPPED
    assert "does not read" in result.detail


async def test_what_comes_back_is_measured_and_odd_labels_are_told(server):
    async with calling(server, caller()) as calls:
        connection = await answered(server)
        (call,) = calls.simulator.live
        for number in range(1, 51):
            calls.advance(number * 0.02)
            connection.send(FRAME)
            await until(lambda number=number: call.returned.frames == number)
        connection.send(encode_audio(bytes(640), 16_000))
        await until(lambda: call.returned.frames == 51)
        calls.advance(4.0)
        result = await calls.result()
    assert result.returned.samples == {8000: 8000, 16_000: 320}
    assert result.returned.spacing is not None
    assert result.returned.spacing.p99 == pytest.approx(20.0)
    assert result.returned.longest_gap_s == pytest.approx(3.0)
    assert not result.returned.is_silent
    assert result.odd_rates == [16_000]


async def test_what_comes_back_is_kept_to_listen_to(server, tmp_path):
    path = tmp_path / "back.wav"
    server.greeting = FRAME * 3 + encode_audio(bytes(640), 16_000) + FRAME
    async with calling(server, caller(save_to=path)) as calls:
        (call,) = calls.simulator.live
        await until(lambda: call.returned.frames == 5)
        calls.advance(4.0)
        assert (await calls.result()).is_expected
    with wave.open(str(path)) as wav:
        assert (wav.getframerate(), wav.getnchannels()) == (8000, 1)
        assert wav.readframes(9999) == b"\x00\x40" * 640
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_wav_that_cannot_be_written_never_costs_the_call(server, tmp_path):
    server.greeting = FRAME * 3
    async with calling(server, caller(save_to=tmp_path / "no" / "back.wav")) as calls:
        (call,) = calls.simulator.live
        await until(lambda: call.returned.frames == 3)
        calls.advance(4.0)
        result = await calls.result()
    assert result.ending is Ending.HUNG_UP
    assert "cannot be written" in (result.save_error or "")
    assert not result.is_expected


async def test_calls_begin_one_after_another_and_are_named_in_order(server):
    callers = [caller(starts_at=number * 0.5) for number in range(4)]
    named = list[Caller]()
    async with calling(server, *callers, on_connected=named.append) as calls:
        for number in range(1, 4):
            calls.advance(number * 0.5 - 0.01)
            assert len(calls.simulator.live) == number
            calls.advance(number * 0.5)
            await until(lambda number=number: len(calls.simulator.live) == number + 1)
        calls.advance(9.0)
        results = await calls.task
    assert named == callers
    assert [result.caller for result in results] == callers
    assert {result.ending for result in results} == {Ending.HUNG_UP}


async def test_many_calls_share_one_script(server):
    callers = [caller() for _ in range(50)]
    named = list[Caller]()
    async with calling(server, *callers, on_connected=named.append) as calls:
        calls.advance(4.0)
        results = await calls.task
        await until(lambda: all(connection.has_ended for connection in server.connections))
    assert [result.frames_sent for result in results] == [200] * 50
    assert named == callers
    sent = {bytes(connection.data[19:]) for connection in server.connections}
    assert sent == {b"".join(frame.data for frame in SCRIPT.frames)}


async def test_a_loop_goes_on_until_the_hang_up(server):
    async with calling(server, caller(loop=True, hangs_up_at=10.01)) as calls:
        for moment in (3.0, 5.0, 9.0, 10.01):
            calls.advance(moment)
        assert (await calls.result()).frames_sent == 501


async def test_a_fast_caller_sends_the_same_in_less_time(server):
    async with calling(server, caller(speed=8.0)) as calls:
        calls.advance(0.25)
        assert calls.simulator.live
        calls.advance(0.5)
        result = await calls.result()
    assert result.frames_sent == 200
    assert result.seconds == pytest.approx(0.5)


@pytest.mark.parametrize("name", sorted(path.name for path in TRACES.glob("audiosocket_*")))
async def test_a_captured_call_is_sent_byte_for_byte(server, name):
    script = load_caller(TRACES / name)
    assert script.uuid is not None
    async with calling(server, Caller(script, script.uuid)) as calls:
        for moment in sorted([*(frame.at for frame in script.frames), QUIET_S, script.ends_at]):
            calls.advance(moment)
        result = await calls.result()
    connection = await answered(server)
    await until(lambda: connection.has_ended)
    sent = b"".join(frame.data for frame in script.frames)
    assert connection.data == encode_identifier(script.uuid) + sent
    assert connection.error is None
    timed_out = name == "audiosocket_app_silence_timeout.jsonl"
    assert result.ending is (Ending.TIMED_OUT if timed_out else Ending.HUNG_UP)


async def test_a_server_that_is_not_there_refuses_the_first_call_and_no_other_is_made():
    named = list[Caller]()
    with pytest.raises(UnreachableError, match="Nothing is listening at"):
        await run_callers(
            [caller(), caller(starts_at=60)],
            host="127.0.0.1",
            port=closed_port(),
            on_connected=named.append,
        )
    assert named == []


async def test_a_host_without_an_address_is_unreachable():
    with pytest.raises(UnreachableError, match="no address"):
        await run_callers([caller()], host="no..name", port=1)


async def test_a_server_that_refuses_later_costs_only_that_call(server):
    callers = [caller(), caller(starts_at=1), caller(starts_at=2)]
    named, ended = list[Caller](), list[CallResult]()
    async with calling(server, *callers, on_connected=named.append, on_ended=ended.append) as calls:
        server.stop_listening()
        calls.advance(1.0)
        await until(lambda: ended)
        calls.advance(2.0)
        await until(lambda: len(ended) == 2)
        calls.advance(4.0)
        results = await calls.task
    assert named == callers[:1]
    assert [result.ending for result in results] == [
        Ending.HUNG_UP,
        Ending.UNREACHABLE,
        Ending.UNREACHABLE,
    ]


async def test_no_calls_are_no_results():
    assert await run_callers([], host="127.0.0.1", port=1) == []


async def test_who_is_cancelled_hangs_up_and_tells(server):
    ended = list[CallResult]()
    async with calling(server, caller(), caller(starts_at=60), on_ended=ended.append) as calls:
        calls.advance(1.0)
        calls.task.cancel()
        await asyncio.wait([calls.task])
        assert [result.ending for result in ended] == [Ending.HUNG_UP]
        connection = await answered(server)
        await until(lambda: connection.has_ended)
        assert connection.error is None


async def test_real_time_passes_by_itself(server):
    script = script_caller(SECOND[:1600], rate=8000, name="a")
    (result,) = await run_callers([caller(script)], host="127.0.0.1", port=server.port)
    assert (result.ending, result.frames_sent) == (Ending.HUNG_UP, 5)
    assert result.seconds >= 0.1
