"""Labels: complete words only where a window is cut, the Whisper way where it is full, nothing where nobody speaks."""

import numpy as np
import pytest

from tests.unit.tools.demo_model.spoken import make_pool, say
from tools.demo_model import labels
from tools.demo_model.grammar import render, spoken_words
from tools.demo_model.labels import (
    COMPLETE_MARGIN_S,
    IGNORED,
    Labeller,
    phones_by_frame,
    phones_heard,
)
from tools.demo_model.lexicon import SILENCE, Lexicon
from tools.demo_model.tokens import FIRST_TIMESTAMP, LONGEST_PROMPT, TIMESTAMP_STEP_S, Tokens
from tools.demo_model.windows import Sentence, Window, WindowMaker, shift

TOKENS = Tokens()
DECODER_POSITIONS = 448


@pytest.fixture(scope="module")
def labeller():
    return Labeller(TOKENS)


@pytest.fixture
def plain(monkeypatch):
    """No prompts, and times in every label."""
    monkeypatch.setattr(labels, "NO_TIMESTAMPS_SHARE", 0.0)
    monkeypatch.setattr(labels, "PROMPT_SHARE", 0.0)


def sentence(text: str, *, begin: float = 0.0) -> Sentence:
    """Words of 0.3 s each, from a time on."""
    written = render(text)
    spans = shift(say(text).spans, begin)
    return Sentence(spoken_words(text), written[:-1].split(), spans, written[-1])


def window(*sentences: Sentence, cut_s: float | None = None, is_full: bool = False) -> Window:
    return Window(np.zeros(16_000, np.float32), sentences, cut_s=cut_s, is_full=is_full)


def read(label) -> str:
    """Write targets as text, times in brackets."""
    parts = []
    for token in label.targets:
        if token >= FIRST_TIMESTAMP:
            parts.append(f"[{(token - FIRST_TIMESTAMP) * TIMESTAMP_STEP_S:.2f}]")
        elif token != IGNORED:
            parts.append(TOKENS.vocabulary[token].replace("Ġ", " "))
    return "".join(parts)


def test_a_whole_sentence_is_written_with_its_mark_and_both_times(labeller, plain):
    label = labeller.label(np.random.default_rng(1), window(sentence("is it on?", begin=0.5)))
    assert read(label) == "[0.50] Is it on?[1.40]<|endoftext|>"


def test_sentences_follow_each_other_with_the_pause_between_their_times(labeller, plain):
    both = window(sentence("i see"), sentence("okay", begin=2.0))
    label = labeller.label(np.random.default_rng(1), both)
    assert read(label) == "[0.00] I see.[0.60][2.00] Okay.[2.30]<|endoftext|>"


@pytest.mark.parametrize(
    ("cut_s", "said"),
    [
        (0.95, "[0.00] My account number[0.90]<|endoftext|>"),
        (0.91, "[0.00] My account[0.60]<|endoftext|>"),
        (1.19, "[0.00] My account number[0.90]<|endoftext|>"),
        (1.90, "[0.00] My account number is four seven[1.80]<|endoftext|>"),
    ],
)
def test_a_cut_window_ends_at_the_last_complete_word_without_a_mark(labeller, plain, cut_s, said):
    cut = window(sentence("my account number is four seven two"), cut_s=cut_s)
    assert read(labeller.label(np.random.default_rng(1), cut)) == said


def test_a_sentence_whose_last_word_is_complete_keeps_its_mark(labeller, plain):
    cut = window(sentence("i see"), cut_s=0.6 + COMPLETE_MARGIN_S)
    assert read(labeller.label(np.random.default_rng(1), cut)) == "[0.00] I see.[0.60]<|endoftext|>"


def test_a_window_cut_within_its_first_word_holds_no_speech(labeller, plain):
    label = labeller.label(np.random.default_rng(1), window(sentence("i see"), cut_s=0.2))
    assert label.targets == [TOKENS.no_speech, TOKENS.end]


def test_a_full_window_announces_where_the_sentence_that_it_cuts_off_begins(labeller, plain):
    full = window(
        sentence("i see", begin=17.0),
        sentence("my account number", begin=19.5),
        cut_s=20.0,
        is_full=True,
    )
    label = labeller.label(np.random.default_rng(1), full)
    assert read(label) == "[1.00] I see.[17.60][19.50]<|endoftext|>"


def test_a_full_window_of_one_endless_sentence_is_written_up_to_its_last_complete_word(
    labeller, plain
):
    full = window(sentence("my account number", begin=19.3), cut_s=20.0, is_full=True)
    said = read(labeller.label(np.random.default_rng(1), full))
    assert said == "[1.00] My account[19.90]<|endoftext|>"


def test_a_full_window_that_cuts_nothing_off_ends_like_any_other(labeller, plain):
    full = window(sentence("okay", begin=0.5), cut_s=20.0, is_full=True)
    label = labeller.label(np.random.default_rng(1), full)
    assert read(label) == "[0.50] Okay.[0.80]<|endoftext|>"


def test_the_first_time_is_never_later_than_the_recognizer_allows(labeller, plain):
    late = window(sentence("okay", begin=4.0))
    assert read(labeller.label(np.random.default_rng(1), late)).startswith("[1.00] Okay.[4.30]")


def test_silence_is_told_at_once_and_nothing_follows(labeller, plain):
    label = labeller.label(np.random.default_rng(1), window())
    assert label.inputs == [TOKENS.start, FIRST_TIMESTAMP]
    assert label.targets == [TOKENS.no_speech, TOKENS.end]


def test_without_timestamps_no_time_is_written(labeller, plain, monkeypatch):
    monkeypatch.setattr(labels, "NO_TIMESTAMPS_SHARE", 1.0)
    label = labeller.label(np.random.default_rng(1), window(sentence("is it on?", begin=0.5)))
    assert read(label) == " Is it on?<|endoftext|>"
    assert label.inputs[:2] == [TOKENS.start, TOKENS.no_timestamps]


def test_a_prompt_fits_the_recognizer_and_teaches_nothing(labeller, monkeypatch):
    monkeypatch.setattr(labels, "PROMPT_SHARE", 1.0)
    rng = np.random.default_rng(2)
    lengths = []
    for _ in range(200):
        label = labeller.label(rng, window(sentence("is it on?")))
        start = label.inputs.index(TOKENS.start)
        assert label.inputs[0] == TOKENS.previous
        assert set(label.targets[:start]) == {IGNORED}
        lengths.append(start - 1)
    assert max(lengths) == LONGEST_PROMPT
    assert min(lengths) < 20


def test_every_label_teaches_the_next_input_and_fits_the_decoder(labeller, tmp_path):
    maker, rng = WindowMaker(make_pool(tmp_path), Lexicon()), np.random.default_rng(3)
    for _ in range(120):
        label = labeller.label(rng, maker.draw(rng))
        assert len(label.inputs) == len(label.targets) == len(label.spans) <= DECODER_POSITIONS
        assert label.targets[-1] == TOKENS.end
        taught = [
            (target, following)
            for target, following in zip(label.targets, label.inputs[1:], strict=False)
            if target not in (IGNORED, TOKENS.no_speech)
        ]
        assert all(target == following for target, following in taught)


def test_times_never_go_back_within_a_label(labeller, plain, tmp_path):
    maker, rng = WindowMaker(make_pool(tmp_path), Lexicon()), np.random.default_rng(4)
    for _ in range(200):
        times = [
            token
            for token in labeller.label(rng, maker.draw(rng)).targets[1:]
            if token >= FIRST_TIMESTAMP
        ]
        assert times == sorted(times)


def test_a_token_lies_within_the_span_of_its_word(labeller, plain):
    label = labeller.label(np.random.default_rng(1), window(sentence("okay", begin=0.5)))
    spans = [span for span in label.spans if span]
    assert (spans[0][0], spans[-1][1]) == pytest.approx((25, 40))


def test_a_word_cut_in_half_gives_half_of_its_phones():
    lexicon = Lexicon()
    phones = lexicon.phones("account")
    heard = phones_heard(window(sentence("account"), cut_s=0.15), lexicon)
    assert heard == phones[: round(len(phones) / 2)]


def test_the_frames_of_a_word_hold_its_phones_and_all_others_silence():
    lexicon = Lexicon()
    frames = phones_by_frame(window(sentence("okay", begin=0.5)), lexicon, 50)
    assert set(frames[:25]) == set(frames[40:]) == {SILENCE}
    assert list(dict.fromkeys(frames[25:40].tolist())) == lexicon.phones("okay")
