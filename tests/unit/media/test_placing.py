"""Times of packets become runs: gaps, overlaps, and times that cannot be."""

from fractions import Fraction

import pytest

from streamer.media.placing import Placer

FRAME = Fraction(1, 50)


def place(*times):
    placer = Placer()
    return [placer.place(None if t is None else Fraction(t), FRAME) for t in times], placer.end


def test_frames_that_follow_each_other_are_one_run():
    assert place("0", "0.02", "0.04") == ([0, None, None], Fraction("0.06"))


def test_jitter_of_the_container_is_no_gap_and_does_not_add_up():
    runs, end = place(*[f"{n * 0.02 + 0.001 * (n % 2):.3f}" for n in range(100)])
    assert runs[1:] == [None] * 99
    assert end == 2


def test_a_gap_begins_a_run():
    assert place("0", "3") == ([0, 3], Fraction("3.02"))


def test_a_drift_is_mended_before_it_is_heard():
    times = [n * Fraction("0.021") for n in range(500)]
    placer = Placer()
    for time in times:
        placer.place(time, FRAME)
        assert abs(placer.end - FRAME - time) <= Fraction(1, 20)


def test_packets_without_times_follow_each_other():
    assert place(None, None) == ([0, None], Fraction("0.04"))


@pytest.mark.parametrize("time", [-(10**6), 10**9])
def test_a_time_that_cannot_be_is_left_out_and_those_behind_it_count_from_there(time):
    runs, end = place("0", time, Fraction(time) + FRAME)
    assert runs[2] is None
    assert end == Fraction("0.06")


def test_what_could_not_be_decoded_leaves_its_time():
    placer = Placer()
    placer.place(Fraction(0), FRAME)
    placer.pass_over(None, FRAME, unseen=Fraction(0))
    assert placer.place(Fraction("0.04"), FRAME) == Fraction("0.04")


def test_what_times_do_not_count_moves_all_behind_it():
    placer = Placer()
    placer.place(Fraction(0), FRAME)
    placer.pass_over(Fraction("0.02"), FRAME, unseen=Fraction(1))
    assert placer.place(Fraction("0.04"), FRAME) == Fraction("1.04")
    assert placer.place(Fraction("0.06"), FRAME) is None
