"""The keeper's process, a step at a time, on a clock of the test's own."""

import socket
from contextlib import ExitStack, closing, suppress

import pytest

from streamer.keeper import process
from streamer.keeper.process import MOST_PARKED, PARKED_S, RIPE_S, HeldSocket, Keeper
from tests.fakes.replay import VirtualClock


class Beside:
    """A keeper, a tap that speaks to it, and the peers of the sockets that it holds."""

    def __init__(self, path, opened: ExitStack) -> None:
        self._opened = opened
        listener = opened.enter_context(closing(socket.socket(socket.AF_UNIX)))
        listener.bind(str(path))
        listener.listen()
        listener.setblocking(False)
        self.clock = VirtualClock()
        self.keeper = Keeper(listener, clock=self.clock)
        self._path = path
        self.tap = self.connect()
        self.say("hello 3600")

    def connect(self) -> socket.socket:
        tap = self._opened.enter_context(closing(socket.socket(socket.AF_UNIX)))
        tap.connect(str(self._path))
        tap.setblocking(False)
        self.keeper.step(0)
        return tap

    def say(self, line: str) -> None:
        self.tap.send(line.encode() + b"\n")
        self.keeper.step(0)

    def hold(self, token, farewell: bytes) -> socket.socket:
        ours, peer = socket.socketpair()
        peer.setblocking(False)
        self._opened.enter_context(closing(peer))
        with ours:
            line = f"hold {token} {farewell.hex() or '-'}\n".encode()
            socket.send_fds(self.tap, [line], [ours.fileno()])
        self.keeper.step(0)
        return peer

    def park(self, token) -> socket.socket:
        peer = self.hold(token, b"bye")
        self.say(f"drain {token}")
        return peer

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds
        self.keeper.step(0)

    def close(self) -> None:
        """Close what the keeper has open, which a process would at its end."""
        for tap in list(self.keeper._taps):
            self.keeper._end(tap)
        for key in list(self.keeper._selector.get_map().values()):
            if isinstance(key.data, HeldSocket):
                key.data.sock.close()
        self.keeper._selector.close()

    def heard(self) -> list[str]:
        with suppress(BlockingIOError):
            return self.tap.recv(1 << 16).decode().split("\n")[:-1]
        return []


@pytest.fixture
def beside(runtime_dir):
    with ExitStack() as opened:
        beside = Beside(runtime_dir / "k", opened)
        yield beside
        beside.close()


def is_closed(peer: socket.socket) -> bool:
    with suppress(BlockingIOError):
        return peer.recv(1, socket.MSG_PEEK) == b""
    return False


def test_a_parked_socket_is_closed_after_minutes_and_the_tap_hears_of_it(beside):
    peer = beside.park(1)
    beside.wait(PARKED_S - 1)
    assert not is_closed(peer)
    beside.wait(1)
    assert is_closed(peer)
    assert beside.heard() == ["held 1", "gone 1"]


def test_too_many_parked_sockets_are_closed_the_oldest_first_but_never_at_once(beside):
    peers = [beside.park(token) for token in range(MOST_PARKED + 2)]
    beside.wait(RIPE_S / 2)
    assert not any(map(is_closed, peers))
    beside.wait(RIPE_S / 2)
    assert [is_closed(peer) for peer in peers] == [True] * 2 + [False] * MOST_PARKED


def test_a_socket_without_a_farewell_is_drained_for_ever(beside):
    peers = [beside.hold(f"s{token}", b"") for token in range(MOST_PARKED + 2)]
    for token in range(MOST_PARKED + 2):
        beside.say(f"drain s{token}")
    beside.wait(100 * PARKED_S)
    assert not any(map(is_closed, peers))
    beside.tap.close()
    beside.wait(100 * PARKED_S)
    assert not any(map(is_closed, peers))


def test_all_calls_of_a_tap_that_died_have_the_time_to_leave(beside):
    peers = [beside.hold(token, b"bye") for token in range(MOST_PARKED + 1)]
    beside.tap.close()
    beside.wait(0)
    assert all(peer.recv(8) == b"bye" for peer in peers)
    assert not any(map(is_closed, peers))


def test_a_line_without_its_descriptor_is_refused_and_the_next_one_is_held(beside):
    kept = beside.hold(1, b"bye")
    beside.say("hold 2 -")
    beside.hold(3, b"")
    beside.say("hold 4 -\nhold 5 -")
    assert beside.heard() == ["held 1", "refused 2", "held 3", "refused 4", "refused 5"]
    beside.say("drain 2")
    assert not is_closed(kept)


def test_a_line_in_pieces_has_the_descriptor_of_its_beginning(beside):
    ours, peer = socket.socketpair()
    with peer:
        with ours:
            beside.tap.send(b"beat\nho")
            socket.send_fds(beside.tap, [b"ld 7"], [ours.fileno()])
        for rest in (b" ", b"-\nbeat\nhold 8 -\n"):
            beside.keeper.step(0)
            beside.tap.send(rest)
        for _ in range(3):
            beside.keeper.step(0)
        assert beside.heard() == ["held 7", "refused 8"]
        peer.setblocking(False)
        assert not is_closed(peer)


def test_a_descriptor_of_any_other_line_is_dropped(beside):
    ours, peer = socket.socketpair()
    with peer:
        with ours:
            socket.send_fds(beside.tap, [b"beat\n"], [ours.fileno()])
        beside.keeper.step(0)
        assert is_closed(peer)


def test_whoever_talks_nonsense_is_told_that_its_sockets_are_read_here(beside):
    peer = beside.hold(1, b"bye")
    beside.say("hello x")
    assert beside.heard() == ["held 1", "lost"]
    assert peer.recv(8) == b"bye"


def test_without_a_descriptor_for_a_tap_the_others_are_served_and_it_is_taken_later(
    beside, monkeypatch
):
    class Full:
        def __init__(self, listener):
            self._listener = listener
            self.asked = 0

        def fileno(self):
            return self._listener.fileno()

        def accept(self):
            self.asked += 1
            raise OSError(24, "Too many open files")

    listener, full = beside.keeper._listener, Full(beside.keeper._listener)
    beside.keeper._selector.unregister(listener)
    beside.keeper._listener = full
    beside.keeper._selector.register(full, 1)
    oldest = beside.park(1)
    beside.clock.now += RIPE_S
    beside.connect()
    assert is_closed(oldest), "it makes room"
    for _ in range(5):
        beside.keeper.step(0)
    assert full.asked == 1
    monkeypatch.setattr(full, "accept", listener.accept)
    beside.wait(process.DEAF_S)
    beside.keeper.step(0)
    assert len(beside.keeper._taps) == 2
