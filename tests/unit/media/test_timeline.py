import random

import pytest
from hypothesis import given, strategies as st

from streamer.core.audio import AudioChunk
from streamer.media.timeline import CallClock, Silence, Timeline

RATE = 16_000
FRAME = b"\x01\x00" * 320


def chunk(arrival: float, pcm: bytes = FRAME) -> AudioChunk:
    return AudioChunk(0, pcm, arrival)


def place_all(arrivals, *, timeline=None, pcm=FRAME):
    timeline = timeline or Timeline(RATE, CallClock())
    placed = [item for arrival in arrivals for item in timeline.place(chunk(arrival, pcm))]
    return placed + timeline.finish(), timeline


def silences(placed):
    return [item.samples / RATE for item in placed if isinstance(item, Silence)]


def steady(count, *, start=0.0):
    return [start + n * 0.02 for n in range(count)]


def test_steady_frames_pass_at_once_and_unchanged():
    timeline = Timeline(RATE, CallClock())
    assert [timeline.place(chunk(at)) for at in steady(5)] == [[FRAME]] * 5


def test_a_hole_becomes_silence_in_its_place():
    placed, _ = place_all(steady(50) + steady(50, start=5.0))
    assert placed[50] == Silence(4 * RATE)
    assert placed[:50] == placed[51:] == [FRAME] * 50


def test_a_stall_and_its_burst_add_nothing():
    placed, _ = place_all(
        steady(50) + [3.0 + n * 0.0001 for n in range(100)] + steady(50, start=3.02)
    )
    assert placed == [FRAME] * 200


def test_a_slow_burst_is_waited_for_as_long_as_it_catches_up():
    burst = [3.0 + n * 0.01 for n in range(198)]
    placed, _ = place_all(steady(50) + burst + steady(20, start=burst[-1] + 0.02))
    assert silences(placed) == []


def test_a_stall_over_a_hole_adds_only_the_hole():
    burst = [5.0 + n * 0.0001 for n in range(100)]
    placed, _ = place_all(steady(50) + burst + steady(50, start=5.02))
    assert silences(placed) == pytest.approx([5.02 - 1.0 - 2.0], abs=0.021)


@pytest.mark.parametrize("seed", range(20))
def test_jitter_of_35_ms_adds_nothing(seed):
    jitter = random.Random(seed)
    arrivals = sorted(at + jitter.uniform(-0.035, 0.035) for at in steady(3000, start=0.035))
    assert silences(place_all(arrivals)[0]) == []


def test_a_leg_that_starts_six_seconds_later_lies_six_seconds_later():
    clock = CallClock()
    clock.start(100.0)
    placed, _ = place_all(steady(50, start=106.0), timeline=Timeline(RATE, clock))
    assert placed[0] == Silence(6 * RATE)


def test_a_leg_that_starts_within_the_tolerance_is_not_shifted():
    clock = CallClock()
    clock.start(100.0)
    assert silences(place_all(steady(50, start=100.08), timeline=Timeline(RATE, clock))[0]) == []


def test_small_delays_add_up_until_they_count():
    arrivals = [at + 0.06 * (n // 50) for n, at in enumerate(steady(200))]
    assert sum(silences(place_all(arrivals)[0])) == pytest.approx(0.12, abs=0.001)


def test_held_audio_is_released_without_a_further_chunk():
    timeline = Timeline(RATE, CallClock())
    timeline.place(chunk(0.0))
    assert timeline.place(chunk(4.0)) == []
    assert timeline.settles_at == pytest.approx(4.2)
    assert timeline.settle(4.19) == []
    assert timeline.settle(4.2) == [Silence(round(3.98 * RATE)), FRAME]
    assert timeline.settles_at is None
    assert timeline.settle(9.0) == []


def test_a_hold_that_catches_up_is_extended_when_no_chunk_comes():
    timeline = Timeline(RATE, CallClock())
    timeline.place(chunk(0.0))
    for n in range(20):
        timeline.place(chunk(4.0 + n * 0.001))
    assert timeline.settle(4.2) == []
    assert timeline.settles_at == pytest.approx(4.4)
    assert silences(timeline.settle(4.4)) == pytest.approx([3.98 + 0.019 - 0.38], abs=0.001)


def test_two_holes_in_a_row_each_stand_in_their_place():
    placed, _ = place_all([0.0, 4.0, 8.0, 8.02])
    assert silences(placed) == pytest.approx([3.98, 3.98], abs=0.001)
    assert [type(item) for item in placed] == [bytes, Silence, bytes, Silence, bytes, bytes]


def test_a_chunk_that_comes_too_early_is_kept_whole():
    assert place_all([0.0] * 100)[0] == [FRAME] * 100


def test_silence_is_counted():
    _, timeline = place_all([0.0, 4.0])
    assert timeline.silence == round(3.98 * RATE)
    assert timeline.samples == timeline.silence + 640


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 2000)), max_size=60))
def test_every_sample_is_placed_exactly_once_and_in_order(steps):
    timeline, now, sent, placed = Timeline(RATE, CallClock()), 0.0, [], []
    for number, (gap, samples) in enumerate(steps):
        now += gap
        pcm = (number % 30_000).to_bytes(2, "little") * samples
        sent.append(pcm)
        placed += timeline.settle(now) + timeline.place(chunk(now, pcm))
    placed += timeline.finish()
    assert b"".join(p for p in placed if isinstance(p, bytes)) == b"".join(sent)
    assert timeline.samples == sum(
        p.samples if isinstance(p, Silence) else len(p) // 2 for p in placed
    )


LOUD = b"\x02\x00" * 640
"""Noise of a codec that has changed: 40 ms that come each 20 ms."""


def play(*parts):
    """Place parts of (seconds, a frame each 20 ms); return what was placed, and the leg at the end."""
    timeline, placed, now = Timeline(RATE, CallClock()), [], 0.0
    for seconds, pcm in parts:
        for _ in range(round(seconds * 50)):
            placed += timeline.place(chunk(now, pcm))
            now += 0.02
    return placed + timeline.finish(), timeline


def test_noise_at_twice_the_pace_does_not_make_a_leg_longer():
    placed, timeline = play((60, FRAME), (30, LOUD), (60, FRAME))
    assert timeline.samples / RATE == pytest.approx(150, abs=0.1)
    assert sum(map(len, placed)) == 2 * timeline.samples
    assert silences(placed) == []
    (noise,) = timeline.noise
    assert noise.start_s == pytest.approx(60, abs=0.15)
    assert noise.end_s == pytest.approx(94, abs=0.5)
    assert timeline.surplus / RATE == pytest.approx(30, abs=0.1)


def test_what_is_said_after_noise_stands_where_it_was_said():
    said = b"\x03\x00" * 320
    placed, _ = play((5, FRAME), (4, LOUD), (5, FRAME), (1, said))
    pcm = b"".join(item for item in placed if isinstance(item, bytes))
    assert pcm.index(said) / 2 / RATE == pytest.approx(14, abs=0.1)


def test_packets_of_40_ms_and_a_burst_behind_a_stall_are_no_noise():
    long = [n * 0.04 for n in range(250)]
    placed, timeline = place_all(long, pcm=LOUD)
    assert placed == [LOUD] * 250
    burst = [17.0 + n * 0.0001 for n in range(350)]
    placed, stalled = place_all(steady(500) + burst + steady(500, start=17.02))
    assert placed == [FRAME] * 1350
    assert timeline.noise == stalled.noise == []
