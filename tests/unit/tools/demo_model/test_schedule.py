"""The schedule: up once, down to its floor, and no jump when the total is changed midway."""

import pytest

from tools.demo_model.schedule import LAST_SHARE_OF_RATE, Schedule

SCHEDULE = Schedule(100_000, rate=5e-4)


def test_the_rate_rises_during_warm_up_and_never_again():
    rates = [SCHEDULE.learning_rate(seen) for seen in range(0, 120_000, 250)]
    peak = rates.index(max(rates))
    assert peak * 250 == SCHEDULE.warmup
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)


def test_the_rate_reaches_what_was_asked_for():
    assert SCHEDULE.learning_rate(SCHEDULE.warmup) == 5e-4


@pytest.mark.parametrize("seen", [100_000, 100_001, 200_000])
def test_the_rate_ends_at_its_floor(seen):
    assert SCHEDULE.learning_rate(seen) == pytest.approx(5e-4 * LAST_SHARE_OF_RATE)


def test_the_weights_of_the_phones_fall_to_the_end_and_never_to_nothing():
    weights = [SCHEDULE.weights(seen) for seen in range(0, 120_001, 10_000)]
    for name in ("phone_sequence", "phone_frames"):
        values = [getattr(weight, name) for weight in weights]
        assert values == sorted(values, reverse=True)
        assert 0 < values[-1] < values[0]


def test_a_longer_total_leaves_the_plateau_as_it_was():
    assert Schedule(200_000, rate=5e-4).learning_rate(15_000) == SCHEDULE.learning_rate(15_000)


def test_a_run_shorter_than_the_warm_up_still_reaches_the_rate():
    short = Schedule(600, rate=5e-4)
    assert max(short.learning_rate(seen) for seen in range(600)) == pytest.approx(5e-4, rel=0.02)
