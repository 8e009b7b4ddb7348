"""The stand-in PBX behaves as the real module was measured to, and judges what clients do."""

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from streamer.simulator.report import Harm
from streamer.simulator.stream_channel import UNREAD_S, StreamChannelSimulator, open_simulator
from tests.fakes.recorder import long_script
from tests.fakes.replay import VirtualClock, until

NAME = "PJSIP/100-0000001a;1"


@pytest.fixture
async def pbx():
    simulator = StreamChannelSimulator([[long_script()]], clock=VirtualClock(), send_buffer=65536)
    async with open_simulator(simulator, is_paced=False):
        yield simulator
        simulator.hang_up()
        await until(lambda: simulator.connections == 0)


def attach(
    pbx, *, header="Channel-ID", name=NAME, path="/ws", subprotocols=("stream-channel",), **options
):
    return connect(
        f"ws://127.0.0.1:{pbx.port}{path}",
        additional_headers={header: name},
        subprotocols=[Subprotocol(s) for s in subprotocols] or None,
        ping_interval=None,
        close_timeout=0.1,
        proxy=None,
        **options,
    )


def speak(pbx, seconds):
    pbx.advance(pbx.clock.now)
    pbx.clock.now += seconds
    pbx.advance(pbx.clock.now)


async def frames_of(ws):
    frames = []
    try:
        async for message in ws:
            frames.append(message)  # noqa: PERF401 - the frames before the close count
    except ConnectionClosed:
        pass
    return frames


@pytest.mark.parametrize("path", ["/ws", "/ws/", "/ws?x=1"])
async def test_a_channel_sends_its_frames_and_close_1000(pbx, path):
    ws = await attach(pbx, path=path)
    assert [name for name, _ in ws.response.headers.raw_items()] == [
        "Upgrade",
        "Connection",
        "Sec-WebSocket-Accept",
        "Sec-WebSocket-Protocol",
    ]
    speak(pbx, 1)
    assert len(await ws.recv()) == 640
    pbx.hang_up()
    await frames_of(ws)
    assert ws.close_code == 1000
    assert pbx.reports == []


@pytest.mark.parametrize("header", ["channel-id", "CHANNEL-ID", "Channel-Id", "X-Channel"])
async def test_the_header_is_wanted_letter_by_letter(pbx, header):
    ws = await attach(pbx, header=header)
    assert await frames_of(ws) == []
    assert ws.close_code == 1000


async def test_an_unknown_channel_is_closed_with_1000(pbx):
    ws = await attach(pbx, name="PJSIP/100-0000001a")
    assert await frames_of(ws) == []
    assert ws.close_code == 1000


@pytest.mark.parametrize("offered", [("foo",), ()])
async def test_without_the_sub_protocol_the_answer_is_400(pbx, offered):
    with pytest.raises(InvalidStatus) as refused:
        await attach(pbx, subprotocols=offered)
    assert refused.value.response.status_code == 400
    assert refused.value.response.headers["Sec-WebSocket-Version"] == "7, 8, 13"


@pytest.mark.parametrize("offered", [("Stream-Channel",), ("foo", "stream-channel")])
async def test_the_sub_protocol_is_found_in_any_case_and_place(pbx, offered):
    ws = await attach(pbx, subprotocols=offered)
    assert ws.subprotocol == offered[-1]
    pbx.hang_up()
    await frames_of(ws)


async def test_another_path_is_404(pbx):
    with pytest.raises(InvalidStatus) as refused:
        await attach(pbx, path="/")
    assert refused.value.response.status_code == 404


async def test_every_client_of_a_channel_gets_every_frame(pbx):
    one, other = await attach(pbx), await attach(pbx)
    speak(pbx, 1)
    pbx.hang_up()
    assert await frames_of(one) == await frames_of(other) != []


async def test_a_client_that_closes_gets_no_answer_and_freezes_the_channel(pbx):
    ws = await attach(pbx)
    speak(pbx, 1)
    await ws.close()
    assert ws.close_code == 1006
    await until(lambda: pbx.connections == 0)
    harms = [report.harm for report in pbx.reports]
    assert Harm.SAID in harms
    assert Harm.LEFT in harms or Harm.HALF_CLOSED in harms


async def test_a_client_that_aborts_is_reported_by_name(pbx):
    ws = await attach(pbx)
    ws.transport.abort()
    await until(lambda: pbx.reports)
    assert str(pbx.reports[0]).startswith(NAME)
    again = await attach(pbx)
    await until(lambda: len(pbx.reports) == 2)
    assert pbx.reports[1].harm is Harm.CAME_BACK
    again.transport.abort()
    await until(lambda: pbx.connections == 0)


async def test_a_client_that_half_closes_is_reported(pbx):
    ws = await attach(pbx)
    ws.transport.write_eof()
    await until(lambda: pbx.reports)
    assert pbx.reports[0].harm is Harm.HALF_CLOSED
    ws.transport.abort()


async def test_everything_a_client_says_is_reported_and_nothing_is_answered(pbx):
    ws = await attach(pbx)
    pong = await ws.ping()
    await ws.send("hello")
    await until(lambda: pbx.reports)
    assert {report.harm for report in pbx.reports} == {Harm.SAID}
    assert not pong.done()
    pbx.hang_up()
    await frames_of(ws)
    pong.cancel()


async def test_a_client_that_stops_reading_is_reported(pbx):
    ws = await attach(pbx, max_queue=1)
    ws.transport.pause_reading()
    speak(pbx, 50)
    await until(lambda: pbx.unread_bytes)
    speak(pbx, 0.1)
    assert pbx.reports == []
    speak(pbx, UNREAD_S + 0.1)
    assert [report.harm for report in pbx.reports] == [Harm.STOPPED_READING]
    ws.transport.abort()
    await until(lambda: pbx.connections == 0)


async def test_a_loop_begins_again(runtime_dir):
    simulator = StreamChannelSimulator([[long_script()]], clock=VirtualClock(), loop=True)
    async with open_simulator(simulator, is_paced=False):
        for _ in range(2):
            ws = await attach(simulator)
            speak(simulator, 0)
            speak(simulator, 70)
            assert len(await frames_of(ws)) == 3000
            assert not simulator.over.is_set()


async def test_two_channels_of_a_call_begin_together():
    scripts = [long_script("a"), long_script("b")]
    simulator = StreamChannelSimulator([scripts], clock=VirtualClock())
    async with open_simulator(simulator, is_paced=False):
        first = await attach(simulator, name="a")
        speak(simulator, 0.4)
        second = await attach(simulator, name="b")
        speak(simulator, 1)
        simulator.hang_up()
        assert len(await frames_of(first)) == len(await frames_of(second)) > 0


async def test_a_call_does_not_wait_for_ever_for_its_other_channel():
    simulator = StreamChannelSimulator([[long_script("a"), long_script("b")]], clock=VirtualClock())
    async with open_simulator(simulator, is_paced=False):
        ws = await attach(simulator, name="a")
        speak(simulator, 0.6)
        speak(simulator, 1)
        simulator.hang_up()
        assert len(await frames_of(ws)) == 51
