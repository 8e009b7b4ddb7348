"""Which engine a plan loads."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamer.errors import ModelError
from streamer.speech.engine.worker import EnginePlan, open_engine
from tests.fakes.scripted_engine import ScriptedEngine


def test_a_plan_loads_the_engine_of_its_kind(tmp_path):
    engines = {"scripted": lambda plan: ScriptedEngine(Path(plan.directory), plan.inter_threads)}
    plan = EnginePlan(str(tmp_path), inter_threads=3, kind="scripted")
    assert open_engine(plan, engines=engines).facts.inter_threads == 3


def test_an_engine_that_nobody_has_heard_of_is_refused_with_those_that_there_are(tmp_path):
    with pytest.raises(ModelError, match="no engine is called psychic; there are whisper"):
        open_engine(EnginePlan(str(tmp_path), kind="psychic"))
