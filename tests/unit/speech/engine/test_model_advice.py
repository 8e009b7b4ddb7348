"""A model is suggested that the machine can follow a live call with."""

import pytest

from streamer.errors import UsageError
from streamer.speech.engine.model_advice import (
    GB,
    Machine,
    explain_smaller,
    read_machine,
    recommend,
    suggest_smaller,
)


@pytest.mark.parametrize(
    ("cores", "memory", "name"),
    [
        (1, 8, "tiny.en"),
        (2, 8, "base"),
        (3, 8, "base"),
        (4, 8, "small"),
        (8, 16, "small"),
        (12, 16, "medium"),
        (12, 1, "base"),
        (4, 0, "small"),
    ],
)
def test_the_largest_model_that_cores_and_memory_bear_is_suggested(cores, memory, name):
    assert recommend(Machine(cores, memory * GB, has_gpu=False), "en").model.name == name


def test_a_gpu_takes_a_large_one():
    assert recommend(Machine(2, 8 * GB, has_gpu=True), "en").model.name == "large-v3-turbo"


@pytest.mark.parametrize(
    ("language", "name"),
    [("en-US", "tiny.en"), ("es", "tiny"), ("auto", "tiny"), ("en,es", "tiny")],
)
def test_the_english_model_is_for_english_alone(language, name):
    assert recommend(Machine(1, 8 * GB, has_gpu=False), language).model.name == name


def test_the_reason_names_cores_memory_and_what_comes_next():
    assert recommend(Machine(2, 24 * GB, has_gpu=False), "en").reason == (
        "this machine has 2 cores and 24 GB of memory and no GPU; a leg on which somebody speaks takes up to 0.9 of a core with base, and"
        " 3.1 cores with small"
    )
    assert "small wants 2 GB" in recommend(Machine(8, GB, has_gpu=False), "en").reason
    assert "the smallest model" in recommend(Machine(1, GB // 4, has_gpu=False), "en").reason
    assert recommend(Machine(64, 64 * GB, has_gpu=False), "en").reason.endswith("with medium")


def test_an_unknown_language_is_refused():
    with pytest.raises(UsageError):
        recommend(Machine(2, 8 * GB, has_gpu=False), "x1")


@pytest.mark.parametrize(
    ("size", "cores", "name"),
    [
        (148_000_000, 2, "tiny.en"),
        (486_000_000, 2, "base"),
        (486_000_000, 1, "tiny.en"),
        (3_100_000_000, 4, "small"),
        (78_000_000, 2, None),
    ],
)
def test_a_smaller_model_is_one_that_keeps_up(size, cores, name):
    smaller = suggest_smaller(size, Machine(cores, 0, has_gpu=False), "en")
    assert (smaller.name if smaller else None) == name


def test_this_machine_has_cores_and_memory():
    machine = read_machine()
    assert machine.cores >= 1
    assert machine.memory > GB // 4


def test_a_call_that_stays_behind_is_told_what_to_type():
    smaller = suggest_smaller(486_000_000, Machine(2, 0, has_gpu=False), "en")
    line = explain_smaller("small", smaller, is_installed=False)
    assert "small is too slow" in line
    assert line.endswith(
        "base would keep up (`streamer models pull base` downloads it): `--model base`"
    )
    assert "pull" not in explain_smaller("small", smaller, is_installed=True)
    assert "no smaller model" in explain_smaller("tiny.en", None, is_installed=False)
