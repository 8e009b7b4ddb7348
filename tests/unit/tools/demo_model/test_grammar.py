"""The grammar: every word and frame of the first recipe stays, so that its test sets stay comparable."""

import re
from hashlib import sha256
from random import Random

import pytest

from tools.demo_model import grammar, words
from tools.demo_model.grammar import (
    FRAMES_FIRST,
    FRAMES_MORE,
    SLOT,
    SLOTS,
    draw_salad,
    draw_sentence,
    fill,
    render,
    spoken_words,
    vocabulary_words,
)
from tools.demo_model.lexicon import Lexicon
from tools.demo_model.texts import DRAW, MOST_WORDS, draw_training_text

FRAMES_OF_THE_RECIPE = "b533ac53d4564538210bced96cf79b852df8052a736c046a52e16d5961cd1e7d"
WORDS_OF_THE_RECIPE = "759055aa08e94bf134ec4b251f6940851483b1b2d4013bb83bf80ee20a77b3c8"


def digest(lines) -> str:
    return sha256("\n".join(lines).encode()).hexdigest()


def test_the_229_frames_of_the_recipe_stand_in_their_order():
    assert len(FRAMES_FIRST) == 229
    assert digest(FRAMES_FIRST) == FRAMES_OF_THE_RECIPE


def test_the_486_words_of_the_recipe_are_the_vocabulary():
    assert len(vocabulary_words()) == 486
    assert digest(vocabulary_words()) == WORDS_OF_THE_RECIPE


def test_frames_have_only_known_slots_and_words():
    known, rng = set(vocabulary_words()), Random(1)
    for frame in (*FRAMES_FIRST, *FRAMES_MORE, *words.TAILS):
        assert set(SLOT.findall(frame)) <= set(SLOTS), frame
        assert set(spoken_words(SLOT.sub(" ", frame))) <= known, frame
        assert set(spoken_words(fill(rng, frame))) <= known, frame


def test_every_entry_of_the_word_lists_can_be_drawn_from_the_frames():
    entries = [getattr(words, name) for name in dir(words) if name.isupper() and name != "TAILS"]
    listed = {word for entry in entries for text in entry for word in text.split()}
    assert listed <= set(vocabulary_words())


def test_every_kind_of_training_text_keeps_to_the_vocabulary():
    known, rng = set(vocabulary_words()), Random(2)
    for draw in DRAW.values():
        assert {word for _ in range(300) for word in spoken_words(draw(rng))} <= known


def test_every_word_has_phones():
    lexicon = Lexicon()
    assert all(lexicon.phones(word) for word in vocabulary_words())
    assert {phone for word in vocabulary_words() for phone in lexicon.phones(word)} <= set(
        range(1, lexicon.classes)
    )


def test_the_same_seed_draws_the_same_sentences():
    assert [draw_sentence(Random(3)) for _ in range(5)] == [draw_sentence(Random(3))] * 5


def test_word_salad_has_two_to_nine_words():
    rng = Random(4)
    assert {len(draw_salad(rng).split()) for _ in range(300)} == set(range(2, 10))


def test_a_training_text_has_at_most_18_words():
    rng = Random(5)
    assert all(1 <= len(draw_training_text(rng, ()).split()) <= MOST_WORDS for _ in range(500))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("please cancel my account", "Please cancel my account."),
        ("can i help you?", "Can I help you?"),
        ("i see", "I see."),
        ("okay", "Okay."),
    ],
)
def test_a_text_is_written_with_a_capital_and_a_mark(text, written):
    assert render(text) == written


def test_a_number_is_spelled_out():
    rng = Random(6)
    drawn = " ".join(grammar.draw_amount(rng) + " " + grammar.draw_date(rng) for _ in range(200))
    assert not re.search(r"\d", drawn)
