import numpy as np
import pytest

from streamer.core.events import SPEECH_RATE
from streamer.speech.base import EncoderWindow
from streamer.speech.plan import STOCK
from streamer.speech.words import COMMIT_POLICIES
from tools.bench.real.hour import chain, tenths
from tools.bench.real.legs import Said, SpokenLeg
from tools.bench.real.policies import NAMED, plan_of


def test_values_are_read_as_the_plan_has_them():
    values = {
        "trim_beyond": "64000",
        "carries_context": "true",
        "encoder_window": "full",
        "final_temperatures": "0.0,0.2",
        "language": "es",
    }
    with plan_of(values) as plan:
        assert (plan.trim_beyond, plan.carries_context) == (64000, True)
        assert plan.encoder_window is EncoderWindow.FULL
        assert (plan.final_temperatures, plan.language) == ((0.0, 0.2), "es")
        assert plan.commit_policy == STOCK.commit_policy


def test_a_policy_that_is_tried_is_known_only_while_it_is():
    before = dict(COMMIT_POLICIES)
    with plan_of({"p.steady": "3200", "p.hold": "1600"}) as plan:
        assert plan.commit_policy not in before
        assert COMMIT_POLICIES[plan.commit_policy]() is not None
    assert before == COMMIT_POLICIES


@pytest.mark.parametrize("name", ["stedy", "p.stedy"])
def test_an_unknown_name_is_said_with_those_that_there_are(name):
    with pytest.raises(SystemExit, match=f"there is no {name}; choose"), plan_of({name: "1"}):
        pass


@pytest.mark.parametrize("values", NAMED.values(), ids=NAMED)
def test_each_named_policy_can_be_tried(values):
    with plan_of(values) as plan:
        assert COMMIT_POLICIES[plan.commit_policy]() is not None


def test_legs_are_put_one_behind_the_other_until_they_are_long_enough():
    words = (Said("please", 0.2, 0.4), Said("hold", 0.4, 0.6))
    audio = np.arange(SPEECH_RATE, dtype=np.int16)
    leg = SpokenLeg("short", audio, (Said("please hold", 0.2, 0.6),), words)
    hour = chain("hour", [leg, leg], 3.5)
    assert [round(said.start, 2) for said in hour.utterances] == [0.2, 1.2, 2.2]
    assert hour.text == " ".join(["please hold"] * 3)
    assert np.array_equal(hour.audio[: 2 * SPEECH_RATE], np.tile(audio, 2))
    last = hour.words[-1]
    assert (last.text, round(last.start, 2), round(last.end, 2)) == ("hold", 2.4, 2.6)


def test_the_first_and_the_last_tenth_are_compared_by_their_medians():
    assert tenths([*[1.0] * 9, 50.0, *[2.0] * 80, *[3.0] * 9, 0.0]) == (1.0, 3.0)
