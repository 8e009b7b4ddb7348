"""Lost frames are told from pauses, and from frames that only come late."""

import random

import pytest

from streamer.media.missing import LONGEST_HOLE, SPAN_S, MissingFrames

RATE = 8000
FRAME = 160
FRAME_S = FRAME / RATE


def count(arrivals, samples=FRAME):
    missing = MissingFrames(RATE)
    for arrival in arrivals:
        missing.take(samples, arrival=arrival)
    return missing


def steady(frames, *, without=()):
    """Return when frames arrive, all but some."""
    gone = set(without)
    return [n * FRAME_S for n in range(frames) if n not in gone]


def jitter(arrivals, seconds, *, seed=1):
    """Hold each frame back a little, in order."""
    late, drawn = -1.0, random.Random(seed)
    for arrival in arrivals:
        late = max(late, arrival + drawn.uniform(0, seconds))
        yield late


def test_nothing_is_missing_where_every_frame_comes():
    assert count(steady(3000)).seconds == 0


@pytest.mark.parametrize("length", range(1, LONGEST_HOLE + 1))
def test_a_hole_is_missing(length):
    missing = count(steady(500, without=range(200, 200 + length)))
    assert missing.seconds == pytest.approx(length * FRAME_S)


@pytest.mark.parametrize("length", [LONGEST_HOLE + 1, 10, 200])
def test_a_longer_one_is_a_pause(length):
    assert count(steady(900, without=range(200, 200 + length))).seconds == 0


def test_holes_that_follow_each_other_are_counted_one_by_one():
    every_tenth = steady(3000, without=range(100, 2900, 10))
    assert count(every_tenth).seconds == pytest.approx(280 * FRAME_S, abs=3 * FRAME_S)
    most = steady(500, without=[n for n in range(100, 300) if n % 4])
    assert count(most).seconds == pytest.approx(150 * FRAME_S)


def test_a_stall_and_its_burst_are_nothing():
    held = [max(arrival, 5.0) if 4 < arrival < 5 else arrival for arrival in steady(1000)]
    assert count(held).seconds == pytest.approx(0, abs=1e-9)
    short = [max(arrival, 4.06) if 4 < arrival < 4.06 else arrival for arrival in steady(1000)]
    assert count(short).seconds == pytest.approx(0, abs=1e-9)


def test_a_burst_that_comes_slowly_is_nothing_in_the_end():
    late = [n * FRAME_S + max(0.0, min(0.08, (400 - n) * 0.0004)) * (n > 200) for n in range(1000)]
    assert count(late).seconds == pytest.approx(0, abs=FRAME_S)


@pytest.mark.parametrize("seed", range(5))
def test_jitter_is_no_loss_and_hides_none(seed):
    assert count(jitter(steady(3000), 0.07, seed=seed)).seconds <= 2 * FRAME_S
    drawn = random.Random(seed)
    gone = [n for n in range(50, 5950) if drawn.random() < 0.03]
    lost = count(jitter(steady(6000, without=gone), 0.07, seed=seed)).seconds
    assert lost == pytest.approx(len(gone) * FRAME_S, rel=0.1)


@pytest.mark.parametrize("drift", [1.0002, 0.9998])
def test_two_clocks_that_drift_apart_lose_nothing(drift):
    assert count(arrival * drift for arrival in steady(50_000)).seconds == 0


def test_the_first_frames_may_be_late():
    assert count([0.3 - n * 0.01 for n in range(15)] + steady(500)[15:]).seconds == 0
    assert count([0.3] + steady(500)[1:]).seconds == 0


def test_frames_without_samples_are_passed_over():
    missing = MissingFrames(RATE)
    missing.take(0, arrival=0.0)
    assert missing.seconds == 0


@pytest.mark.parametrize(("every", "is_much"), [(0, False), (200, False), (50, True)])
def test_much_is_more_than_a_hundredth_of_half_a_minute(every, is_much):
    frames = round(2 * SPAN_S / FRAME_S)
    missing = count(steady(frames, without=range(30, frames, every) if every else ()))
    assert missing.is_much == is_much


def test_what_is_missing_before_half_a_minute_has_passed_is_not_much_yet():
    half = count(steady(1400, without=range(30, 1400, 10)))
    assert half.seconds > 1
    assert not half.is_much


@pytest.mark.parametrize("jitter_s", [0.06, 0.1])
def test_frames_that_a_pbx_drops_under_jitter_are_holes(jitter_s):
    """One that comes while another waits is dropped, as Asterisk's stream-channel module does."""
    came = [-1.0, *jitter(steady(3000), jitter_s)]
    kept = [now for before, now in zip(came, came[1:], strict=False) if now - before > 0.001]
    dropped = 3000 - len(kept)
    assert dropped > 300
    missing = count(kept)
    assert missing.seconds == pytest.approx(dropped * FRAME_S, rel=0.05)
    assert missing.share == pytest.approx(dropped / 3000, rel=0.1)
    assert missing.is_much


@pytest.mark.parametrize(("every", "share"), [(11, 1 / 11), (50, 1 / 50)])
def test_the_share_is_of_the_time_since_the_losses_began(every, share):
    began = round(40 / FRAME_S)
    missing = count(steady(began + 900, without=range(began, began + 890, every)))
    assert missing.share == pytest.approx(share, rel=0.15)
    assert missing.is_settled
    early = count(steady(began + 300, without=range(began, began + 290, every)))
    assert not early.is_settled


def test_nothing_missing_is_a_share_of_nothing():
    assert count(steady(3000)).share == 0
