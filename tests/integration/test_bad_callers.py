"""Peers that do what no PBX should: each costs one clear line, and no other call notices."""

import asyncio
import resource
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from streamer.core.audio import AudioChunk
from streamer.core.events import EndReason
from streamer.sources import accepting, admission as limiter
from streamer.sources.admission import BURST, Limiter
from streamer.sources.audiosocket import connection, share
from streamer.sources.audiosocket.call import AudioSocketCall
from streamer.sources.audiosocket.server import AudioSocketServer
from streamer.sources.base import DtmfReceived, LegClosed, LegOpened, Odd, StreamItem
from streamer.sources.inbound import Admitted, ServerOptions
from streamer.sources.playout import Echo, FrameClock
from streamer.sources.tcp import SEND_BUFFER
from streamer.wire.audiosocket import (
    TERMINATE,
    Audio,
    Message,
    Parser,
    Terminated,
    encode_audio,
    encode_digit,
    encode_identifier,
)
from streamer.wire.formats import Format
from tests.fakes.ports import closed_port
from tests.fakes.replay import PATIENCE_S, VirtualClock, until
from tests.fakes.serving import call, close_callers

FRAME = b"\x00\x10\x00\xf0" * 80


@dataclass
class OpenServer:
    """A server in this process, without a keeper, whose calls are followed."""

    server: AudioSocketServer
    frame_clock: FrameClock
    lines: list[str] = field(default_factory=list)
    calls: list[AudioSocketCall] = field(default_factory=list)
    items: list[list[StreamItem]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.server.address.rpartition(":")[2])

    def heard(self, number=0) -> bytes:
        return b"".join(item.pcm for item in self.items[number] if isinstance(item, AudioChunk))

    def told(self, number=0) -> str:
        return "\n".join(item.message for item in self.items[number] if isinstance(item, Odd))

    def end(self, number=0) -> LegClosed:
        (end,) = [item for item in self.items[number] if isinstance(item, LegClosed)]
        return end

    def has_ended(self, number=0) -> bool:
        return any(isinstance(item, LegClosed) for item in self.items[number])

    async def follow(self):
        async with asyncio.TaskGroup() as group:
            async for arrived in self.server.calls():
                self.calls.append(arrived)
                self.items.append([])
                group.create_task(self._follow(arrived, self.items[-1]))

    async def _follow(self, arrived, items):
        async for item in arrived:
            items.append(item)


@asynccontextmanager
async def open_server(most=10_000, **given) -> AsyncIterator[OpenServer]:
    loop = asyncio.get_running_loop()
    options = ServerOptions(
        admit=given.pop("admit", lambda uuid: Admitted("caller", str(uuid))),
        limiter=Limiter(most=most, clock=given.pop("limiter_clock", loop.time)),
        frame_clock=FrameClock(),
        keeper=lambda: None,
        wait_for_keeper=loop.create_future,
        say=lambda line: opened.lines.append(line),
        clock=given.pop("clock", loop.time),
        new_playback=Echo if given.pop("echoes", False) else lambda: None,
        fills_silence=given.pop("fills_silence", False),
        format=given.pop("format", None),
        count_calls=lambda: opened.server.live_calls,
        is_expected=given.pop("is_expected", None),
    )
    opened = OpenServer(AudioSocketServer(options), options.frame_clock)
    await opened.server.listen("127.0.0.1", 0)
    following = asyncio.ensure_future(opened.follow())
    try:
        yield opened
    finally:
        await close_callers()
        opened.server.stop_listening()
        for one in list(opened.server.connections):
            one._transport.abort()
        async with asyncio.timeout(PATIENCE_S):
            await following


async def a_good_call(opened):
    """Make a call that must go on as if nothing had happened."""
    caller = await call(opened.port)
    uuid = caller.identify()
    for _ in range(10):
        caller.send(encode_audio(FRAME, 16_000))
    await until(lambda: any(c.legs[0].channel == str(uuid) for c in opened.calls))
    number = next(n for n, c in enumerate(opened.calls) if c.legs[0].channel == str(uuid))
    await until(lambda: opened.heard(number) == FRAME * 10)
    return caller


async def test_a_connection_that_says_nothing_is_neither_a_call_nor_a_line():
    async with open_server() as opened:
        caller = await call(opened.port)
        caller.hang_up()
        await until(lambda: caller.has_ended)
        await a_good_call(opened)
        assert (len(opened.calls), opened.lines) == (1, [])


async def test_one_that_sends_faster_than_it_could_be_said_is_slowed_down(monkeypatch):
    monkeypatch.setattr(limiter, "MOST_AHEAD_S", 1.0)
    async with open_server() as opened:
        good = await a_good_call(opened)
        caller = await call(opened.port)
        caller.identify()
        for _ in range(50 * 60):
            caller.send(encode_audio(FRAME, 16_000))
        await until(lambda: len(opened.items) > 1 and "slowed down" in opened.told(1))
        good.send(encode_audio(FRAME, 16_000))
        await until(lambda: opened.heard(0) == FRAME * 11)
        assert len(opened.heard(1)) < len(FRAME) * 50 * 30
        assert opened.told(1).count("slowed down") == 1
        assert not caller.has_ended


@pytest.mark.parametrize(
    ("format", "size"), [(Format.SLIN, 320), (Format.SLIN16, 640), (Format.ULAW, 160)]
)
async def test_a_call_at_its_own_pace_is_never_slowed_down(monkeypatch, format, size):
    monkeypatch.setattr(limiter, "MOST_AHEAD_S", 0.5)
    clock = VirtualClock()
    async with open_server(clock=clock, format=format) as opened:
        caller = await call(opened.port)
        caller.identify()
        await until(lambda: any(one.is_caller for one in opened.server.connections))
        for second in range(1, 5):
            for _ in range(50):
                clock.now += 0.02
                caller.send(encode_audio(bytes(size), 8000))
            samples = second * 50 * (size if format is Format.ULAW else size // 2)
            await until(lambda samples=samples: opened.items and len(opened.heard()) == samples * 2)
        assert opened.told() == ""


async def test_one_that_stays_silent_is_closed_without_a_line(monkeypatch):
    monkeypatch.setattr(connection, "FIRST_BYTE_S", 0.01)
    async with open_server() as opened:
        caller = await call(opened.port)
        await until(lambda: caller.has_ended)
        assert caller.received == b""
        assert opened.lines == []


async def test_half_a_uuid_then_silence_is_refused(monkeypatch):
    monkeypatch.setattr(connection, "IDENTIFYING_S", 0.01)
    async with open_server() as opened:
        good = await a_good_call(opened)
        caller = await call(opened.port)
        caller.send(encode_identifier(uuid4())[:11])
        await until(lambda: caller.received == TERMINATE)
        assert len(opened.lines) == 1
        assert "UUID" in opened.lines[0]
        assert not good.has_ended


@pytest.mark.parametrize(
    ("beginning", "told"),
    [
        (encode_audio(FRAME, 8000), "audio"),
        (b"GET / HTTP/1.1\r\nHost: streamer.example\r\n\r\n", "HTTP"),
        (b"GET / HTTP/1.1\r\nHost: streamer.example\r\n\r\n" * 1000, "HTTP"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS"),
        (b"\x01\x00\x05" + bytes(5), "5 bytes"),
        (b"\x01\x00\x10" + bytes(4), "hung up"),
        (TERMINATE, "0x00"),
    ],
)
async def test_what_is_no_uuid_is_refused_in_one_line(beginning, told):
    async with open_server() as opened:
        good = await a_good_call(opened)
        caller = await call(opened.port)
        caller.send(beginning)
        if told == "hung up":
            caller.hang_up()
        else:
            await until(lambda: caller.received == TERMINATE)
        await until(lambda: opened.lines)
        assert len(opened.lines) == 1
        assert told in opened.lines[0]
        assert len(opened.calls) == 1
        assert not good.has_ended


async def test_whoever_is_refused_has_no_second_try():
    welcome = uuid4()
    tried = []

    def admit(uuid):
        tried.append(uuid)
        return Admitted("caller", str(uuid)) if uuid == welcome else f"{uuid} is unknown"

    async with open_server(admit=admit) as opened:
        caller = await call(opened.port)
        caller.send(
            encode_identifier(uuid4()) + encode_identifier(welcome) + encode_audio(FRAME, 8000)
        )
        await until(lambda: caller.received == TERMINATE)
        caller.hang_up()
        await until(lambda: not opened.server.connections)
        assert (len(tried), len(opened.lines), opened.calls) == (1, 1, [])


async def test_what_comes_after_the_end_of_a_call_is_no_call():
    async with open_server() as opened:
        caller = await call(opened.port)
        again = encode_identifier(uuid4()) + encode_audio(FRAME, 16_000)
        caller.send(again + TERMINATE + again)
        caller.hang_up()
        await until(lambda: opened.calls and opened.has_ended() and not opened.server.connections)
        assert len(opened.calls) == 1
        assert opened.heard() == FRAME
        assert isinstance(opened.items[0][-1], LegClosed)


async def test_whoever_is_refused_is_read_to_its_end_and_never_reset():
    async with open_server(admit=lambda uuid: f"{uuid} is unknown") as opened:
        caller = await call(opened.port)
        caller.identify()
        for _ in range(100):
            caller.send(encode_audio(FRAME, 8000))
        await until(lambda: caller.received == TERMINATE)
        caller.send(encode_audio(FRAME, 8000))
        caller.hang_up()
        await until(lambda: not opened.server.connections)
        assert not caller.was_reset


async def test_a_refused_peer_that_does_not_leave_is_closed(monkeypatch):
    monkeypatch.setattr(connection, "GOODBYE_S", 0.01)
    async with open_server(admit=lambda uuid: "no") as opened:
        caller = await call(opened.port)
        caller.identify()
        await until(lambda: caller.has_ended)
        assert caller.received == TERMINATE


async def test_frames_of_64_kib_are_audio_like_any_other():
    async with open_server() as opened:
        caller = await call(opened.port)
        caller.identify()
        pcm = bytes(range(256)) * 255
        for _ in range(3):
            caller.send(encode_audio(pcm, 16_000))
        caller.hang_up()
        await until(lambda: opened.items and opened.has_ended())
        assert opened.heard() == pcm * 3


async def test_a_frame_that_is_cut_off_is_a_note_and_costs_nothing_before_it():
    async with open_server() as opened:
        caller = await call(opened.port)
        caller.identify()
        caller.send(encode_audio(FRAME, 16_000) + encode_audio(FRAME, 16_000)[:100])
        caller.hang_up()
        await until(lambda: opened.items and opened.has_ended())
        assert opened.heard() == FRAME
        assert opened.end().reason is EndReason.HANG_UP
        assert "middle of a frame" in opened.end().note


@pytest.mark.parametrize(
    "odd",
    [
        b"\x03\x00\x02no",
        b"\x03\x00\x01f",
        b"\x03\x00\x01!",
        b"\x03\x00\x00",
        b"\x01\x00\x05hello",
        b"\x01\x00\x00",
        b"\x12\x00\x00",
        b"\x12\x00\x01x",
    ],
)
async def test_a_payload_that_cannot_be_ends_no_call(odd):
    async with open_server() as opened:
        good = await a_good_call(opened)
        caller = await call(opened.port)
        caller.identify()
        sound = encode_audio(FRAME, 16_000)
        caller.send(sound + odd * 3 + sound)
        await until(lambda: len(opened.items) == 2 and opened.heard(1) == FRAME * 2)
        caller.hang_up()
        await until(lambda: opened.has_ended(1))
        assert (opened.end(1).reason, opened.end(1).error) == (EndReason.HANG_UP, None)
        assert caller.received == b""
        assert opened.told(1).count("\n") <= 3, "said once"
        assert not good.has_ended


async def test_a_reset_is_an_ordinary_hang_up():
    async with open_server() as opened:
        caller = await call(opened.port)
        caller.identify()
        caller.send(encode_audio(FRAME, 16_000))
        await until(lambda: opened.calls and opened.heard() == FRAME)
        caller.reset()
        await until(opened.has_ended)
        assert (opened.end().reason, opened.end().error) == (EndReason.HANG_UP, None)


async def test_what_came_before_a_reset_is_heard_even_if_our_silence_notices_it_first():
    async with open_server() as opened:
        with socket.create_connection(("127.0.0.1", opened.port)) as sock:
            sock.send(encode_identifier(uuid4()) + encode_audio(FRAME, 16_000))
            await until(lambda: opened.calls and opened.heard() == FRAME)
            (live,) = opened.server.connections
            assert live.caller
            sock.send(encode_audio(FRAME, 16_000) * 50)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for _ in range(2):  # before the event loop has read anything
            live.caller.playout.play(1)
            live._transport.write(TERMINATE)
        await until(opened.has_ended)
        assert opened.heard() == FRAME * 51


async def test_terminate_of_the_peer_ends_the_call():
    async with open_server() as opened:
        caller = await call(opened.port)
        caller.identify()
        caller.send(encode_audio(FRAME, 16_000) + TERMINATE)
        await until(lambda: caller.has_ended)
        assert opened.heard() == FRAME
        assert opened.end().reason is EndReason.HANG_UP


async def test_a_uuid_that_is_live_lets_nobody_else_in_but_is_free_afterwards():
    async with open_server() as opened:
        first = await a_good_call(opened)
        uuid = first.identify()  # a second one on the same connection is passed over
        other = await call(opened.port)
        taken = other.identify(uuid)
        other.send(encode_audio(FRAME, 16_000))
        await until(lambda: len(opened.calls) == 2)
        third = await call(opened.port)
        third.identify(taken)
        await until(lambda: third.received == TERMINATE)
        assert str(taken) in opened.lines[-1]
        assert not other.has_ended
        other.hang_up()
        await until(lambda: opened.has_ended(1))
        fourth = await call(opened.port)
        fourth.identify(taken)
        fourth.send(encode_audio(FRAME, 16_000))
        await until(lambda: len(opened.calls) == 3)
        assert any(
            isinstance(item, Odd) and "second UUID" in item.message for item in opened.items[0]
        )


async def test_a_reader_that_does_not_read_loses_our_silence_and_none_of_its_words():
    sock = socket.socket()
    async with open_server(fills_silence=True) as opened:
        with closing(sock):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", opened.port))
            sock.send(encode_identifier(uuid4()) + encode_audio(FRAME, 16_000))
            await until(lambda: opened.calls and opened.heard() == FRAME)
            (live,) = opened.server.connections
            assert live.caller
            frames = 0
            while not live.caller.playout.sent.dropped:
                live.caller.playout.play(1)
                frames += 1
            assert frames * 643 < 8 * SEND_BUFFER, "no minutes of silence wait for it"
            for _ in range(50):
                sock.send(encode_audio(FRAME, 16_000))
            await until(lambda: opened.heard() == FRAME * 51)
        await until(opened.has_ended)


@asynccontextmanager
async def a_caller_that_does_not_read(opened):
    """Make a call to which half a frame is under way, as its buffers are full."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", opened.port))
        sock.send(encode_identifier(uuid4()) + encode_audio(FRAME, 16_000))
        await until(lambda: opened.calls and opened.heard() == FRAME)
        (live,) = opened.server.connections
        while not live.caller.playout.sent.dropped:
            live.caller.playout.play(1)
        yield sock, live


@dataclass
class Held:
    """A second descriptor, as the keeper has it."""

    sock: socket.socket
    is_drained: bool = False

    def drain(self):
        self.is_drained = True

    def release(self):
        pass


async def stop(arrived):
    """Leave a call as its recorder does, who follows it no longer."""
    await arrived.aclose()
    arrived.put(LegClosed(0, EndReason.STOPPED))


async def test_a_slow_reader_is_told_to_go_on_after_a_whole_frame():
    parser, heard = Parser(), list[Message]()

    def hear(sock):
        with suppress(BlockingIOError):
            heard.extend(parser.feed(sock.recv(1 << 20)))
        return heard and heard[-1] == Terminated()

    async with (
        open_server(fills_silence=True) as opened,
        a_caller_that_does_not_read(opened) as (sock, live),
    ):
        with live._transport.get_extra_info("socket").dup() as second:
            live._hold = held = Held(second)
            await stop(opened.calls[0])
            assert not held.is_drained
            sock.setblocking(False)
            await until(lambda: hear(sock))
            await until(lambda: held.is_drained)
            assert parser.unread == 0


async def test_a_reader_that_never_reads_is_left_to_the_keeper_after_a_while(monkeypatch):
    monkeypatch.setattr(connection, "GOODBYE_S", 0.01)
    async with (
        open_server(fills_silence=True) as opened,
        a_caller_that_does_not_read(opened) as (_, live),
    ):
        with live._transport.get_extra_info("socket").dup() as second:
            live._hold = held = Held(second)
            await stop(opened.calls[0])
            await until(lambda: held.is_drained and not opened.server.connections)


async def test_one_that_ends_its_call_but_neither_reads_nor_leaves_is_closed(monkeypatch):
    monkeypatch.setattr(connection, "GOODBYE_S", 0.01)
    async with (
        open_server(fills_silence=True) as opened,
        a_caller_that_does_not_read(opened) as (sock, _),
    ):
        sock.send(TERMINATE)
        await until(lambda: not opened.server.connections)
        assert opened.end().reason is EndReason.HANG_UP


async def test_a_thousand_connections_from_one_address_are_a_few_lines_and_leave_others_alone():
    async with open_server() as opened:
        good = await a_good_call(opened)
        crowd = []
        for _ in range(10):
            crowd += await asyncio.gather(*(call(opened.port) for _ in range(100)))
        await until(lambda: sum(one.received == TERMINATE for one in crowd) >= 1000 - 2 * BURST)
        assert 1 <= len(opened.lines) <= 3
        assert not good.has_ended
        before = len(opened.heard())
        good.send(encode_audio(FRAME, 16_000))
        await until(lambda: len(opened.heard()) > before)
        for one in crowd:
            one.reset()


async def test_as_many_idle_connections_as_an_address_may_have_keep_no_caller_out():
    clock = VirtualClock()
    async with open_server(limiter_clock=clock) as opened:
        crowd = [await call(opened.port) for _ in range(BURST)]
        await until(lambda: len(opened.server.connections) == BURST)
        clock.now += 1
        await a_good_call(opened)
        await until(lambda: crowd[0].has_ended)
        assert crowd[0].received == TERMINATE
        assert not any(one.has_ended for one in crowd[1:])
        assert len(opened.lines) == 1
        assert "newer connections" in opened.lines[0]


async def test_a_registered_call_comes_in_however_often_its_address_connects():
    expected = uuid4()
    async with open_server(
        limiter_clock=VirtualClock(), is_expected=lambda uuid: uuid == expected
    ) as opened:
        crowd = [await call(opened.port) for _ in range(BURST)]
        await until(lambda: len(opened.server.connections) == BURST)
        stranger = await call(opened.port)
        stranger.identify()
        await until(lambda: stranger.received == TERMINATE)
        assert "times a second" in "\n".join(opened.lines)
        caller = await call(opened.port)
        caller.identify(expected)
        caller.send(encode_audio(FRAME, 16_000))
        await until(lambda: opened.calls and opened.heard() == FRAME)
        assert sum(one.has_ended for one in crowd) == 2, "the oldest made room"


async def test_a_registered_call_does_not_come_in_beyond_the_most_calls():
    async with open_server(most=1, is_expected=lambda _: True) as opened:
        await a_good_call(opened)
        other = await call(opened.port)
        other.identify()
        await until(lambda: Terminated() in other.messages)
        assert "--max-calls" in opened.lines[0]


@contextmanager
def no_more_files():
    """Let this process open no more files; yields a function that lets it open so many more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def let_open(more):
        lowest_free = next(n for n in range(soft) if not Path(f"/proc/self/fd/{n}").exists())
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free + more, hard))

    try:
        yield let_open
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_without_descriptors_a_call_is_told_to_go_on_and_live_ones_do():
    async with open_server() as opened:
        good = await a_good_call(opened)
        with ExitStack() as stack, no_more_files() as let_open:
            socks = [stack.enter_context(socket.socket()) for _ in range(accepting.SPARES)]
            let_open(0)
            for sock in socks:
                sock.setblocking(False)
                await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", opened.port))
                await asyncio.get_running_loop().sock_sendall(sock, encode_identifier(uuid4()))
            for sock in socks:
                assert await asyncio.get_running_loop().sock_recv(sock, 9) == TERMINATE
            assert "no more files" in opened.lines[0]
            good.send(encode_audio(FRAME, 16_000))
            await until(lambda: opened.heard() == FRAME * 11)
        await until(lambda: len(opened.server.connections) == 1)
        await until(lambda: opened.server._acceptor and not opened.server._acceptor._retry)
        again = await call(opened.port)
        again.identify()
        await until(lambda: sum(one.is_caller for one in opened.server.connections) == 2)


async def test_without_descriptors_strangers_go_before_a_call_does():
    async with open_server() as opened:
        strangers = [await call(opened.port) for _ in range(3)]
        await until(lambda: len(opened.server.connections) == 3)
        with socket.socket() as sock, no_more_files() as let_open:
            sock.setblocking(False)
            let_open(0)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", opened.port))
            sock.send(encode_identifier(uuid4()) + encode_audio(FRAME, 16_000))
            await until(lambda: opened.calls and opened.heard() == FRAME)
            assert [one.received for one in strangers] == [TERMINATE, b"", b""]
        await until(opened.has_ended)


async def test_a_crowd_that_says_nothing_keeps_no_caller_out():
    async with open_server(most=1) as opened:
        crowd = [await call(opened.port) for _ in range(10)]
        await a_good_call(opened)
        assert not any(one.received for one in crowd)
        assert opened.lines == []


async def test_more_calls_than_allowed_are_refused_and_may_go_on():
    async with open_server(most=1) as opened:
        good = await a_good_call(opened)
        other = await call(opened.port)
        other.identify()
        await until(lambda: Terminated() in other.messages)
        assert "--max-calls" in opened.lines[0]
        assert not good.has_ended


async def test_a_call_without_audio_is_announced_after_a_while_with_a_rate_that_is_a_guess(
    monkeypatch,
):
    monkeypatch.setattr(connection, "RATE_WAIT_S", 0.01)
    async with open_server() as opened:
        caller = await call(opened.port)
        caller.identify()
        await until(lambda: opened.items and opened.items[0])
        assert opened.items[0] == [LegOpened(0, has_rate=False)]
        caller.send(encode_audio(FRAME, 48_000))
        await until(lambda: opened.heard() == FRAME)
        assert opened.calls[0].legs[0].rate == 48_000
        assert "muted" in opened.calls[0].explain_silence(0, waited_s=10)


async def test_silence_goes_out_from_the_uuid_on_and_follows_the_kind():
    async with open_server(fills_silence=True) as opened:
        caller = await call(opened.port)
        caller.identify()
        await until(lambda: len(caller.messages) >= 2)
        caller.send(encode_audio(FRAME, 16_000))
        await until(lambda: Audio(16_000, bytes(640)) in caller.messages)
        assert caller.messages[0] == Audio(8000, bytes(320))


async def test_a_port_that_cannot_be_had_is_one_line():
    async with open_server() as opened:
        other = AudioSocketServer(opened.server._options)
        with pytest.raises(Exception, match="another program"):
            await other.listen("127.0.0.1", opened.port)
        with pytest.raises(Exception, match="no address"):
            await other.listen("no.such.host.invalid", closed_port())


async def test_a_flood_is_heard_in_small_pieces_so_that_all_others_have_their_turns(monkeypatch):
    monkeypatch.setattr(share, "REST_S", 0)
    keys = 10_000
    async with open_server(clock=VirtualClock()) as opened:
        with socket.create_connection(("127.0.0.1", opened.port)) as sock:
            sock.send(encode_identifier(uuid4()) + encode_audio(FRAME, 16_000))
            await until(lambda: opened.calls and opened.heard() == FRAME)
            sock.sendall(encode_digit("5") * keys)
            pieces = [0]
            while sum(pieces) < keys:
                await asyncio.sleep(0)  # one turn of the loop
                heard = sum(isinstance(item, DtmfReceived) for item in opened.items[0])
                pieces.append(heard + passed_over(opened) // len(encode_digit("5")) - sum(pieces))
            assert max(pieces) <= share.FRAMES_A_TURN
            assert max(pieces[-100:]) <= share.FRAMES_BEYOND
            assert heard == limiter.MOST_FRAMES - 1, "a budget for frames, one of which was audio"
            assert opened.told().count("passed over") == 1
        await until(opened.has_ended)
        assert opened.end().reason is EndReason.HANG_UP


def passed_over(opened, number=0) -> int:
    return sum(item.odd_bytes for item in opened.items[number] if isinstance(item, Odd))


@pytest.mark.parametrize(
    "tiny",
    [encode_digit("5"), b"\x02\x00\x00", b"\x77\x00\x00", b"\x12\x00\x00", b"\xff\x00\x00"],
    ids=["digits", "silence", "unknown", "no-samples", "errors"],
)
async def test_a_caller_beyond_its_budget_is_passed_over_but_its_sound_and_its_end_are_not(
    tiny, monkeypatch
):
    monkeypatch.setattr(share, "REST_S", 0)
    monkeypatch.setattr(limiter, "MOST_FRAMES", 100)
    async with open_server(clock=VirtualClock()) as opened:
        caller = await call(opened.port)
        caller.identify()
        caller.send(encode_audio(FRAME, 16_000) + tiny * 1000)
        caller.send(encode_audio(FRAME, 16_000) * 50 + TERMINATE)
        await until(lambda: opened.items and opened.has_ended())
        assert opened.heard() == FRAME * 51
        assert passed_over(opened) == (1000 - 99) * len(tiny)
        assert opened.end().reason is EndReason.HANG_UP


async def test_a_flooder_that_leaves_keeps_no_place(monkeypatch):
    monkeypatch.setattr(limiter, "MOST_FRAMES", 1000)
    monkeypatch.setattr(share, "REST_S", 0.001)
    async with open_server(clock=VirtualClock()) as opened:
        with socket.create_connection(("127.0.0.1", opened.port)) as sock:
            sock.send(encode_identifier(uuid4()) + encode_audio(FRAME, 16_000))
            await until(lambda: opened.calls and opened.heard() == FRAME)
            sock.sendall(encode_digit("5") * 20_000)
        await until(opened.has_ended)
        assert opened.end().reason is EndReason.HANG_UP
        await until(lambda: not opened.server.live_calls and not opened.server.connections)
        assert passed_over(opened) < 19_000 * len(encode_digit("5"))


async def test_a_caller_that_leaves_far_ahead_of_the_clock_is_heard_to_its_end(monkeypatch):
    monkeypatch.setattr(limiter, "MOST_FRAMES", 100)
    monkeypatch.setattr(limiter, "MOST_AHEAD_S", 1.0)
    monkeypatch.setattr(share, "REST_S", 0)
    async with open_server() as opened:
        caller = await call(opened.port)
        caller.identify()
        caller.send(encode_audio(FRAME, 16_000) * 150)
        caller.hang_up()
        await until(lambda: opened.calls and opened.has_ended())
        assert opened.heard() == FRAME * 150


async def test_a_reset_after_a_flood_keeps_no_other_call_waiting(monkeypatch):
    monkeypatch.setattr(limiter, "MOST_FRAMES", 1000)
    async with open_server(clock=VirtualClock()) as opened:
        with socket.create_connection(("127.0.0.1", opened.port)) as sock:
            sock.send(encode_identifier(uuid4()) + encode_audio(FRAME, 16_000))
            await until(lambda: opened.calls and opened.heard() == FRAME)
            (live,) = opened.server.connections
            assert live.caller
            sock.send(encode_digit("5") * 20_000)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for _ in range(2):  # before the event loop has read anything
            live.caller.playout.play(1)
            live._transport.write(TERMINATE)
        await until(opened.has_ended)
        heard = sum(isinstance(item, DtmfReceived) for item in opened.items[0])
        assert 0 < heard <= 1000


async def test_a_caller_that_brings_much_before_its_audio_is_announced_at_once(monkeypatch):
    monkeypatch.setattr(connection, "RATE_WAIT_S", 1000)
    async with open_server() as opened:
        caller = await call(opened.port)
        caller.identify()
        caller.send(encode_digit("5") * 2000)
        await until(lambda: opened.calls)
        caller.send(encode_audio(FRAME, 16_000))
        await until(lambda: opened.heard() == FRAME)
        assert sum(isinstance(item, DtmfReceived) for item in opened.items[0]) == 2000
        assert opened.calls[0].legs[0].rate == 16_000
