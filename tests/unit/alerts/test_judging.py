"""One call is judged by rules as its words settle, and only what has been kept is taken for known."""

from datetime import timedelta

import pytest

from streamer.alerts.judging import CallJudge
from streamer.alerts.rulebook import Rulebook
from streamer.alerts.rules import read_rules
from streamer.core.events import SPEECH_RATE
from tests.unit.alerts.saying import BEGAN, rule, say

GREETS = {"not_said": ["recorded line"], "within": 10}


def judge_of(*rules, legs=("caller", "agent"), fired=()):
    return CallJudge(Rulebook(rules), "c1", legs, fired)


def feed(judge, segment):
    """Judge and take an utterance; return the alerts that it raises."""
    verdict = judge.judge(segment, position=segment.end, began_at=BEGAN)
    judge.take(verdict)
    alerts = [each.alert for each in verdict.raised]
    judge.fired.update(alert.rule for alert in alerts)
    return alerts


def let_pass(judge, leg, seconds, *, is_end=False):
    verdict = judge.pass_time(leg, seconds * SPEECH_RATE, began_at=BEGAN, is_end=is_end)
    judge.take(verdict)
    return [each.alert for each in verdict.raised]


def test_an_alert_has_the_very_words():
    judge = judge_of(rule("cancel my contract"))
    segment = say("I cancel my contract now", utterance=3, at_s=2)
    (alert,) = feed(judge, segment)
    assert (alert.call_id, alert.rule, alert.severity) == ("c1", "rule", "warning")
    assert (alert.leg, alert.utterance, alert.text) == ("caller", 3, "cancel my contract")
    assert (alert.start, alert.end) == (segment.words[1].start, segment.words[3].end)
    assert alert.at == BEGAN + timedelta(seconds=4)
    assert feed(judge, say("cancel my contract", utterance=4, at_s=8)) == []


def test_a_phrase_may_run_over_two_utterances_of_a_leg():
    judge = judge_of(rule("cancel my contract"))
    first = say("I want to cancel", at_s=1)
    assert feed(judge, first) == []
    assert feed(judge, say("my contract", leg="agent", at_s=3)) == []
    (alert,) = feed(judge, say("my contract please", utterance=2, at_s=5))
    assert (alert.utterance, alert.text) == (2, "cancel my contract")
    assert alert.start == first.words[3].start


def test_what_was_not_kept_is_judged_again():
    judge = judge_of(rule("cancel"))
    segment = say("cancel")
    for _ in range(2):
        assert judge.judge(segment, position=segment.end, began_at=BEGAN).raised


def test_only_the_leg_of_a_rule_counts():
    judge = judge_of(rule("cancel", leg="Agent"))
    assert feed(judge, say("cancel")) == []
    assert feed(judge, say("cancel", leg="agent"))


def test_what_fired_before_a_restart_does_not_fire_again():
    judge = judge_of(rule("cancel"), fired=["rule"])
    assert feed(judge, say("cancel")) == []


def test_words_after_their_time_do_not_count():
    assert feed(judge_of(rule("cancel", within=5)), say("cancel", at_s=6)) == []
    assert feed(judge_of(rule("cancel", within=5)), say("cancel", at_s=4))


def test_what_is_not_said_in_time_fires_when_every_leg_is_past_it():
    judge = judge_of(rule(**GREETS))
    assert feed(judge, say("hello", leg="agent", at_s=11)) == []
    assert let_pass(judge, "caller", 9) == []
    (alert,) = let_pass(judge, "caller", 10)
    assert (alert.leg, alert.utterance, alert.start, alert.end, alert.text) == (None,) * 5
    assert alert.at == BEGAN + timedelta(seconds=10)
    assert let_pass(judge, "caller", 20) == []
    assert not judge.is_waiting


def test_what_is_said_in_time_by_anybody_fires_nothing():
    judge = judge_of(rule(**GREETS))
    feed(judge, say("this is a recorded line", leg="agent", at_s=2))
    assert not judge.is_waiting
    assert let_pass(judge, "caller", 99) == let_pass(judge, "agent", 99) == []


def test_what_is_said_too_late_was_not_said():
    judge = judge_of(rule(**GREETS, leg="agent"))
    (alert,) = feed(judge, say("a recorded line", leg="agent", at_s=11))
    assert alert.text is None


def test_a_short_call_is_judged_at_its_end():
    judge = judge_of(rule(**GREETS, leg="agent"))
    assert let_pass(judge, "caller", 4, is_end=True) == []
    (alert,) = let_pass(judge, "agent", 4, is_end=True)
    assert alert.at == BEGAN + timedelta(seconds=4)


def test_a_rule_for_a_leg_that_is_not_there_does_not_fire():
    judge = judge_of(rule(**GREETS, leg="left"))
    assert let_pass(judge, "caller", 99, is_end=True) == []
    assert let_pass(judge, "agent", 99, is_end=True) == []


def test_after_a_restart_it_is_known_what_was_said():
    judge = judge_of(rule(**GREETS), rule("cancel my contract"))
    judge = CallJudge(
        Rulebook(
            read_rules(
                [
                    {"name": "greets", **GREETS},
                    {"name": "cancels", "said": ["cancel my contract"]},
                ],
                where="f",
            )
        ),
        "c1",
        ("caller",),
    )
    judge.replay([say("a recorded line"), say("I cancel", utterance=2, at_s=12)])
    assert not judge.is_waiting
    (alert,) = feed(judge, say("my contract", utterance=3, at_s=14))
    assert alert.rule == "cancels"


@pytest.mark.parametrize(
    ("when", "fires"),
    [
        ({"min_duration": 30}, True),
        ({"min_duration": 32}, False),
        ({"min_silence": 20}, True),
        ({"min_silence": 30}, False),
        ({"min_talk_share": 0.4}, True),
        ({"min_talk_share": 0.6}, False),
        ({"max_sentiment": -0.3}, True),
        ({"max_sentiment": -0.99}, False),
        ({"min_duration": 30, "max_sentiment": -0.99}, False),
    ],
)
def test_conditions_are_judged_where_the_words_are(when, fires):
    judge = judge_of(rule("cancel", when=when))
    feed(judge, say("hello my dear friend", leg="agent", at_s=1))
    alerts = feed(judge, say("terrible awful cancel", at_s=29.5))
    assert bool(alerts) is fires


def test_no_sentiment_is_known_in_other_languages():
    judge = judge_of(rule("stop", when={"max_sentiment": 1}))
    assert feed(judge, say("stop", language="de")) == []


def test_a_missing_statement_waits_for_its_conditions():
    judge = judge_of(rule(**GREETS, leg="agent", when={"min_duration": 60}))
    assert let_pass(judge, "agent", 20) == []
    assert let_pass(judge, "agent", 60)
