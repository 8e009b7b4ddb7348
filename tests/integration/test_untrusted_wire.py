"""Messages that no Asterisk sends, to a tap that must neither break nor harm the call."""

import asyncio

import pytest
from websockets.asyncio.server import serve
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from streamer.core.audio import SLIN16_RATE, Leg
from streamer.core.events import CallEnded, CallStarted, EndReason, LegAttached, LegEnded, Trouble
from streamer.media.wav import HEADER_SIZE
from streamer.recording.folder import CallFolder
from streamer.recording.writer import Recording
from streamer.sources.stream_channel.address import Address
from streamer.sources.stream_channel.outgoing import StreamChannel
from streamer.tap.outbound import record_call
from streamer.tap.plan import TapPlan
from streamer.tap.tap import Stop
from tests.fakes.command_line import run_here
from tests.fakes.replay import PATIENCE_S, RememberingBus, until

SUBPROTOCOLS = [Subprotocol("stream-channel")]
HANG_UP = Frame(Opcode.CLOSE, Close(1000, "").serialize()).serialize(mask=False)
AUDIO = b"\x01\x02" * 320


async def record_from(talk, recordings, runtime_dir):
    """Record a websocket server that does what `talk` does with its connection."""
    bus, made = RememberingBus(), list[Recording]()
    async with serve(
        talk,
        "127.0.0.1",
        0,
        subprotocols=SUBPROTOCOLS,
        compression=None,
        ping_interval=None,
        close_timeout=1.0,  # which is waited for where nobody answers
    ) as server:
        port = server.sockets[0].getsockname()[1]
        plan = TapPlan(
            StreamChannel(Address(f"ws://127.0.0.1:{port}/ws")),
            (Leg("a", "x"),),
            recordings,
            None,
            10.0,
            runtime_dir,
        )
        async with asyncio.timeout(PATIENCE_S):
            result = await record_call(plan, bus, Stop(), on_recording=made.append)
    return result, made[0], bus


def audio_of(recording):
    return recording.paths[0].read_bytes()[HEADER_SIZE:]


async def test_text_messages_are_ignored_and_said_once(recordings, runtime_dir):
    async def talk(ws):
        for _ in range(3):
            await ws.send("\x1b[2Jhello")
            await ws.send(AUDIO)

    result, recording, bus = await record_from(talk, recordings, runtime_dir)
    assert result.exit_code == 0
    assert audio_of(recording) == AUDIO * 3
    assert bus.troubles().count("text message") == 1


async def test_half_samples_are_dropped_and_said_once(recordings, runtime_dir):
    async def talk(ws):
        for size in (641, 1, 165):
            await ws.send((AUDIO * 2)[:size])

    _, recording, bus = await record_from(talk, recordings, runtime_dir)
    assert audio_of(recording) == AUDIO + AUDIO[:164]
    assert bus.troubles().count("odd number of bytes") == 1
    assert CallFolder(recording.folder).read()["legs"][0]["odd_bytes"] == 3


async def test_a_message_of_almost_two_megabytes_is_audio_like_any_other(recordings, runtime_dir):
    large = AUDIO * 2900  # 58 s: less than what is too far ahead

    async def talk(ws):
        await ws.send(large)
        await ws.send(AUDIO)

    result, recording, _ = await record_from(talk, recordings, runtime_dir)
    assert len(audio_of(recording)) == len(large + AUDIO)
    assert audio_of(recording) == large + AUDIO
    assert result.exit_code == 0


async def test_a_message_in_fragments_is_whole_even_where_a_sample_is_split(
    recordings, runtime_dir
):
    async def talk(ws):
        await ws.send([AUDIO[:3], AUDIO[3:100], AUDIO[100:101], AUDIO[101:]])

    _, recording, bus = await record_from(talk, recordings, runtime_dir)
    assert audio_of(recording) == AUDIO
    assert bus.troubles() == ""


async def test_a_ping_is_answered_and_nothing_else_is_said(recordings, runtime_dir):
    answered = []

    async def talk(ws):
        answered.append(await (await ws.ping(b"x")))
        await ws.send(AUDIO)

    result, recording, _ = await record_from(talk, recordings, runtime_dir)
    assert answered
    assert audio_of(recording) == AUDIO
    assert result.exit_code == 0


@pytest.mark.parametrize("garbage", [b"\xf3\x00", b"\x82\xff" + bytes(20), b"\x88\x01\x00"])
async def test_what_is_no_websocket_frame_is_a_loss_that_sends_and_closes_nothing(
    garbage, recordings, runtime_dir
):
    said: list[bytes] = []

    async def talk(ws):
        ws.data_received = said.append
        ws.transport.write(Frame(Opcode.BINARY, AUDIO).serialize(mask=False) + garbage)
        ws.transport.write(bytes(1_000_000))
        await until(lambda: ws.transport.get_write_buffer_size() == 0)

    result, recording, _ = await record_from(talk, recordings, runtime_dir)
    assert (result.reason, result.exit_code) == (EndReason.LOST, 1)
    assert audio_of(recording) == AUDIO
    assert said == []


async def test_hostile_channel_names_reach_no_terminal(recordings, runtime_dir):
    code, _, err = await run_here(
        "record", "a\x1b[31m", "--url", "ws://127.0.0.1:1/ws", "--recordings", str(recordings)
    )
    assert code == 2
    assert "\x1b" not in err
    assert len(err.splitlines()) == 1


async def test_an_error_inside_the_tap_leaves_the_recording_and_the_call(
    recordings, runtime_dir, monkeypatch
):
    from streamer.simulator.stream_channel import StreamChannelSimulator, open_simulator
    from tests.fakes.recorder import LONG_CALL_S, long_script
    from tests.fakes.replay import VirtualClock, plan_for

    clock, made = VirtualClock(), list[Recording]()
    simulator = StreamChannelSimulator([[long_script()]], clock=clock)
    async with open_simulator(simulator, is_paced=False):
        plan = plan_for(simulator, recordings, runtime_dir)
        tap = asyncio.ensure_future(
            record_call(plan, RememberingBus(), Stop(), clock=clock, on_recording=made.append)
        )
        await until(lambda: simulator.attachments)
        simulator.advance(clock.now)
        clock.now += 2
        simulator.advance(clock.now)
        await until(lambda: made[0].legs[0].frames >= 100)
        monkeypatch.setattr(made[0], "count", lambda *_, **__: 1 / 0)
        clock.now += LONG_CALL_S - 3
        simulator.advance(clock.now)
        with pytest.raises(ZeroDivisionError):
            await tap
        await until(lambda: simulator.unread_bytes == 0)
        assert simulator.attachments == 1
        simulator.hang_up()
        await until(lambda: simulator.connections == 0)
    assert simulator.reports == []
    assert len(audio_of(made[0])) >= 2 * 32_000
    assert CallFolder(made[0].folder).read()["reason"] == "interrupted"


async def record_one_packet(after_the_answer, recordings, runtime_dir):
    """Record a PBX that sends its answer and `after_the_answer` in one packet and hangs up."""

    async def serve_once(reader, writer):
        handshake = ServerProtocol(subprotocols=SUBPROTOCOLS)
        handshake.receive_data(await reader.readuntil(b"\r\n\r\n"))
        (request,) = handshake.events_received()
        assert isinstance(request, Request)
        writer.write(handshake.accept(request).serialize() + after_the_answer)
        writer.close()

    bus, made = RememberingBus(), list[Recording]()
    async with await asyncio.start_server(serve_once, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
        plan = TapPlan(
            StreamChannel(Address(url)), (Leg("a", "x"),), recordings, None, 10.0, runtime_dir
        )
        async with asyncio.timeout(PATIENCE_S):
            return await record_call(plan, bus, Stop(), on_recording=made.append), made[0], bus


async def test_a_refusal_in_the_same_packet_as_the_answer_is_seen(recordings, runtime_dir):
    result, _, _ = await record_one_packet(HANG_UP, recordings, runtime_dir)
    assert result.exit_code == 3


async def test_a_whole_call_in_the_same_packet_as_the_answer_is_recorded(recordings, runtime_dir):
    frames = Frame(Opcode.BINARY, AUDIO).serialize(mask=False) * 5
    result, recording, bus = await record_one_packet(frames + HANG_UP, recordings, runtime_dir)
    assert (result.reason, result.exit_code) == (EndReason.HANG_UP, 0)
    assert audio_of(recording) == AUDIO * 5
    assert [type(event) for event in bus.events] == [CallStarted, LegAttached, LegEnded, CallEnded]


async def test_a_break_right_after_the_answer_is_a_loss(recordings, runtime_dir):
    result, _, _ = await record_one_packet(b"", recordings, runtime_dir)
    assert (result.reason, result.exit_code) == (EndReason.LOST, 1)


async def test_what_cannot_have_been_said_by_far_is_discarded_counted_and_read_on(
    recordings, runtime_dir
):
    second = bytes([1, 2]) * SLIN16_RATE

    async def talk(ws):
        for _ in range(100):
            await ws.send(second)

    result, recording, bus = await record_from(talk, recordings, runtime_dir)
    kept_s = len(audio_of(recording)) / len(second)
    assert 60 <= kept_s < 100
    assert recording.legs[0].lost == round((100 - kept_s) * SLIN16_RATE)
    assert result.reason is EndReason.HANG_UP, "all were read, to the end of the call"
    said = [event.message for event in bus.events if isinstance(event, Trouble)]
    assert sum("faster than real time" in message for message in said) == 1
    assert (result.lost, result.exit_code) == (recording.legs[0].lost, 1)
