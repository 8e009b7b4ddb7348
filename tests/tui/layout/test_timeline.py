"""The strip of a call: who spoke when and what happened, by cell."""

from datetime import UTC, datetime

import pytest

from streamer.core.alert import Alert, Severity
from streamer.core.audio import Leg
from streamer.core.events import (
    SPEECH_RATE,
    Call,
    CallEnded,
    CallStarted,
    Dtmf,
    EndReason,
    Final,
    Hold,
    Partial,
    Unclear,
)
from streamer.core.mark import Mark
from tests.fakes.stage import segment, words
from tui.layout.timeline import HERE, find_scale, lay_out
from tui.state.call import ShownCall
from tui.state.timeline import BUCKETS, FINEST_S, Talk

NOW = datetime(2026, 11, 20, tzinfo=UTC)
LEGS = (Leg("caller", "a"), Leg("agent", "b"), Leg("third", "c"))


@pytest.fixture
def shown(tmp_path):
    shown = ShownCall()
    shown.take(CallStarted(Call("id", "file", LEGS, NOW), tmp_path, (tmp_path,) * 3))
    return shown


def say(shown, leg, start_s, count, *, number=1, text="word"):
    said = segment(leg, number, start_s, " ".join([text] * count))
    shown.take(Final("id", said))


def draw(shown, width=10, scale_s=10.0, *, sight=(0.0, 0.0), here_s=9.5):
    cells = lay_out(shown, width, scale_s, sight=sight, here_s=here_s)
    return "".join(c.talk for c in cells), "".join(c.sign for c in cells)


def test_the_first_leg_is_above_the_others_below_and_both_fill_a_cell(shown):
    say(shown, "caller", 0.0, 10)
    say(shown, "agent", 2.0, 10)
    say(shown, "third", 7.0, 6)
    cells = lay_out(shown, 10, 10.0, sight=(2.0, 4.0), here_s=0.0)
    assert [(c.upper, c.lower) for c in cells] == [
        (0, None),
        (0, None),
        (0, 1),
        (None, 1),
        (None, 1),
        (None, None),
        (None, None),
        (None, 2),
        (None, 2),
        (None, None),
    ]
    assert [c.is_in_sight for c in cells].count(True) == 2
    assert cells[0].sign == HERE


def test_what_matters_most_stands_in_a_cell(shown):
    say(shown, "caller", 0.0, 10, text="[odd]")
    assert draw(shown)[1] == "???      ▲"
    shown.take(Unclear("id", "agent", 4 * SPEECH_RATE, 5 * SPEECH_RATE))
    shown.take(Hold("id", "agent", True, 5.0, NOW))
    shown.take(Hold("id", "agent", False, 7.5, NOW))
    shown.take(Dtmf("id", "caller", "7", 6.2, NOW))
    shown.take(Dtmf("id", "caller", "7", 6.2, NOW))
    assert draw(shown)[1] == "??? ?h7─ ▲"
    shown.take(Mark("id", "caller", 1, SPEECH_RATE, 2 * SPEECH_RATE, "", NOW))
    assert draw(shown)[1] == "?⚑? ?h7─ ▲"
    shown.take(Alert("id", "r", Severity.INFO, NOW, "caller", 1, SPEECH_RATE, 2 * SPEECH_RATE, "x"))
    shown.take(Alert("id", "q", Severity.CRITICAL, NOW, "caller", 1, 17_000, 18_000, "x"))
    shown.take(Alert("id", "not said", Severity.CRITICAL, NOW))
    assert draw(shown)[1] == "?!? ?h7─ ▲"


def test_a_hold_without_an_end_lasts_to_the_end_of_the_call(shown):
    shown.take(Hold("id", "agent", True, 5.0, NOW))
    shown.take(CallEnded("id", EndReason.HANG_UP, 8.0))
    assert draw(shown, here_s=0.0)[1] == "▲    h─── "


def test_what_is_being_said_is_shown_and_counted_once(shown):
    said = words("one two three four", 1.0)
    shown.take(Partial("id", "caller", 1, SPEECH_RATE, said[-1].end, (), said))
    assert draw(shown)[0] == " ▀▀       "
    say(shown, "caller", 1.0, 4)
    say(shown, "caller", 1.0, 4)
    assert shown.talk.share("caller", 1.0, 2.0) == 1.0
    assert sum(shown.talk.legs["caller"]) == pytest.approx(1.2)


def test_a_live_call_grows_in_steps_and_one_that_is_over_fills_the_strip():
    assert {find_scale(s, is_over=False) for s in (0.0, 1.0, 60.0)} == {60.0}
    assert find_scale(61.0, is_over=False) == 90.0
    assert find_scale(61.0, is_over=True) == 61.0
    assert find_scale(0.0, is_over=True) == 1.0


def test_buckets_double_and_keep_what_was_said():
    talk = Talk()
    for n in range(3000):
        talk.add("caller", n * 4 * SPEECH_RATE, (n * 4 + 2) * SPEECH_RATE, words("[a] b", n * 4.0))
    assert talk.bucket_s > FINEST_S
    assert len(talk.legs["caller"]) == BUCKETS
    assert sum(talk.legs["caller"]) == pytest.approx(6000)
    assert talk.share("caller", 0, 12_000) == pytest.approx(0.5, abs=0.01)
    assert talk.doubt(0, 12_000) == pytest.approx(0.5)
    assert talk.share("nobody", 0, 1) == 0
    assert talk.share("caller", 1e9, 2e9) == 0


def test_positions_before_the_call_and_of_no_length_do_no_harm():
    talk = Talk()
    talk.add("caller", -SPEECH_RATE, SPEECH_RATE, words("a", -1.0))
    talk.add("caller", 5, 5)
    assert talk.share("caller", 0, 1) == 1.0
