import pytest

from streamer.sources.arrival import LATE_S, Arrivals, LoopWatch
from streamer.sources.playout import FrameClock
from tests.fakes.replay import VirtualClock


class Beats(FrameClock):
    """A frame clock that beats when the test says so."""

    def __init__(self):
        super().__init__()
        self.players = []

    def start(self, play):
        self.players.append(play)

    def stop(self, play):
        self.players.remove(play)


class Loop:
    """A loop whose turns are given, and one socket of it."""

    def __init__(self):
        self.clock, self.beats = VirtualClock(), Beats()
        self.watch = LoopWatch(self.beats, self.clock)
        self.watch.start()
        self.arrivals = Arrivals(self.watch, self.clock.now)

    def turn(self, seconds=0.02):
        """Let time pass, then have a turn in which this socket is not ready."""
        self.clock.now += seconds
        for play in self.beats.players:
            play(1)

    def read(self, *, has_emptied=True):
        return self.arrivals.read(self.clock.now, has_emptied=has_emptied) - 1000.0


@pytest.fixture
def loop():
    return Loop()


def test_in_a_prompt_loop_bytes_have_come_when_they_are_read(loop):
    for turn in range(1, 200):
        loop.turn()
        assert loop.read() == pytest.approx(turn * 0.02)


def test_a_party_that_said_nothing_in_a_prompt_loop_has_a_hole(loop):
    loop.read()
    for _ in range(250):
        loop.turn()
    assert loop.read() == pytest.approx(5.0)


def test_what_waited_while_the_loop_was_held_up_came_when_it_was_last_read_empty(loop):
    for _ in range(10):
        loop.turn()
        loop.read()
    loop.clock.now += 5.0
    assert loop.read(has_emptied=False) == pytest.approx(0.2)
    assert loop.read() == pytest.approx(0.2)
    loop.turn(0)
    loop.turn(0.01)
    assert loop.read() == pytest.approx(5.21)


def test_what_lies_unread_in_the_kernel_is_no_hole_however_long_it_lies(loop):
    loop.turn()
    assert loop.read(has_emptied=False) == pytest.approx(0.02)
    for _ in range(50):
        loop.clock.now += 1.0
        assert loop.read(has_emptied=False) == pytest.approx(0.02)
        loop.turn(0)


def test_a_silence_before_the_loop_was_held_up_stays_one(loop):
    loop.read()
    for _ in range(250):
        loop.turn()
    loop.clock.now += 1.0
    assert loop.read() == pytest.approx(5.0, abs=0.021)


def test_a_burst_after_a_silence_came_after_it_in_every_piece(loop):
    loop.read()
    for _ in range(250):
        loop.turn()
    assert [loop.read(has_emptied=False) for _ in range(5)] == [pytest.approx(5.0)] * 5
    assert loop.read() == pytest.approx(5.0)


def test_a_full_read_that_happened_to_empty_the_socket_is_noticed_by_the_turns_after_it(loop):
    loop.read(has_emptied=False)
    for _ in range(10):
        loop.turn()
    assert loop.read() == pytest.approx(0.2)


def test_a_socket_that_was_not_looked_at_was_not_seen_empty(loop):
    loop.read()
    loop.arrivals.pause()
    for _ in range(50):
        loop.turn()
    assert loop.read() == 0
    for _ in range(3):
        loop.turn()
    assert loop.read() == pytest.approx(1.06)


def test_arrivals_never_go_back(loop):
    came = []
    for turn in range(500):
        loop.turn((0.02, 0.5, 0.0, 3 * LATE_S)[turn % 4])
        came.append(loop.read(has_emptied=bool(turn % 3)))
    assert came == sorted(came)


def test_the_watch_beats_only_while_it_is_wanted():
    beats = Beats()
    watch = LoopWatch(beats, lambda: 0.0)
    watch.start()
    watch.start()
    watch.stop()
    assert len(beats.players) == 1
    watch.stop()
    assert beats.players == []
