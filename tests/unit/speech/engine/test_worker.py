"""Which engine a plan loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from streamer.errors import ModelError
from streamer.speech.engine.worker import EnginePlan, offer_memory, open_engine
from tests.fakes.scripted_engine import ScriptedEngine


def test_a_plan_loads_the_engine_of_its_kind(tmp_path):
    engines = {"scripted": lambda plan: ScriptedEngine(Path(plan.directory), plan.inter_threads)}
    plan = EnginePlan(str(tmp_path), inter_threads=3, kind="scripted")
    assert open_engine(plan, engines=engines).facts.inter_threads == 3


def test_an_engine_that_nobody_has_heard_of_is_refused_with_those_that_there_are(tmp_path):
    with pytest.raises(ModelError, match="no engine is called psychic; there are whisper"):
        open_engine(EnginePlan(str(tmp_path), kind="psychic"))


@pytest.mark.parametrize(("before", "after"), [("0\n", "500"), ("900\n", "900\n"), ("x", "x")])
def test_an_engine_offers_itself_when_memory_runs_out(tmp_path, before, after):
    path = tmp_path / "oom_score_adj"
    path.write_text(before)
    offer_memory(path)
    assert path.read_text() == after


def test_where_nobody_asks_for_memory_back_nothing_is_offered(tmp_path):
    offer_memory(tmp_path / "oom_score_adj")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux only")
def test_an_engine_cannot_take_the_memory_of_the_machine():
    code = (
        "from streamer.speech.engine.models import demo_path\n"
        "from streamer.speech.engine.worker import EnginePlan, bound_memory\n"
        "bound_memory(EnginePlan(str(demo_path()), device='cpu'))\n"
        "bytearray(1 << 30)\n"
        "try:\n"
        "    bytearray(6 << 30)\n"
        "except MemoryError:\n"
        "    print('bounded')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "bounded\n"
