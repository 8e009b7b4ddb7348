"""Advice is given to calls that stay behind, not to those that catch up."""

import pytest

from streamer.calls.lag_advice import FOR_GOOD_S, LagAdviser
from streamer.core.events import Lagging


class Clock:
    """The timers of a loop, set off by hand."""

    def __init__(self):
        self.timers = []

    def call_later(self, delay_s, callback, *arguments):
        assert delay_s == FOR_GOOD_S
        timer = Timer(lambda: callback(*arguments))
        self.timers.append(timer)
        return timer

    def go_off(self):
        due, self.timers = self.timers, []
        for timer in due:
            if not timer.is_cancelled:
                timer.callback()


class Timer:
    def __init__(self, callback):
        self.callback = callback
        self.is_cancelled = False

    def cancel(self):
        self.is_cancelled = True


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("asyncio.get_running_loop", lambda: clock)
    return clock


@pytest.fixture
def advice():
    return []


@pytest.fixture
def adviser(clock, advice):
    return LagAdviser(lambda: advice.append("advised"))


def lag(adviser, seconds, leg="caller"):
    adviser.take(Lagging("c", leg, seconds))


def test_a_leg_that_falls_further_behind_or_no_nearer_gets_advice(clock, adviser, advice):
    lag(adviser, 5.0)
    assert advice == []
    clock.go_off()
    assert advice == ["advised"]


def test_a_leg_that_has_caught_up_in_time_gets_none(clock, adviser, advice):
    lag(adviser, 5.0)
    lag(adviser, 12.0)
    lag(adviser, 0.0)
    clock.go_off()
    assert advice == []


def test_a_leg_that_is_catching_up_is_given_more_time(clock, adviser, advice):
    lag(adviser, 300.0)
    lag(adviser, 200.0)
    clock.go_off()
    assert advice == []
    lag(adviser, 210.0)
    clock.go_off()
    assert advice == ["advised"]


def test_there_is_one_piece_of_advice_a_call(clock, adviser, advice):
    lag(adviser, 5.0)
    lag(adviser, 6.0, "agent")
    clock.go_off()
    lag(adviser, 0.0)
    lag(adviser, 9.0)
    clock.go_off()
    assert advice == ["advised"]


def test_a_call_that_is_over_gets_none(clock, adviser, advice):
    lag(adviser, 5.0)
    adviser.close()
    clock.go_off()
    assert advice == []
