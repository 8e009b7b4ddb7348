"""Word error rate on pairs counted by hand."""

import pytest

from tools.demo_model.scoring import Score, count_errors, normalize


@pytest.mark.parametrize(
    ("wanted", "heard", "errors"),
    [
        ("", "", 0),
        ("one two three", "one two three", 0),
        ("one two three", "", 3),
        ("", "one two", 2),
        ("one two three", "one three", 1),
        ("one two three", "one two two three", 1),
        ("one two three", "one four three", 1),
        ("one two three", "three two one", 2),
        ("my name is anna", "anna my name is", 2),
        ("a b c d", "b c d e", 2),
    ],
)
def test_errors_are_the_fewest_edits(wanted, heard, errors):
    assert count_errors(wanted.split(), heard.split()) == errors
    assert count_errors(heard.split(), wanted.split()) == errors


def test_words_are_compared_without_case_and_marks():
    assert normalize(" It's nine o'clock, I see?") == ["it's", "nine", "o'clock", "i", "see"]


def test_a_score_adds_up_over_utterances():
    score = Score()
    assert score.add(["one", "two"], ["one", "two"]) == 0
    assert score.add(["one", "two"], ["one", "three", "four"]) == 2
    assert (score.errors, score.words, score.exact, score.utterances) == (2, 4, 1, 2)
    assert str(score) == "50.0 %"


def test_a_score_of_nothing_is_zero():
    assert str(Score()) == "0.0 %"
