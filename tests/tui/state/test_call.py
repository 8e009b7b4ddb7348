"""What the screen knows of a call: partials become finals in their place, and what was nothing goes."""

from dataclasses import replace
from datetime import UTC, datetime

from streamer.core.alert import Alert, Severity
from streamer.core.audio import Leg
from streamer.core.events import (
    Call,
    CallEnded,
    EndReason,
    Final,
    Hold,
    Lagging,
    Partial,
    Segment,
    Trouble,
    Unclear,
    Word,
    join_words,
)
from tests.fakes.stage import LEGS, segment, words
from tui.layout.formatting import tokenise
from tui.state.call import ShownCall
from tui.state.feed import ShownCalls
from tui.state.messages import CallChanged, TroubleSaid
from tui.state.phase import Phase, Speech, explain_phase, find_phase


def partial(leg, number, start_s, committed="", tentative=""):
    settled = words(committed, start_s) if committed else ()
    later = words(tentative, start_s + 1) if tentative else ()
    return Partial("id", leg, number, round(start_s * 16000), 0, settled, later)


def call_with(*events):
    shown = ShownCall(LEGS)
    for event in events:
        shown.take(event, now=5.0)
    return shown


def test_a_partial_becomes_final_under_its_key():
    shown = call_with(partial("caller", 1, 0.0, "hi", "there"))
    assert shown.is_speaking("caller")
    assert shown.take_changes() == [("caller", 1)]
    shown.take(Final("id", segment("caller", 1, 0.0, "Hi there.")), now=7.0)
    assert shown.take_changes() == [("caller", 1)]
    assert not shown.utterances["caller", 1].tentative
    assert not shown.is_speaking("caller")
    assert shown.said_live == [(9600, 7.0)]


def test_a_partial_that_comes_after_its_final_changes_nothing():
    shown = call_with(Final("id", segment("caller", 1, 0.0, "Hi.")), partial("caller", 1, 0.0, "h"))
    assert shown.utterances["caller", 1].settled[0].text == "Hi."
    assert not shown.is_speaking("caller")


def test_an_utterance_that_never_became_final_goes_with_the_next():
    shown = call_with(partial("caller", 1, 0.0, "", "uh"), partial("caller", 2, 3.0, "hello"))
    assert list(shown.utterances) == [("caller", 2)]
    assert shown.take_changes() == [("caller", 1), ("caller", 2)]
    shown.take(Final("id", segment("caller", 3, 6.0, "Bye.")))
    assert list(shown.utterances) == [("caller", 3)]


def test_the_other_leg_is_not_touched_by_it():
    shown = call_with(partial("agent", 1, 0.0, "yes"), partial("caller", 2, 3.0, "hello"))
    assert set(shown.utterances) == {("agent", 1), ("caller", 2)}


def test_the_end_leaves_only_what_is_settled():
    shown = call_with(
        Final("id", segment("agent", 1, 0.0, "Yes.")),
        partial("caller", 1, 3.0, "", "uh"),
        Lagging("id", "agent", 12.0),
        CallEnded("id", EndReason.LOST, 5.0),
    )
    assert list(shown.utterances) == [("agent", 1)]
    assert shown.is_over
    assert shown.lag_s == 0


def test_events_of_unknown_calls_belong_to_the_awaited_one_and_others_to_nobody():
    shown_calls = ShownCalls()
    shown_calls.awaited = awaited = ShownCall(LEGS)
    shown_calls.take(Trouble(None, "no single call"))
    assert shown_calls.troubles == ["no single call"]
    assert shown_calls.take(Trouble("id", "its own")) is awaited
    assert shown_calls.take(Lagging("other", "caller", 3.0)) is None
    assert awaited.troubles == ["its own"]
    assert awaited.lag_s == 0


def test_bursts_collapse():
    one, other = ShownCall(), ShownCall()
    assert CallChanged(one).can_replace(CallChanged(one))
    assert not CallChanged(one).can_replace(CallChanged(other))
    assert TroubleSaid().can_replace(TroubleSaid())


def phase_of(shown, *, is_recorded=True, has_audio=True, speech=None):
    phase = find_phase(shown, is_recorded=is_recorded, has_audio=has_audio)
    return phase, explain_phase(shown, phase, speech or Speech("small"))


def test_the_head_says_what_is_waited_for():
    from datetime import UTC, datetime

    from streamer.core.events import Call

    shown = ShownCall(LEGS)
    assert phase_of(shown) == (Phase.STARTING, "starting the recorder")
    shown.call = Call("id", "s", LEGS, datetime(2026, 11, 20, tzinfo=UTC))
    assert phase_of(shown, has_audio=False) == (Phase.CONNECTING, "no audio yet")
    shown.attached.add("caller")
    assert phase_of(shown, has_audio=False) == (Phase.RINGING, "no audio yet")
    assert phase_of(shown) == (Phase.LIVE, "")
    assert phase_of(shown, speech=Speech("small", is_loading=True))[1] == "loading the model"
    shown.lags["caller"] = 12.4
    assert phase_of(shown) == (Phase.LIVE, "text is 12 s behind")
    shown.lags.clear()
    assert phase_of(shown, is_recorded=False) == (Phase.ENDING, "transcribing the last words")
    shown.take(CallEnded("id", EndReason.REFUSED, 0.0))
    assert phase_of(shown) == (Phase.FAILED, "nothing was recorded")


def test_speech_without_words_is_a_line_of_its_own_and_no_utterance():
    unclear = Unclear("id", "caller", 16_000, 48_000)
    shown = call_with(Final("id", segment("caller", 1, 0.0, "Yes.")), unclear)
    (line,) = [u for u in shown.utterances.values() if u.number < 0]
    assert (line.start, join_words(line.tentative), line.settled) == (16_000, "[unclear]", ())
    shown.take(unclear)
    assert len(shown.utterances) == 2
    assert not shown.is_speaking("caller")


def test_a_hold_is_a_line_of_its_own_once_and_no_utterance():
    at = datetime(2026, 11, 28, tzinfo=UTC)
    holds = [Hold("id", "caller", held, start, at) for held, start in ((True, 1.0), (False, 2.0))]
    shown = call_with(*holds, Unclear("id", "caller", 16_000, 48_000), *holds)
    lines = [join_words(u.tentative) for u in shown.utterances.values()]
    assert lines == ["[on hold]", "[off hold]", "[unclear]"]
    shown.call = Call("id", "test", LEGS, at)
    transcript = shown.transcript()
    assert (transcript.holds, len(transcript.unclear)) == (tuple(holds), 1)


def test_each_leg_has_the_language_that_it_spoke_last():
    said = segment("caller", 1, 0.0, "Ciao.")
    shown = call_with(
        Final("id", replace(said, language="en")),
        Final("id", replace(said, utterance=2, start=48_000, language="it")),
        Final("id", replace(said, leg="agent", language="es")),
        Final("id", replace(said, leg="agent", utterance=2, language="")),
    )
    assert shown.languages == {"caller": "it", "agent": "es"}


def test_a_party_is_called_by_what_the_pbx_tells_unless_that_is_two_or_has_a_name():
    caller, agent = (replace(leg, number="100") for leg in LEGS)
    shown = ShownCall((replace(caller, name="Front desk"), agent))
    assert [shown.name(leg.label) for leg in LEGS] == ["Front desk", "100"]
    shown.rename(caller.label, "Lee")
    assert shown.name(caller.label) == "Lee"
    assert ShownCall((caller, agent)).name(caller.label) == caller.label


def test_an_alert_marks_its_words_and_stays_when_their_utterance_is_put_anew():
    shown = ShownCall((Leg("caller", "a"), Leg("agent", "b")))
    words = tuple(Word(text, n * 100, n * 100 + 100, 0.9) for n, text in enumerate(["a", "b", "c"]))
    segment = Segment("caller", 1, 0, 300, words)
    alert = Alert(
        "c", "rule", Severity.WARNING, datetime(2026, 1, 1, tzinfo=UTC), "caller", 1, 100, 200, "b"
    )
    shown.take(Partial("c", "caller", 1, 0, 300, (), words))
    shown.take(replace(alert, is_tentative=True))

    def marks() -> list[bool]:
        return [each.is_tentative for each in shown.utterances["caller", 1].alerts]

    assert (marks(), shown.new_alerts) == ([True], [])
    shown.take(Final("c", segment))
    assert marks() == []
    for _ in range(2):
        shown.take(alert)
    assert (marks(), shown.new_alerts) == ([False], [alert])
    tokens = tokenise(shown.utterances["caller", 1])
    assert [token.severity for token in tokens] == ["", "warning", ""]
    shown.take(Final("c", segment))
    assert marks() == [False]
    not_said = Alert("c", "other", Severity.INFO, alert.at)
    shown.take(not_said)
    assert shown.new_alerts == [alert, not_said]
