"""What `--json` prints of recognised words is a contract."""

from __future__ import annotations

from streamer.core.events import Final, Partial, Segment, Unclear, Word, encode_event, join_words

WORDS = (Word("i", 197_440, 198_560, 0.9812), Word("want", 198_560, 203_200, 0.5))


def test_a_partial_says_what_is_settled_and_what_is_not():
    event = Partial("c1", "caller", 7, 197_440, 238_400, WORDS[:1], WORDS[1:])
    assert encode_event(event) == {
        "event": "partial",
        "call": "c1",
        "leg": "caller",
        "utterance": 7,
        "start": 12.34,
        "end": 14.9,
        "committed": "i",
        "tentative": "want",
    }


def test_a_final_has_its_text_and_each_word_with_its_time():
    event = Final("c1", Segment("caller", 7, 197_440, 249_600, WORDS, "es"))
    assert encode_event(event) == {
        "event": "final",
        "call": "c1",
        "leg": "caller",
        "utterance": 7,
        "start": 12.34,
        "end": 15.6,
        "language": "es",
        "text": "i want",
        "words": [
            {"word": "i", "start": 12.34, "end": 12.41, "probability": 0.981},
            {"word": "want", "start": 12.41, "end": 12.7, "probability": 0.5},
        ],
    }


def test_speech_without_words_has_its_place_in_seconds():
    assert encode_event(Unclear("c1", "caller", 197_440, 238_400)) == {
        "event": "unclear",
        "call": "c1",
        "leg": "caller",
        "start": 12.34,
        "end": 14.9,
    }


def test_words_of_a_language_without_blanks_are_joined():
    words = [Word("你", 0, 1, 1.0), Word("好", 1, 2, 1.0, is_joined=True)]
    assert join_words(words) == "你好"
    assert join_words([]) == ""
