"""Which holds are told, and when."""

import asyncio

from streamer.sources.ari import holds
from streamer.sources.ari.holds import Holds
from streamer.sources.base import HoldReported
from tests.fakes.replay import until


def make(monkeypatch, shortest_s=0.0):
    monkeypatch.setattr(holds, "SHORTEST_S", shortest_s)
    told: list[HoldReported] = []
    clock = iter(range(100))
    return Holds(told.append, lambda: float(next(clock))), told


async def test_a_hold_is_told_with_the_time_at_which_it_began(monkeypatch):
    some, told = make(monkeypatch)
    some.take(1, is_held=True)
    assert told == []
    await until(lambda: told)
    some.take(1, is_held=False)
    some.take(1, is_held=False)
    await until(lambda: len(told) == 2)
    assert told == [HoldReported(1, True, 0.0), HoldReported(1, False, 1.0)]


async def test_what_is_over_at_once_is_no_hold_and_no_break_of_one(monkeypatch):
    """As Asterisk tells it of whoever begins a transfer by keys."""
    some, told = make(monkeypatch)
    some.take(0, is_held=True)
    some.take(0, is_held=False)
    some.take(1, is_held=True)
    await until(lambda: told)
    some.take(1, is_held=False)
    some.take(1, is_held=True)
    await asyncio.sleep(0)
    some.take(1, is_held=False)
    await until(lambda: len(told) == 2)
    assert [(one.leg, one.held) for one in told] == [(1, True), (1, False)]


async def test_of_what_has_ended_nothing_more_is_told(monkeypatch):
    some, told = make(monkeypatch)
    some.take(0, is_held=True)
    some.take(1, is_held=True)
    some.take(2, is_held=True)
    some.forget(0)
    some.forget(0)
    await until(lambda: len(told) == 2)
    some.take(2, is_held=False)
    some.end()
    some.take(3, is_held=True)
    await until(lambda: len(told) == 3)
    assert [(one.leg, one.held) for one in told] == [(1, True), (2, True), (3, True)]
