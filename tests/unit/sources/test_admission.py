import pytest

from streamer.sources.admission import (
    BURST,
    FRAMES_PER_SECOND,
    LINES,
    LINES_EVERY_S,
    MOST_ADDRESSES,
    MOST_AHEAD_S,
    MOST_FRAMES,
    MOST_STRANGERS,
    PER_SECOND,
    FrameBudget,
    Limiter,
    Pace,
)
from tests.fakes.replay import VirtualClock


def let_in(limiter, host, times):
    return sum(limiter.refuse(host) is None for _ in range(times))


def test_one_address_may_come_in_a_burst_and_then_only_so_fast():
    clock = VirtualClock()
    limiter = Limiter(most=500, clock=clock)
    assert let_in(limiter, "192.0.2.1", 1000) == BURST
    clock.now += 1
    assert let_in(limiter, "192.0.2.1", 1000) == PER_SECOND
    clock.now += 3600
    assert let_in(limiter, "192.0.2.1", 1000) == BURST


def test_a_fast_address_does_not_keep_others_out():
    limiter = Limiter(most=500, clock=VirtualClock())
    let_in(limiter, "192.0.2.1", 1000)
    assert limiter.refuse("192.0.2.2") is None


def test_so_many_calls_and_no_more():
    limiter = Limiter(most=2, clock=VirtualClock())
    assert limiter.refuse_call(calls=1) is None
    refusal = limiter.refuse_call(calls=2)
    assert refusal
    assert "--max-calls" in refusal


def test_an_address_has_so_many_strangers_and_then_its_oldest_goes():
    limiter = Limiter(most=2, clock=VirtualClock())
    crowd = ["192.0.2.9"] + ["192.0.2.1"] * (MOST_STRANGERS - 1)
    assert limiter.choose_to_go(crowd, newcomer="192.0.2.1") is None
    crowd += ["192.0.2.1"]
    assert limiter.choose_to_go(crowd, newcomer="192.0.2.1") == 1
    assert limiter.choose_to_go(crowd, newcomer="192.0.2.2") is None


def test_of_too_many_strangers_in_all_one_goes_of_whom_there_are_most():
    limiter = Limiter(most=2, clock=VirtualClock(), most_strangers=5)
    crowd = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.2"]
    assert limiter.choose_to_go(crowd, newcomer="192.0.2.4") is None
    assert limiter.choose_to_go([*crowd, "192.0.2.3"], newcomer="192.0.2.4") == 1


def test_a_thousand_refusals_are_a_few_lines():
    clock = VirtualClock()
    limiter = Limiter(most=2, clock=clock)
    told = [limiter.count_refusal("192.0.2.1", "it is unknown") for _ in range(1000)]
    assert told == [1] + [0] * 999
    others = [limiter.count_refusal("192.0.2.1", f"{n} is unknown") for n in range(1000)]
    assert others == [1000] + [1] * (LINES - 2) + [0] * (1001 - LINES)
    clock.now += LINES_EVERY_S
    assert limiter.count_refusal("192.0.2.1", "it is unknown") == 1002 - LINES
    assert limiter.count_refusal("192.0.2.2", "it is unknown") == 1


def test_addresses_that_were_long_not_heard_of_are_forgotten():
    clock = VirtualClock()
    limiter = Limiter(most=2, clock=clock)
    let_in(limiter, "first", BURST)
    for number in range(MOST_ADDRESSES + 1):
        clock.now += 0.0001
        limiter.refuse(str(number))
    assert let_in(limiter, "first", 1000) == BURST


def test_a_call_at_its_own_pace_never_waits_however_it_stalls():
    now = 100.0
    pace = Pace(now)
    for stall_s in (0.02, 40.0, 0.02, 300.0):
        now += stall_s
        assert not any(pace.take(0.02, now) for _ in range(round(stall_s / 0.02)))


def test_whoever_is_too_far_ahead_waits_until_it_is_said():
    pace = Pace(100.0)
    assert pace.take(MOST_AHEAD_S, 100.0) == 0
    assert pace.take(5.0, 100.0) == pytest.approx(5.0)
    assert pace.take(0.5, 105.0) == pytest.approx(0.5)


def test_a_burst_of_frames_is_taken_and_then_only_so_many_a_second():
    now = 100.0
    budget = FrameBudget(now)
    assert sum(budget.take(now) for _ in range(10_000)) == MOST_FRAMES
    assert sum(budget.take(now + 1) for _ in range(10_000)) == FRAMES_PER_SECOND
    assert sum(budget.take(now + 3600) for _ in range(10_000)) == MOST_FRAMES


def test_a_telephone_is_never_beyond_its_budget_however_it_stalls():
    now = 100.0
    budget = FrameBudget(now)
    for stall_s in (0.02, 60.0, 0.02, 100.0):
        now += stall_s
        assert all(budget.take(now) for _ in range(round(stall_s / 0.02)))
