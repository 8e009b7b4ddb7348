"""Held-out voices train nothing: neither drawn, nor synthesized, nor read from a shard."""

from random import Random

import numpy as np
import pytest

from tests.unit.tools.demo_model.spoken import fill_folder, make_pool, say
from tools.demo_model import heldout, synthesis, voices
from tools.demo_model.pool import Pool
from tools.demo_model.synthesis import ShardPlan, draw_manner, fill_shard

KEPT_OUT = (
    "espeak:en-us+anika",
    "espeak:en-gb-scotland+anikaRobot",
    "espeak:en-gb-x-gbclan+f2",
    "festival:kal_diphone",
)


@pytest.mark.parametrize("voice", KEPT_OUT)
def test_a_voice_kept_for_measuring_is_known_as_such(voice):
    assert voices.is_held_out(voice)


@pytest.mark.parametrize("voice", ["flite:kal", "flite:kal16", "espeak:gmw/en+Annie", "flite:rms"])
def test_a_voice_with_a_like_name_may_train(voice):
    assert not voices.is_held_out(voice)


def test_no_voice_of_the_training_lists_is_held_out():
    listed = [*voices.ESPEAK_TRAINING, *voices.FLITE_TRAINING, *voices.FESTIVAL]
    assert not [voice for voice in listed if voices.is_held_out(voice)]


@pytest.mark.parametrize("engine", ["espeak", "flite", "festival"])
def test_no_manner_drawn_for_training_has_a_held_out_voice(engine):
    rng = Random(1)
    drawn = {draw_manner(rng, engine).voice for _ in range(3000)}
    assert not [voice for voice in drawn if voices.is_held_out(voice)]


def test_the_test_sets_of_unseen_voices_are_held_out():
    named = {test_set.name: test_set.voice or "" for test_set in heldout.TEST_SETS}
    unseen = [name for name, voice in named.items() if voices.is_held_out(voice)]
    assert unseen == ["anika", "gbclan", "kal_diphone"]


@pytest.mark.parametrize("voice", KEPT_OUT)
def test_a_shard_with_a_held_out_voice_is_refused(tmp_path, voice):
    folder = fill_folder(tmp_path, ("espeak:en-us+m1", "flite:slt", "festival:ked_diphone"))
    fill_folder(folder, (voice,))
    with pytest.raises(ValueError, match="may not be trained on"):
        Pool(folder)


def test_a_shard_that_would_hold_a_held_out_voice_is_not_written(tmp_path, monkeypatch):
    def speak(engine, jobs, *, programs):
        return [say(text, KEPT_OUT[0]) for text, _ in jobs]

    monkeypatch.setattr(synthesis, "speak", speak)
    with pytest.raises(ValueError, match="held-out voice"):
        fill_shard(ShardPlan("espeak", 1, 20), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_pool_without_an_engine_says_which_step_to_run(tmp_path):
    with pytest.raises(ValueError, match="run the synth step first"):
        Pool(fill_folder(tmp_path, ("flite:slt",)))


def test_an_utterance_of_a_voice_has_that_voice(tmp_path):
    pool, rng = make_pool(tmp_path), np.random.default_rng(1)
    assert {pool.draw_from(rng, "flite:slt").voice for _ in range(20)} == {"flite:slt"}
    assert {pool.draw(rng).voice for _ in range(60)} == {
        "espeak:en-us+m1", "flite:slt", "festival:ked_diphone",
    }  # fmt: skip
