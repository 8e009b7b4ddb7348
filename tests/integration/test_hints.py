"""Hints for which the model has no room are said in one line, by order of use."""

import pytest

from tests.fakes.command_line import run_here

pytestmark = pytest.mark.slow


async def test_too_many_hints_are_said_once_the_model_is_loaded(short_call):
    names = ",".join(f"Name{number}" for number in range(100))
    flags = ["--model", "demo", "--hotwords", names, "--prompt", "Ask for Grand stream."]
    code, out, err = await run_here("transcribe", str(short_call), *flags)
    assert code == 0
    assert out
    (line,) = err.splitlines()
    assert line.startswith("hotwords and prompt have 104 words, and the model has room for the ")
    assert ", hotwords first; it does not hear of the rest, from Name" in line


async def test_hints_that_fit_are_not_spoken_of(short_call):
    flags = ["--model", "demo", "--hotwords", "PJSIP, Ottawa", "--prompt", "Ask for Grand stream."]
    code, _, err = await run_here("transcribe", str(short_call), *flags)
    assert (code, err) == (0, "")
