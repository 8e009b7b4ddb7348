"""Held-out texts are fixed before training, pinned by a hash, and never drawn."""

import json
from random import Random

import pytest

from streamer.speech.engine.models import demo_path
from tools.demo_model import heldout
from tools.demo_model.demo_script import LINES
from tools.demo_model.grammar import render
from tools.demo_model.synthesis import PLANS, draw_jobs, plan_shards
from tools.demo_model.texts import draw_training_text


@pytest.fixture
def unread():
    """Read the file again, in the test and after it."""
    heldout.read_texts.cache_clear()
    yield
    heldout.read_texts.cache_clear()


def test_the_held_out_texts_match_their_committed_hash(unread):
    assert len(heldout.read_texts()) == 662


def test_the_seeds_still_draw_the_committed_texts():
    assert heldout.TEXTS_FILE.read_text().splitlines() == heldout.list_texts()


def test_a_changed_list_is_refused(unread, tmp_path, monkeypatch):
    changed = tmp_path / "heldout.txt"
    changed.write_text(heldout.TEXTS_FILE.read_text().replace("okay", "oh"))
    monkeypatch.setattr(heldout, "TEXTS_FILE", changed)
    with pytest.raises(ValueError, match="does not match"):
        heldout.read_texts()


def test_the_lines_of_the_demo_call_are_held_out():
    assert {line.text for line in LINES} <= heldout.read_texts()


def test_the_bundled_call_says_the_lines_of_the_script():
    told = json.loads((demo_path().parents[1] / "calls" / "demo.json").read_text())
    assert [(turn["leg"], turn["text"]) for turn in told] == [
        (line.leg, render(line.text)) for line in LINES
    ]


def test_a_text_that_is_held_out_is_drawn_again():
    texts = [draw_training_text(Random(seed), ()) for seed in range(50)]
    again = [draw_training_text(Random(seed), texts) for seed in range(50)]
    assert not set(texts) & set(again)


def test_no_shard_holds_a_held_out_text_or_a_text_twice():
    for plan in plan_shards(3000):
        texts = [text for text, _ in draw_jobs(plan)]
        assert len(set(texts)) == len(texts) == plan.count
        assert not set(texts) & heldout.read_texts()


def test_fewer_utterances_are_spread_over_the_same_shards():
    plans = plan_shards(5110)
    assert [plan.name for plan in plans] == [plan.name for plan in PLANS]
    assert sum(plan.count for plan in plans) == pytest.approx(5110, abs=len(plans))
    assert plan_shards(51_100) == list(PLANS)
