import pytest

from streamer.simulator.returned import Tally
from streamer.wire.audiosocket import Audio

LOUD = Audio(8000, b"\x00\x40" * 160)
SILENT = Audio(8000, bytes(320))


def test_nothing_that_came_back_is_one_long_gap():
    returned = Tally(10.0).close(13.0)
    assert returned.frames == 0
    assert returned.seconds == 0
    assert returned.longest_gap_s == 3.0
    assert returned.spacing is None
    assert returned.is_silent


def test_spacing_is_told_between_frames_and_the_longest_gap_counts_both_ends():
    tally = Tally(0.0)
    for arrival in [1.0, 1.02, 1.04, 1.04, 1.1]:
        tally.add(SILENT, arrival)
    returned = tally.close(1.2)
    assert returned.spacing is not None
    assert returned.spacing.mean == pytest.approx(25.0)
    assert (returned.spacing.least, returned.spacing.most) == (0.0, 60.0)
    assert returned.longest_gap_s == 1.0
    assert tally.close(3.1).longest_gap_s == pytest.approx(2.0)


def test_one_late_frame_of_two_hundred_is_not_in_the_99_percent():
    tally, now = Tally(0.0), 0.0
    for number in range(201):
        now += 0.5 if number == 100 else 0.02
        tally.add(SILENT, now)
    spacing = tally.close(now).spacing
    assert spacing is not None
    assert (spacing.p99, spacing.most) == (20.0, 500.0)


def test_seconds_come_from_the_samples_of_each_rate():
    tally = Tally(0.0)
    tally.add(SILENT, 0.0)
    tally.add(Audio(16_000, bytes(640)), 0.0)
    returned = tally.close(0.0)
    assert returned.samples == {8000: 160, 16_000: 320}
    assert returned.seconds == pytest.approx(0.04)


def test_silence_is_what_nobody_hears():
    tally = Tally(0.0)
    tally.add(SILENT, 0.0)
    tally.add(Audio(8000, b"\x02\x00" * 160), 0.0)
    assert tally.close(0.0).is_silent
    tally.add(LOUD, 0.0)
    assert tally.close(0.0).peak == pytest.approx(0.5)
    assert not tally.close(0.0).is_silent


def test_an_odd_byte_at_the_end_is_no_sample():
    tally = Tally(0.0)
    tally.add(Audio(8000, b"\x00\x40\x7f"), 0.0)
    assert tally.close(0.0).samples == {8000: 1}
