"""A rule that cannot be meant is refused with one line that names it."""

import pytest

from streamer.alerts.rules import Condition, read_rules
from streamer.config.reading import load_settings
from streamer.core.alert import Severity
from streamer.errors import ExitCode, UsageError

SAID = {"name": "cancels", "said": ["cancel my contract"]}


def read(**keys):
    return read_rules([{**SAID, **keys}], where="f")[0]


def test_a_rule_has_what_its_table_says():
    rule = read(leg="caller", severity="critical", quiet=60, then="stop", when={"min_duration": 5})
    assert (rule.name, rule.phrases, rule.leg) == ("cancels", ("cancel my contract",), "caller")
    assert (rule.severity, rule.quiet_s, rule.then) == (Severity.CRITICAL, 60, "stop")
    assert rule.when == Condition(min_duration=5)
    assert read_rules([{"name": "x", "said": "one phrase"}], where="f")[0].phrases == (
        "one phrase",
    )


NOT_SAID = {"name": "greets", "not_said": ["recorded"], "within": 15}

WRONG = [
    ({"said": ["a b"]}, "f: alert 1 has no name"),
    ({"name": "x"}, "(x) needs either said or not_said"),
    ({**SAID, "not_said": ["x"], "within": 3}, "(cancels) needs either said or not_said"),
    ({**SAID, "said": []}, "(cancels): said has no phrase"),
    ({**SAID, "said": ["ok", " ?! "]}, "(cancels): said has a phrase without words: ' ?! '"),
    ({**SAID, "said": [1]}, "(cancels): said must be a list of phrases"),
    ({**SAID, "said": ["a " * 31]}, "(cancels): said has a phrase of more than 30 words"),
    ({**SAID, "sed": 1}, "(cancels) has the unknown key sed; the nearest known one is said"),
    ({"name": "x", "not_said": ["y"]}, "(x): not_said needs within"),
    ({**NOT_SAID, "within": 0}, "(greets): within must be a number of seconds"),
    ({**NOT_SAID, "within": float("nan")}, "(greets): within must be a number of seconds"),
    ({**NOT_SAID, "within": True}, "(greets): within must be a number of seconds"),
    ({**NOT_SAID, "tentative": True}, "(greets): tentative is for said"),
    ({**NOT_SAID, "when": {"max_sentiment": 0}}, "(greets): max_sentiment is for said"),
    ({**NOT_SAID, "when": {"min_talk_share": 0.5}}, "(greets): min_talk_share needs the leg"),
    ({**SAID, "severity": "high"}, "(cancels): severity must be one of info, warning, critical"),
    ({**SAID, "severity": []}, "(cancels): severity must be one of info, warning, critical"),
    ({**SAID, "then": "shout"}, '(cancels): then must be "stop"'),
    ({**SAID, "quiet": -1}, "(cancels): quiet must be a number of seconds"),
    ({**SAID, "leg": " "}, "(cancels): leg must be the label of a leg"),
    ({**SAID, "when": 3}, "(cancels): when must be a table"),
    ({**SAID, "when": {"min_talk": 1}}, "(cancels): when has the unknown key min_talk"),
    ({**SAID, "when": {"min_talk_share": 2}}, "(cancels): when: min_talk_share must be a number"),
    ({**SAID, "name": "\x1b[31mred"}, ""),
    ({**SAID, "name": 7}, "f: alert 1: name must be a string"),
    ({**SAID, "name": "x" * 101}, "name must be a string of 1 to 100 characters"),
]


@pytest.mark.parametrize(("table", "message"), [each for each in WRONG if each[1]])
def test_what_cannot_be_meant_is_named(table, message):
    with pytest.raises(UsageError) as caught:
        read_rules([table], where="f")
    assert message in str(caught.value)
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_name_is_safe_to_print():
    with pytest.raises(UsageError) as caught:
        read_rules([{**SAID, "name": "\x1b[31mred", "then": 1}], where="f")
    assert "\x1b" not in str(caught.value)
    assert "\\x1b[31mred" in str(caught.value)


def test_two_rules_of_one_name_are_refused():
    with pytest.raises(UsageError, match="alert 2 has the name 'cancels' of another"):
        read_rules([SAID, SAID], where="f")


def test_the_config_file_has_them_and_the_environment_cannot(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('[[alert]]\nname = "a"\nsaid = ["x y"]\nwhen = { min_silence = 3 }\n')
    settings = load_settings(config=file, environment={}, flags={})
    assert read_rules(settings.alert, where="f")[0].when.min_silence == 3
    file.write_text('[[alert]]\nname = "a"\n')
    with pytest.raises(UsageError, match=r"config.toml: alert 1 \(a\) needs either said"):
        load_settings(config=file, environment={}, flags={})
    with pytest.raises(UsageError, match=r"write \[\[alert\]\] into the config file"):
        load_settings(config=None, environment={"STREAMER_ALERT": "x"}, flags={})
