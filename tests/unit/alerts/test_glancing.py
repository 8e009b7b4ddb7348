"""A rule that does not wait for settled words is shown once an utterance, and only shown."""

from streamer.alerts.glancing import Glance
from streamer.alerts.rulebook import Rulebook
from streamer.core.events import Final, Partial
from tests.unit.alerts.saying import BEGAN, rule, say


def look(glance, text, utterance=1):
    said = say(text, utterance=utterance).words
    partial = Partial("c1", "caller", utterance, 0, 0, said[:1], said[1:])
    return [alert.text for alert in glance.look(partial, began_at=BEGAN)]


def test_it_is_shown_once_an_utterance():
    glance = Glance(Rulebook([rule("cancel it", tentative=True)]))
    glance.hear(Final("c1", say("hello")))
    assert look(glance, "please cancel") == []
    assert look(glance, "please cancel it") == ["cancel it"]
    assert look(glance, "please cancel it now") == []
    assert look(glance, "cancel it", utterance=2) == ["cancel it"]


def test_others_wait_for_settled_words():
    settled = rule("cancel it")
    conditional = rule("cancel it", tentative=True, when={"min_duration": 1})
    other_leg = rule("cancel it", tentative=True, leg="agent")
    late = rule("cancel it", tentative=True, within=0.1)
    for each in (settled, conditional, other_leg):
        assert look(Glance(Rulebook([each])), "cancel it") == []
    assert look(Glance(Rulebook([late])), "so please cancel it") == []
