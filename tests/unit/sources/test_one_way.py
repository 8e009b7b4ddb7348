"""Which side of a call hears nothing, and what is said of it."""

import pytest

from streamer.sources.base import Sent
from streamer.sources.one_way import (
    FRAMES_A_SECOND,
    HELD_S,
    MARK_S,
    SILENT_S,
    TESTED_S,
    UNREAD_S,
    ReturnWatch,
    advise,
    is_silence,
)

SILENCE, SOUND = bytes(320), b"\x00\x10" * 160


def find(watch, source="chan-websocket"):
    return list(watch.find("caller", source=source))


def told_once(watch, said, source="chan-websocket"):
    (line,) = find(watch, source)
    assert line.startswith("caller ")
    assert said in line
    assert find(watch, source) == []


def test_a_peer_that_does_not_read_is_said_once_and_only_after_a_while():
    watch = ReturnWatch()
    watch.play(SOUND)
    watch.block(UNREAD_S * FRAMES_A_SECOND - 1)
    assert find(watch) == []
    watch.block(1)
    told_once(watch, "the PBX has not read it for 5 s")


def test_a_peer_that_reads_now_and_then_is_no_fault():
    watch = ReturnWatch()
    for _ in range(10):
        watch.block(UNREAD_S * FRAMES_A_SECOND - 1)
        watch.play(SOUND)
    assert find(watch) == []


def test_a_queue_that_stays_full_is_said():
    watch = ReturnWatch()
    watch.play(SOUND)
    watch.hold(HELD_S * FRAMES_A_SECOND)
    told_once(watch, "XOFF")


def test_a_mark_that_is_never_answered_is_said_and_one_that_is_answered_is_not():
    for is_answered in (True, False):
        watch = ReturnWatch()
        watch.play(SOUND)
        watch.mark()
        if is_answered:
            watch.reach_mark()
        watch.rest(MARK_S * FRAMES_A_SECOND)
        if is_answered:
            assert find(watch) == []
        else:
            told_once(watch, "MARK was not processed")


@pytest.mark.parametrize("frames", [3, SILENT_S * FRAMES_A_SECOND])
def test_an_announcement_of_silence_is_said_at_its_end_or_when_it_is_long(frames):
    watch = ReturnWatch()
    for _ in range(frames):
        watch.play(SILENCE)
    if frames == 3:
        assert find(watch) == []
        watch.rest()
    told_once(watch, "digital silence itself")


def test_an_announcement_with_sound_or_none_at_all_is_no_fault():
    watch = ReturnWatch()
    watch.rest(10_000)
    assert find(watch) == []
    watch.play(SOUND)
    for _ in range(1_000):
        watch.play(SILENCE)
    watch.rest(10_000)
    assert find(watch) == []


def test_an_echo_of_silence_is_not_its_own_fault():
    watch = ReturnWatch(is_echo=True, is_test=True)
    for _ in range(1_000):
        watch.play(SILENCE)
    assert find(watch) == []


def test_a_tone_over_audiosocket_says_what_nobody_can_know():
    watch = ReturnWatch(is_test=True)
    for _ in range(TESTED_S * FRAMES_A_SECOND):
        watch.play(SOUND)
    assert find(watch, "twilio") == []
    told_once(
        watch, "was sent 500 frames; AudioSocket cannot tell whether they are heard", "audiosocket"
    )


def test_the_advice_names_the_next_steps():
    said = advise("audiosocket", Sent(frames=512))
    assert "512 frames were sent back, and AudioSocket cannot tell whether they are heard" in said
    assert all(step in said for step in ("--tone", "--echo", "/n", "rtp set debug on"))
    assert "--echo" in advise("chan-websocket", Sent())
    assert advise("stream-channel", None) == ""


def test_silence_of_every_codec_is_silence_and_a_whisper_is_not():
    assert is_silence(bytes(320))
    assert is_silence((8).to_bytes(2, "little") * 160), "A-law has no zero"
    assert not is_silence((40).to_bytes(2, "little") * 160)
