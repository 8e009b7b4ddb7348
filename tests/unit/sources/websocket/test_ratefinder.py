import pytest
from hypothesis import given, strategies as st

from streamer.sources.websocket.ratefinder import MOST_HELD, RATES, RateFinder

PCM = bytes(1280)  # 640 samples: 80 or 40 ms


def find(arrivals):
    finder = RateFinder()
    found = (finder.take(PCM, arrival) for arrival in arrivals)
    return next((rate for rate in found if rate), 0), finder


@pytest.mark.parametrize("rate", RATES)
def test_the_pace_of_messages_tells_the_rate(rate):
    assert find(number * 640 / rate for number in range(20))[0] == rate


@pytest.mark.parametrize("rate", RATES)
@given(jitter=st.lists(st.floats(0, 0.015), min_size=40, max_size=40))
def test_jitter_does_not_change_it(rate, jitter):
    came = sorted(number * 640 / rate + late for number, late in enumerate(jitter))
    assert find(came)[0] == rate


@pytest.mark.parametrize("rate", RATES)
def test_what_was_held_back_or_a_pause_does_not_change_it(rate):
    step = 640 / rate
    came = [1.0] * 10 + [1.0 + n * step for n in range(1, 8)] + [9.0 + n * step for n in range(9)]
    assert find(came)[0] == rate


def test_it_is_decided_at_last_whatever_comes():
    rate, finder = find([1.0] * (MOST_HELD + 1))
    assert rate == RATES[0]
    assert len(finder.held) <= MOST_HELD + 1
