"""What was said just before a window goes in front of it, as far as it is near."""

from streamer.core.events import SPEECH_RATE
from streamer.speech.base import Window
from streamer.speech.packing import LeadIn

MOST = 8 * SPEECH_RATE


def window(start_s, seconds):
    return Window("a", 9, bytes(int(2 * seconds * SPEECH_RATE)), int(start_s * SPEECH_RATE))


def said(lead_in, number, start_s, seconds):
    lead_in.append(
        bytes([number]) * int(2 * seconds * SPEECH_RATE), start=int(start_s * SPEECH_RATE)
    )


def test_a_window_is_read_behind_what_was_said_just_before_it():
    lead_in = LeadIn(MOST)
    for number, start_s in enumerate((10, 13, 16), start=1):
        said(lead_in, number, start_s, 2)
    lead = lead_in.lead(window(20, 3)).lead
    assert (
        lead
        == bytes([1]) * 2 * SPEECH_RATE
        + bytes([2]) * 4 * SPEECH_RATE
        + bytes([3]) * 4 * SPEECH_RATE
    )


def test_what_was_said_long_ago_or_leaves_no_room_is_not_read_again():
    lead_in = LeadIn(MOST)
    said(lead_in, 1, 10, 2)
    assert not lead_in.lead(window(12 + 10.5, 1)).lead
    assert not lead_in.lead(window(13, 7.6)).lead
    never = LeadIn(0)
    said(never, 1, 10, 2)
    assert not never.lead(window(13, 1)).lead


def test_a_long_pause_parts_what_was_said_before_from_what_follows():
    lead_in = LeadIn(MOST)
    said(lead_in, 1, 10, 2)
    said(lead_in, 2, 30, 2)
    assert lead_in.lead(window(33, 1)).lead == bytes([2]) * 4 * SPEECH_RATE


def test_no_more_is_held_than_can_be_read_again():
    lead_in = LeadIn(MOST)
    for number in range(100):
        said(lead_in, number, 3 * number, 2)
    said(lead_in, 101, 301, 20)
    assert lead_in.lead(window(322, 1)).lead == bytes([101]) * 2 * 7 * SPEECH_RATE
