"""A leg's pace is judged over seconds: bursts, holes and long packets are right, what is more than was said is not."""

import random

import pytest

from streamer.media.pace import PaceWatch

FRAME = 0.02


def play(watch, *parts, now=0.0):
    """Play parts of (seconds, pace, seconds of audio a packet); return when each was first found wrong, and right again."""
    found: list[float] = []
    for seconds, pace, packet in parts:
        for _ in range(round(seconds / (packet / pace)) if pace else 0):
            now += packet / pace
            watch.take(packet, now)
            if bool(watch.wrong_since) != bool(len(found) % 2):
                found.append(round(now, 1))
        if not pace:
            now += seconds
    return found


@pytest.mark.parametrize(
    "parts",
    [
        [(60, 1, FRAME)],
        [(60, 1, 0.04)],
        [(10, 1, FRAME), (10, 1, 0.04), (10, 1, 0.06)],
        [(10, 1, FRAME), (7, 0, 0), (10, 1, FRAME)],
        [(10, 1, FRAME), (7, 0, 0), (0.05, 140, FRAME), (10, 1, FRAME)],
        [(10, 1, FRAME), (7, 0, 0), (7, 2, FRAME), (10, 1, FRAME)],
        [(0.5, 1, FRAME), (7, 0, 0), (7, 2, FRAME), (10, 1, FRAME)],
        [*[(2, 0, 0), (0.02, 101, FRAME)] * 20],
        [(30, 1.01, FRAME)],
        [(30, 1.4, FRAME)],
        [(10, 12, FRAME)],
        [(10, 2, FRAME)],
    ],
    ids=str,
)
def test_what_is_no_change_of_pace_is_right(parts):
    assert play(PaceWatch(), *parts) == []


@pytest.mark.parametrize("pace", [1.6, 2, 3, 6])
@pytest.mark.parametrize("before", [1.5, 3, 60])
def test_audio_at_a_multiple_of_its_pace_is_wrong_from_where_it_began(pace, before):
    watch = PaceWatch()
    found = play(watch, (before, 1, FRAME), (10, pace, FRAME * pace))
    assert len(found) == 1
    assert found[0] <= before + 3.5
    assert watch.wrong_since == pytest.approx(before, abs=0.3)


def test_a_pace_is_right_again_when_it_has_been_for_three_seconds():
    watch = PaceWatch()
    found = play(watch, (5, 1, FRAME), (5, 2, 0.04), (10, 1, FRAME), (5, 2, 0.04))
    assert len(found) == 3
    assert found[1] == pytest.approx(13.5, abs=0.6)
    assert watch.wrong_since == pytest.approx(20, abs=0.3)


def test_a_hold_before_a_change_hides_nothing_once_the_pace_was_right_again():
    watch = PaceWatch()
    play(watch, (5, 1, FRAME), (30, 0, 0), (4, 1, FRAME), (4, 2, 0.04))
    assert watch.wrong_since == pytest.approx(39, abs=0.3)


def stall(rng, until):
    """Return a function that says when what happens at a time goes on, on a machine that stands still now and then."""
    pauses, at = [], rng.uniform(1, 5)
    while at < until:
        pauses.append((at, at := at + rng.uniform(0.05, 4)))
        at += rng.uniform(0.05, 1)
    return lambda now: next((end for begin, end in pauses if begin <= now < end), now)


@pytest.mark.parametrize("seed", range(10))
def test_machines_that_stand_still_again_and_again_are_no_change_of_pace(seed):
    rng = random.Random(seed)
    sent, taken = stall(rng, 40), stall(rng, 40)
    watch = PaceWatch()
    for number in range(1, 2001):
        watch.take(FRAME, taken(sent(number * FRAME)))
        assert watch.wrong_since is None
