"""What is said of a model that is not installed, and when one that appears is taken up."""

import asyncio

import pytest

from streamer.speech.engine import absence
from streamer.speech.engine.absence import (
    WantedModel,
    await_model,
    explain_absence,
    find_nearest,
)
from streamer.speech.engine.models import InstalledModel


@pytest.mark.parametrize(
    ("name", "installed", "nearest"),
    [
        ("small", ["demo"], "demo"),
        ("small", [], ""),
        ("small", ["demo", "tiny.en", "base"], "base"),
        ("small", ["demo", "tiny.en", "small.en"], "small.en"),
        ("large-v3", ["tiny", "base", "medium"], "medium"),
        ("tiny.em", ["demo", "tiny.en", "base"], "tiny.en"),
        ("bse", ["demo", "tiny.en", "base"], "base"),
        ("me/my-weights", ["demo", "tiny.en", "base"], "base"),
    ],
)
def test_the_nearest_installed_model_is_that_of_a_like_name_or_size(name, installed, nearest):
    assert find_nearest(name, installed) == nearest


def test_a_misspelt_name_is_told_what_was_meant():
    line = explain_absence("smal", installed=["demo"])
    assert line.startswith("there is no model or directory smal (did you mean small?)")
    assert line.endswith("the nearest that is installed is demo: `--model demo`")


async def test_a_model_that_still_grows_is_not_taken_up(monkeypatch, tmp_path):
    sizes = iter([None, 1, 2, None, 3, 3, 4])

    def look(name, models_dir):
        size = next(sizes)
        return WantedModel(name, InstalledModel(name, tmp_path, size) if size else None)

    monkeypatch.setattr(absence, "find_wanted", look)
    found = await asyncio.wait_for(await_model("small", look_s=0), timeout=60)
    assert found.size == 3
