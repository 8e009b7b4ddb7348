import pytest
from hypothesis import given, strategies as st

from streamer.core.scripts import indexed_text
from streamer.store.sqlite.indexing import index_utterance, indexed_utterance

PIECES = ["five", "zwölf", "vingt", "5", "55", "5550100", "電話", "٣", "call", "-", ",", ". ", " "]


@pytest.mark.parametrize("text", ["hello", "nothing to count", "", "a b c"])
def test_a_text_without_numbers_is_indexed_as_it_stands(text):
    assert indexed_utterance(text, "en") is None


def test_a_number_in_figures_is_marked_where_its_words_are_known_too():
    assert indexed_utterance("room 12", "xx") is None
    assert indexed_utterance("room 12", "en") != indexed_utterance("room 12", "de")


@given(st.lists(st.sampled_from(PIECES)).map("".join), st.sampled_from(["en", "de", "ja", ""]))
def test_each_character_of_the_index_stands_somewhere_in_the_text(text, language):
    indexed = index_utterance(text, language)
    if indexed is None:
        assert indexed_text(text) is None
        return
    assert len(indexed.places) == len(indexed.text)
    assert all(0 <= start <= end <= len(text) for start, end in indexed.places)
    assert indexed.text.startswith(indexed_text(text) or text)
