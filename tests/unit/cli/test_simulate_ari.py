"""Which voices the calls of `streamer simulate --as ari` have."""

from __future__ import annotations

import wave

import pytest

from streamer.cli.demo import demo_call
from streamer.cli.simulate_ari import CallPlan, load_voices
from streamer.errors import UsageError


def test_each_pair_of_files_is_a_call(tmp_path):
    paths = [tmp_path / f"{n}.wav" for n in range(3)]
    for path in paths:
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(b"\1\2" * 1600)
    first, second = load_voices(paths)
    assert None not in first
    assert second[0] is not None
    assert second[1] is None
    assert not second[0].repeats


def test_a_file_with_two_channels_is_a_call_of_its_own():
    (voices,) = load_voices([demo_call()])
    assert None not in voices


def test_without_files_the_bundled_call_is_said_again_and_again():
    ((first, second),) = load_voices([])
    assert first is not None
    assert second is not None
    assert (first.repeats, second.repeats) == (True, True)


@pytest.mark.parametrize("plan", [CallPlan(scenario="x"), CallPlan(scenario="hold", hangs_up_at=1)])
def test_a_plan_that_contradicts_itself_is_refused(plan):
    with pytest.raises(UsageError):
        plan.check()
