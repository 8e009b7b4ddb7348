"""Words are counted as people would."""

import pytest

from streamer.speech.words.word_errors import count_word_errors, split_words


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("Please hold.", "please hold", 0),
        ("press one", "press the one", 1),
        ("press the one", "press one", 1),
        ("press one", "press two", 1),
        ("press one", "", 2),
        ("", "thank you", 2),
        ("a b c d", "b c d e", 2),
    ],
)
def test_exchanged_missing_and_added_words_count(said, heard, errors):
    assert count_word_errors(said, heard) == errors


def test_a_dash_between_words_is_no_word():
    assert split_words("yes - well, 2 o'clock") == ["yes", "well", "2", "oclock"]
