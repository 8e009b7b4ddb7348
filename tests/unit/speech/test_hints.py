"""Hints are one text, names first, and whoever gave too many is told which words count."""

import json

import pytest
from hypothesis import given, strategies as st

from streamer.config import Settings
from streamer.speech.engine.models import demo_path
from streamer.speech.engine.whisper import MOST_PROMPT_TOKENS, load_whisper
from streamer.speech.engine.worker import HINTS, EnginePlan
from streamer.speech.hints import count_fitting, explain_overlong, join_hints


@pytest.mark.parametrize(
    ("hotwords", "prompt", "joined"),
    [
        ("", "", ""),
        ("PJSIP, Grand  stream,,", "", "PJSIP, Grand stream"),
        ("", "Ask for\nGrand stream. ", "Ask for Grand stream."),
        ("PJSIP,Ottawa", "Ask for her.", "PJSIP, Ottawa Ask for her."),
    ],
)
def test_names_and_terms_stand_before_the_sentence(hotwords, prompt, joined):
    assert join_hints(Settings(hotwords=hotwords, prompt=prompt)) == joined


@given(st.lists(st.integers(1, 9)), st.integers(0, 60))
def test_as_many_words_fit_as_there_is_room_for(lengths, room):
    hints = " ".join("x" * length for length in lengths)
    fitting = count_fitting(hints, lambda text: text.replace(" ", ""), room=room)
    assert sum(lengths[:fitting]) <= room
    assert fitting == len(lengths) or sum(lengths[: fitting + 1]) > room


def test_the_first_word_without_room_is_named():
    assert explain_overlong("a b c", 3) == ""
    assert explain_overlong("", 0) == ""
    line = explain_overlong("a b c\x1b d", 2)
    assert "have 4 words" in line
    assert "the first 2 of them, hotwords first" in line
    assert line.endswith("from c\\x1b on")


def test_nobody_else_can_read_the_hints_of_an_engine():
    plan = EnginePlan("/models/x", hints="Ottawa")
    assert "Ottawa" not in " ".join(plan.command())
    assert json.loads(plan.environment()[HINTS]) == "Ottawa"


def test_hints_of_any_length_and_with_any_character_can_be_handed_over():
    plan = EnginePlan("/models/x", hints="\0\ud800😀" * 1_000_000)
    (handed,) = plan.environment().values()
    assert handed.isascii()
    assert len(handed) < 100_000


@pytest.mark.slow
def test_a_loaded_model_says_how_many_words_it_has_room_for():
    hints = " ".join(f"name{number}" for number in range(200))
    engine = load_whisper(demo_path(), hints=hints)
    fitting = engine.facts.fitting_hints
    assert fitting
    tokens = engine._tokenizers(None).encode
    assert len(tokens(" " + " ".join(hints.split()[:fitting]))) <= MOST_PROMPT_TOKENS
    assert len(tokens(" " + " ".join(hints.split()[: fitting + 1]))) > MOST_PROMPT_TOKENS
    assert load_whisper(demo_path()).facts.fitting_hints == 0
