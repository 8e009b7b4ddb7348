"""The keeper's process, over real sockets."""

import asyncio
import itertools
import os
import resource
import signal
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from streamer.errors import KeeperError
from streamer.keeper import client, starting
from streamer.keeper.client import open_keeper
from tests.fakes.keepers import keeper_pid
from tests.fakes.replay import SCAN_S, until


@pytest.fixture
def pair():
    """A connected pair: our end, and the peer's."""
    ours, peer = socket.socketpair()
    ours.setblocking(False)
    peer.setblocking(False)
    yield ours, peer
    ours.close()
    peer.close()


def _descriptors(pid):
    found = []
    for link in sorted(Path(f"/proc/{pid}/fd").iterdir(), key=lambda link: int(link.name)):
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(str(link.readlink()))
    return found


def is_open(peer):
    try:
        return peer.recv(1) != b""
    except BlockingIOError:
        return True


def fill(peer):
    try:
        while True:
            peer.send(bytes(65536))
    except BlockingIOError:
        return


async def can_be_filled_again(peer, times=20):
    """Only somebody who reads makes room for more than the buffers hold."""
    for _ in range(times):
        fill(peer)
        await until(lambda: _has_room(peer))


def _has_room(peer):
    try:
        return peer.send(b"\x00") == 1
    except BlockingIOError:
        return False


async def test_a_held_socket_outlives_its_owner_and_is_read_to_the_end(runtime_dir, pair):
    ours, peer = pair
    async with open_keeper(runtime_dir) as keeper:
        await keeper.hold(ours)
        ours.close()
        fill(peer)
        assert not _has_room(peer), "while its tap lives the keeper reads nothing"
    await can_be_filled_again(peer)
    assert is_open(peer)
    pid = keeper_pid(runtime_dir)
    assert pid is not None
    peer.close()
    await until(lambda: not Path(f"/proc/{pid}").exists())


async def test_a_farewell_is_said_only_when_the_tap_is_gone(runtime_dir, pair):
    ours, peer = pair
    async with open_keeper(runtime_dir) as keeper:
        await keeper.hold(ours, farewell=b"\x00\x00\x00")
        ours.close()
        assert not _received(peer)
    await until(lambda: _received(peer) == b"\x00\x00\x00")


def _received(peer):
    try:
        return peer.recv(16, socket.MSG_PEEK)
    except BlockingIOError:
        return b""


async def test_a_drained_socket_is_read_while_its_tap_lives_on(runtime_dir, pair):
    ours, peer = pair
    async with open_keeper(runtime_dir) as keeper:
        hold = await keeper.hold(ours, farewell=b"bye")
        ours.close()
        hold.drain()
        hold.drain()
        await can_be_filled_again(peer)
        assert _received(peer) == b"", "a tap that asks for the drain says its own farewell"


async def test_a_released_socket_is_closed(runtime_dir, pair):
    ours, peer = pair
    async with open_keeper(runtime_dir) as keeper:
        hold = await keeper.hold(ours)
        ours.close()
        hold.release()
        await until(lambda: not is_open(peer))


async def test_taps_share_one_keeper(runtime_dir, pair):
    async with open_keeper(runtime_dir) as one, open_keeper(runtime_dir) as other:
        await one.hold(pair[0])
        await other.hold(pair[0])
        assert keeper_pid(runtime_dir) is not None
        assert len(list(runtime_dir.glob("*.sock"))) == 1


async def test_a_keeper_that_dies_is_replaced_and_holds_again(runtime_dir, pair):
    ours, peer = pair
    async with open_keeper(runtime_dir) as keeper:
        await keeper.hold(ours)
        first = keeper_pid(runtime_dir)
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: keeper_pid(runtime_dir) not in (None, first), every=SCAN_S)
        await until(lambda: keeper.answered)
        ours.close()
    await can_be_filled_again(peer)


async def test_a_keeper_that_is_busy_gets_all_of_a_burst(runtime_dir):
    with ExitStack() as opened:
        pairs = [socket.socketpair() for _ in range(200)]
        for end in itertools.chain(*pairs):
            opened.enter_context(end)
        async with open_keeper(runtime_dir) as keeper:
            assert keeper._sock
            keeper._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
            pid = keeper_pid(runtime_dir)
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            holding = [asyncio.ensure_future(keeper.hold(ours)) for ours, _ in pairs]
            await until(lambda: keeper._outbox)
            os.kill(pid, signal.SIGCONT)
            holds = await asyncio.gather(*holding)
            for hold in holds:
                hold.release()
            assert not keeper.answered
            await until(lambda: len(_descriptors(pid)) < len(pairs), every=SCAN_S)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP]
)
async def test_the_keeper_ignores_what_ends_other_processes(number, runtime_dir, pair):
    ours, peer = pair
    async with open_keeper(runtime_dir) as keeper:
        await keeper.hold(ours)
        pid = keeper_pid(runtime_dir)
        assert pid is not None
        os.kill(pid, number)
        ours.close()
    await can_be_filled_again(peer)


async def test_the_keeper_has_its_own_session_and_no_terminal(runtime_dir, pair):
    async with open_keeper(runtime_dir) as keeper:
        await keeper.hold(pair[0])
        pid = keeper_pid(runtime_dir)
        assert pid is not None
        assert os.getsid(pid) != os.getsid(0)
        assert _descriptors(pid)[:3] == ["/dev/null"] * 3


async def test_a_loop_that_is_stuck_is_taken_for_dead(runtime_dir, pair):
    ours, peer = pair
    async with open_keeper(runtime_dir, patience_s=0.2) as keeper:
        await keeper.hold(ours)
        time.sleep(0.3)  # noqa: ASYNC251 - this is the stuck loop
        await keeper.lost.wait()
        assert keeper.is_late
        ours.close()
        await can_be_filled_again(peer)


async def test_a_folder_that_others_may_enter_is_refused(runtime_dir):
    runtime_dir.chmod(0o755)
    with pytest.raises(KeeperError, match="no other user may enter"):
        async with open_keeper(runtime_dir):
            pass


async def test_without_a_keeper_nothing_is_connected(runtime_dir, monkeypatch, recordings):
    from streamer.bus import Bus
    from streamer.simulator.stream_channel import StreamChannelSimulator, open_simulator
    from streamer.tap.outbound import record_call
    from streamer.tap.tap import Stop
    from tests.fakes.recorder import long_script
    from tests.fakes.replay import plan_for

    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    async with open_simulator(StreamChannelSimulator([[long_script()]])) as pbx:
        with pytest.raises(KeeperError):
            await record_call(plan_for(pbx, recordings, runtime_dir), Bus(), Stop())
        assert pbx.connections == 0


async def test_a_patience_that_cannot_be_meant_ends_no_keeper(runtime_dir, pair):
    ours, peer = pair
    async with open_keeper(runtime_dir) as keeper:
        await keeper.hold(ours)
        pid = keeper_pid(runtime_dir)
        for patience_s in (float("inf"), 1e12, float("nan")):
            async with open_keeper(runtime_dir, patience_s=patience_s) as other:
                other._say(b"beat\n")
        await until(lambda: keeper_pid(runtime_dir) == pid, every=SCAN_S)
        ours.close()
    await can_be_filled_again(peer)
    assert keeper_pid(runtime_dir) == pid


async def test_nonsense_on_the_control_socket_ends_only_whoever_says_it(runtime_dir, pair):
    ours, peer = pair
    async with open_keeper(runtime_dir) as keeper, open_keeper(runtime_dir) as rude:
        await keeper.hold(ours)
        for line in (b"hold 1 -\n", b"hello x\n", b"\xff" * 5000):
            rude._say(line)
        ours.close()
    await can_be_filled_again(peer)


def let_open(pid, more):
    """Let a process open so many more files than it has open now."""
    lowest_free = next(n for n in itertools.count() if not Path(f"/proc/{pid}/fd/{n}").exists())
    _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free + more, most))


async def test_a_descriptor_that_does_not_fit_costs_that_hold_only(runtime_dir, pair):
    ours, peer = pair
    async with open_keeper(runtime_dir) as keeper:
        await keeper.hold(ours, farewell=b"bye")
        pid = keeper_pid(runtime_dir)
        let_open(pid, 1)
        await keeper.hold(ours)
        for _ in range(2):
            with pytest.raises(KeeperError, match="no more files"):
                await keeper.hold(ours)
        let_open(pid, 1)
        await keeper.hold(ours)
        assert not keeper.has_taken_over()
        assert _received(peer) == b"", "no farewell was said"
    assert keeper_pid(runtime_dir) == pid


async def test_descriptors_are_those_of_the_lines_that_they_came_with(runtime_dir, pair):
    with ExitStack() as opened:
        pairs = [socket.socketpair() for _ in range(3)]
        for end in itertools.chain(*pairs):
            opened.enter_context(end)
            end.setblocking(False)
        async with open_keeper(runtime_dir) as keeper:
            await keeper.hold(pair[0])  # so it has accepted us before its descriptors are counted
            pid = keeper_pid(runtime_dir)
            assert pid is not None
            let_open(pid, 1)
            os.kill(pid, signal.SIGSTOP)
            holding = [asyncio.ensure_future(keeper.hold(ours)) for ours, _ in pairs]
            await asyncio.sleep(0)
            os.kill(pid, signal.SIGCONT)
            held = await asyncio.gather(*holding, return_exceptions=True)
            assert [isinstance(one, KeeperError) for one in held] == [False, True, True]
            for ours, _ in pairs:
                ours.close()
            assert [is_open(peer) for _, peer in pairs] == [True, False, False]


async def test_a_live_call_that_a_new_keeper_cannot_hold_is_held_as_soon_as_it_can(
    runtime_dir, pair
):
    ours, peer = pair
    said: list[str] = []
    async with open_keeper(runtime_dir, say_trouble=said.append) as keeper:
        await keeper.hold(ours)
        keeper._obey("refused 1")
        keeper._obey("refused 1")
        assert len(said) == 1
        assert "without protection" in said[0]
        keeper._holds["1"].drain()
        ours.close()
    await can_be_filled_again(peer)


async def test_a_parked_socket_counts_until_its_peer_has_closed(runtime_dir, pair):
    ours, peer = pair
    async with open_keeper(runtime_dir) as keeper:
        quiet = await keeper.hold(ours)
        parting = await keeper.hold(ours, farewell=b"bye")
        ours.close()
        quiet.drain()
        parting.drain()
        assert keeper.parked == 1, "only one with a farewell is parked"
        peer.close()
        await until(lambda: keeper.parked == 0)


async def test_a_tap_that_the_keeper_serves_no_longer_leaves_its_sockets_to_it(runtime_dir, pair):
    ours, _ = pair
    async with open_keeper(runtime_dir) as keeper:
        await keeper.hold(ours, farewell=b"bye")
        keeper._say(b"hello x\n")
        await keeper.lost.wait()
        assert keeper.parked == 1


@pytest.fixture
def old_keeper(monkeypatch):
    """Keepers are those of an earlier version."""
    old = Path(__file__).parents[1] / "fakes" / "old_keeper.py"
    monkeypatch.setattr(starting, "_PROCESS", old)


async def test_an_old_keeper_is_spoken_to_in_its_own_words(runtime_dir, old_keeper, monkeypatch):
    monkeypatch.setattr(client, "PARKED_S", 0.0)
    with ExitStack() as opened:
        pairs = [socket.socketpair() for _ in range(3)]
        for end in itertools.chain(*pairs):
            opened.enter_context(end)
            end.setblocking(False)
        async with open_keeper(runtime_dir) as keeper:
            holds = [await keeper.hold(ours, farewell=b"bye") for ours, _ in pairs]
            for ours, _ in pairs:
                ours.close()
            holds[0].release()
            holds[1].drain()
            await until(lambda: not is_open(pairs[0][1]))
            await can_be_filled_again(pairs[1][1])
            assert keeper.parked == 0, "it does not say when a drained socket is gone"
        await until(lambda: _received(pairs[2][1]) == b"bye")


async def test_an_old_keeper_that_has_ended_a_tap_is_believed(runtime_dir, old_keeper, pair):
    ours, peer = pair
    async with open_keeper(runtime_dir) as keeper:
        await keeper.hold(ours, farewell=b"bye")
        let_open(keeper_pid(runtime_dir), 0)
        with pytest.raises(KeeperError, match="took the connection over"):
            await keeper.hold(ours)
        await until(lambda: _received(peer) == b"bye")
        assert keeper.has_taken_over()
        assert "took the connection over" in keeper.why_lost
