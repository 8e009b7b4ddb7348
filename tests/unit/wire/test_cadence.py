"""The format is told however frames are sized, spaced, shaken and held back; time is what the test says it is."""

from __future__ import annotations

import base64
import json
from functools import cache

import pytest
from hypothesis import given, strategies as st

from streamer.wire.cadence import MOST_BYTES, MOST_FRAMES, PATIENCE, FormatDetector
from streamer.wire.formats import Format
from streamer.wire.g711 import Law
from tests.conftest import TRACES
from tests.unit.wire.coding import demo_legs, encode

PACES = {Format.SLIN: 16_000, Format.SLIN16: 32_000, Format.ULAW: 8_000, Format.ALAW: 8_000}
formats = st.sampled_from(Format)
jitters = st.lists(st.floats(-0.010, 0.010), min_size=20, max_size=20)


@cache
def speech(law):
    return encode(demo_legs()[0][80_000:96_000], law)


def payloads(coding, frame_ms, count):
    size = PACES[coding] * frame_ms // 1000
    if coding in (Format.SLIN, Format.SLIN16):
        return [bytes(size)] * count
    codes = speech(Law(coding.value))
    return [codes[n * size : (n + 1) * size] for n in range(count)]


def arrivals(frame_ms, jitter, *, count, burst=0, hole_at=None, hole_s=0.0):
    """When each frame comes: `burst` frames at once, then one each `frame_ms`, in order as TCP keeps them."""
    latest = 100.0
    for n in range(count):
        due = 100.0 + max(0, n - burst) * frame_ms / 1000
        due += hole_s if hole_at is not None and n >= hole_at else 0.0
        latest = max(latest, due + jitter[n % len(jitter)])
        yield latest


def detect(frames, moments):
    """The answer and how many frames and seconds it took."""
    detector, begin = FormatDetector(), None
    for count, (payload, moment) in enumerate(zip(frames, moments, strict=True), start=1):
        begin = moment if begin is None else begin
        if (answer := detector.take(payload, moment)) is not None:
            return answer, count, moment - begin
    return detector.finish(), len(frames), None


@given(formats, st.sampled_from([10, 20, 30, 40]), jitters, st.integers(0, 20))
def test_every_format_is_told_at_every_frame_length_with_jitter_and_a_burst(
    coding, frame_ms, jitter, burst
):
    count = burst + 1_000 // frame_ms
    moments = arrivals(frame_ms, jitter, count=count, burst=burst)
    answer, frames, waited = detect(payloads(coding, frame_ms, count), moments)
    assert answer == coding
    assert frames <= MOST_FRAMES
    assert waited is None or waited <= PATIENCE + 0.060


@given(formats, jitters, st.integers(0, 8), st.floats(0, 5))
def test_a_hole_or_a_stall_in_ordinary_frames_does_not_mislead(coding, jitter, hole_at, hole_s):
    moments = arrivals(20, jitter, count=60, hole_at=hole_at, hole_s=hole_s)
    assert detect(payloads(coding, 20, 60), moments)[0] == coding


@given(formats, jitters, st.integers(1, 10), st.integers(1, 25))
def test_a_stall_that_ends_in_a_burst_does_not_mislead(coding, jitter, begin, held):
    moments = list(arrivals(20, jitter, count=60))
    end = moments[begin + held]
    moments = [max(m, end) if begin <= n else m for n, m in enumerate(moments)]
    assert detect(payloads(coding, 20, 60), moments)[0] == coding


@pytest.mark.parametrize("coding", [Format.SLIN, Format.SLIN16])
def test_ordinary_slin_is_told_from_six_frames_in_100_ms(coding):
    answer, frames, waited = detect(payloads(coding, 20, 9), arrivals(20, [0.0], count=9))
    assert (answer, frames) == (coding, 6)
    assert waited == pytest.approx(0.100)


@pytest.mark.parametrize("coding", [Format.ULAW, Format.ALAW])
def test_ordinary_g711_is_told_within_300_ms(coding):
    answer, frames, _ = detect(payloads(coding, 20, 30), arrivals(20, [0.0], count=30))
    assert (answer, frames) == (coding, 15)


@pytest.mark.parametrize("coding", Format)
def test_frames_that_come_all_at_once_are_told_by_their_size(coding):
    frames = payloads(coding, 20, 30)
    assert detect(frames, [5.0] * 30) == (coding, 30, None)


@pytest.mark.parametrize("pairs", [2, 3])
def test_frames_that_the_network_sends_in_pairs_are_told(pairs):
    moments = [(n + pairs - 1) // pairs * pairs * 0.020 for n in range(60)]
    assert detect(payloads(Format.SLIN, 20, 60), moments)[0] is Format.SLIN


def test_frames_without_any_pace_are_what_their_size_says():
    moments = [n * 0.005 for n in range(300)]
    assert detect([bytes(640)] * 300, moments)[:2] == (Format.SLIN16, MOST_BYTES // 640)


@pytest.mark.parametrize("size", [0, 1, 80, 321, 1_000])
def test_a_size_that_says_nothing_is_what_the_label_says(size):
    detector = FormatDetector()
    assert detector.take(bytes(size), 1.0) is None
    assert detector.finish() is Format.SLIN


def test_a_call_that_ends_before_its_first_frame_is_what_the_label_says():
    assert FormatDetector().finish() is Format.SLIN


def test_a_short_last_frame_is_not_the_one_that_counts():
    detector = FormatDetector()
    assert [detector.take(bytes(size), 1.0) for size in (640, 640, 52)] == [None] * 3
    assert detector.finish() is Format.SLIN16


def test_an_answer_stays_whatever_comes_later():
    detector = FormatDetector()
    for moment in arrivals(20, [0.0], count=6):
        answer = detector.take(bytes(320), moment)
    assert answer is Format.SLIN
    assert detector.take(bytes(160), 200.0) is Format.SLIN
    assert detector.finish() is Format.SLIN


def test_a_party_that_says_a_little_each_second_is_told_by_size():
    frames = [bytes(320)] * 8
    assert detect(frames, [0.0, 0.02, 0.3, 0.32, 0.7, 0.72, 1.1, 1.12]) == (Format.SLIN, 7, 1.1)


def test_what_is_waited_for_is_bounded():
    assert detect([bytes(65_535)], [1.0])[:2] == (Format.SLIN, 1)
    assert detect([b""] * 500, [1.0] * 500)[:2] == (Format.SLIN, MOST_FRAMES)


@given(st.lists(st.tuples(st.integers(0, 2_000), st.floats(-0.01, 0.2)), max_size=60))
def test_any_sizes_at_any_times_have_an_answer(frames):
    detector, now, answers = FormatDetector(), 0.0, []
    for size, step in frames:
        now += step
        answers.append(detector.take(bytes(size), now))
    answers.append(detector.finish())
    known = [answer for answer in answers if answer is not None]
    assert answers[-len(known) :] == known
    assert len(set(known)) == 1


@pytest.mark.parametrize(
    ("name", "most"),
    [("audiosocket_app_normal", 7), ("audiosocket_app_dtmf", 7), ("audiosocket_app_sendback", 7)],
)
def test_captured_calls_are_told_to_be_slin_from_their_first_frames(name, most):
    lines = [json.loads(line) for line in (TRACES / f"{name}.jsonl").read_text().splitlines()]
    audio = [
        (base64.b64decode(line["data"])[3:], line["t"])
        for line in lines
        if line.get("dir") == "in" and line.get("frame", {}).get("kind") == "0x10"
    ]
    answer, frames, _ = detect([p for p, _ in audio], [t for _, t in audio])
    assert answer is Format.SLIN
    assert frames <= most
