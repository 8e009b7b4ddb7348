"""What Asterisk would make of the bytes that a server sends, without a socket or a clock."""

import math

import pytest

from streamer.simulator.judge import EXPECTED, REST_S, Ending, Judge, Verdict
from streamer.wire.audiosocket import RATES, TERMINATE, Audio, encode_audio

FRAME = encode_audio(b"\x00\x10" * 160, 8000)


@pytest.mark.parametrize("rate", RATES.values())
def test_audio_of_every_rate_is_played(rate):
    judge = Judge(0.0)
    assert judge.feed(encode_audio(bytes(640), rate), 1.0) is None
    assert judge.count(1.0).samples == {rate: 320}
    assert judge.last_frame_at == 1.0


@pytest.mark.parametrize("size", [1, 2, 3, len(FRAME), 1000])
def test_frames_count_however_the_stream_is_cut(size):
    judge = Judge(0.0)
    stream = FRAME * 10
    for start in range(0, len(stream), size):
        assert judge.feed(stream[start : start + size], 0.0) is None
    assert judge.deadline == math.inf
    assert judge.count(0.0).frames == 10


def test_the_largest_frame_and_an_odd_one_are_accepted():
    judge = Judge(0.0)
    assert judge.feed(b"\x10\xff\xff" + bytes(0xFFFF), 0.0) is None
    assert judge.feed(b"\x10\x01\x41" + bytes(321), 0.0) is None
    assert judge.count(0.0).samples == {8000: 32_767 + 160}


def test_kind_0_is_a_hang_up_after_which_the_dialplan_goes_on():
    judge = Judge(0.0)
    assert judge.feed(FRAME + TERMINATE + b"\xee\x00\x00", 0.0) == Verdict(Ending.TERMINATED)
    assert judge.count(0.0).frames == 1


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        (b"\x01\x00\x10" + bytes(16), "kind 0x01"),
        (b"\x01\x00\x03abc", "malformed"),
        (b"\x02\x00\x00", "kind 0x02"),
        (b"\x03\x00\x015", "kind 0x03"),
        (b"\x03\x00\x01x", "malformed"),
        (b"\xff\x00\x01\x04", "kind 0xff"),
        (b"\x0f\x00\x00", "kind 0x0f and 0 bytes"),
        (b"\x19\x00\x02\x1b[", "kind 0x19 and 2 bytes"),
        (b"\x10\x00\x00", "8000 Hz without samples"),
        (b"\x18\x00\x00", "192000 Hz without samples"),
    ],
)
def test_a_frame_that_may_not_be_sent_ends_the_call(frame, complaint):
    verdict = Judge(0.0).feed(FRAME + frame, 0.0)
    assert verdict is not None
    assert verdict.ending is Ending.DROPPED
    assert verdict.ending not in EXPECTED
    assert complaint in verdict.detail


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 322])
def test_the_rest_of_a_frame_has_to_follow_at_once(cut):
    judge = Judge(0.0)
    judge.feed(FRAME + FRAME[:cut], 5.0)
    assert judge.deadline == 5.0 + REST_S
    assert judge.check(5.0 + REST_S / 2) is None
    verdict = judge.check(5.0 + REST_S)
    assert verdict is not None
    assert verdict.ending is Ending.DROPPED
    assert f"first {cut} bytes" in verdict.detail


def test_a_frame_that_trickles_in_has_no_more_time_than_another():
    judge = Judge(0.0)
    judge.feed(FRAME[:1], 0.0)
    judge.feed(FRAME[1:2], REST_S * 0.9)
    assert judge.deadline == REST_S


def test_each_frame_has_its_own_time():
    judge = Judge(0.0)
    judge.feed(FRAME[:100], 0.0)
    judge.feed(FRAME[100:] + FRAME[:100], 0.2)
    assert judge.deadline == 0.2 + REST_S
    judge.feed(FRAME[100:], 0.3)
    assert judge.check(1000.0) is None


def test_the_end_of_the_stream_lets_the_dialplan_go_on_unless_it_cuts_a_frame():
    judge = Judge(0.0)
    judge.feed(FRAME, 0.0)
    assert judge.end() == Verdict(Ending.CLOSED)
    judge.feed(FRAME[:7], 0.0)
    assert judge.end().ending is Ending.DROPPED


def test_what_is_played_is_handed_on():
    played = list[Audio]()
    judge = Judge(0.0, on_audio=played.append)
    judge.feed(FRAME * 3 + TERMINATE, 0.0)
    assert [audio.payload for audio in played] == [b"\x00\x10" * 160] * 3
