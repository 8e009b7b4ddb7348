"""The tokenizer as faster-whisper reads it: order of ids, specials, and words that it can always write."""

import pytest
from faster_whisper.tokenizer import Tokenizer as TheirTokenizer
from tokenizers import Tokenizer

from tools.demo_model.grammar import render, vocabulary_words
from tools.demo_model.heldout import read_texts
from tools.demo_model.tokens import (
    FIRST_TIMESTAMP,
    SPECIALS,
    TEXT_TOKENS,
    TIMESTAMPS,
    TOKENIZER_FILE,
    Tokens,
    check_tokenizer,
)


@pytest.fixture(scope="module")
def tokens():
    return Tokens()


@pytest.fixture(scope="module")
def theirs():
    """What faster-whisper makes of the file."""
    return TheirTokenizer(Tokenizer.from_file(str(TOKENIZER_FILE)), multilingual=False)


def test_text_comes_first_then_the_specials_then_the_times(tokens):
    assert tokens.vocabulary[TEXT_TOKENS:FIRST_TIMESTAMP] == list(SPECIALS)
    assert len(tokens.vocabulary) == TEXT_TOKENS + len(SPECIALS) + TIMESTAMPS == 2533
    assert len(set(tokens.vocabulary)) == len(tokens.vocabulary)


def test_times_are_the_last_ids_up_to_thirty_seconds(tokens):
    assert tokens.vocabulary[FIRST_TIMESTAMP] == "<|0.00|>"
    assert tokens.vocabulary[-1] == "<|30.00|>"


def test_faster_whisper_finds_every_special_token(tokens, theirs):
    assert theirs.eot == tokens.end == TEXT_TOKENS
    assert theirs.sot == tokens.start
    assert theirs.sot_prev == tokens.previous
    assert theirs.no_timestamps == tokens.no_timestamps
    assert theirs.timestamp_begin == FIRST_TIMESTAMP
    assert None not in (theirs.sot_lm, theirs.transcribe, theirs.translate)
    assert tokens.vocabulary[tokens.no_speech] == "<|nospeech|>"


def test_faster_whisper_suppresses_no_token_of_a_word(tokens, theirs):
    written = [form for word in vocabulary_words() for form in (word, word.capitalize())]
    used = {token for word in written for token in tokens.encode_word(word)}
    assert not used & set(theirs.non_speech_tokens)


def test_no_word_begins_with_a_bare_space(tokens):
    check_tokenizer(tokens, vocabulary_words())
    with pytest.raises(ValueError, match="bare space"):
        check_tokenizer(tokens, ["ünknown"])


def test_every_byte_can_be_written(tokens):
    text = bytes(range(256)).decode("latin-1")
    assert Tokenizer.from_file(str(TOKENIZER_FILE)).decode(tokens.encode(text)) == text


def test_a_text_survives_the_round_trip_word_by_word(tokens, theirs):
    for text in sorted(read_texts()):
        written = render(text)
        ids = [token for word in written[:-1].split() for token in tokens.encode_word(word)]
        assert ids + tokens.encode(written[-1]) == tokens.encode(f" {written}")
        assert theirs.decode(ids + tokens.encode(written[-1])) == f" {written}"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "<|0.00|>"),
        (1.0, "<|1.00|>"),
        (12.347, "<|12.34|>"),
        (31, "<|30.00|>"),
        (-1, "<|0.00|>"),
    ],
)
def test_a_time_is_rounded_to_its_token(tokens, seconds, written):
    assert tokens.vocabulary[tokens.timestamp(seconds)] == written


def test_an_unknown_token_is_an_error(tokens):
    with pytest.raises(KeyError):
        tokens.id_of("<|what|>")
