"""A board of ten live calls on which everything happens that can be shown, and two past ones, always the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from streamer.calls.catalog import CallState, Entry
from streamer.core.alert import Alert, Severity
from streamer.core.audio import AudioLoss, Leg
from streamer.core.events import SPEECH_RATE, Dtmf
from streamer.store import CallRow, LegRow, Progress
from tests.fakes.stage import NOW
from tui.state.arrangement import Shown
from tui.state.leg_states import LegNow, LegState, LiveCall
from tui.state.list_details import CallDetails

SPEAKING, NO_SPEECH = LegState.SPEAKING, LegState.NO_SPEECH
HOLD, NO_AUDIO, BEHIND = LegState.ON_HOLD, LegState.NO_AUDIO, LegState.BEHIND

SAID = (
    "Can I have your account number please?",
    "I would like to cancel my contract at the end of the month because it is too expensive.",
    "One moment please, I put you on hold.",
    "Hello, can you hear me?",
    "The invoice of October has the wrong address.",
    "Thank you, and what is your date of birth?",
    "我想取消我的合同 please",
    "My internet connection keeps dropping since Monday.",
    "",
    "[red]Is this markup?[/red]",
)

STATES = (
    (SPEAKING, NO_SPEECH), (NO_SPEECH, SPEAKING), (HOLD, NO_SPEECH), (NO_AUDIO, SPEAKING),
    (BEHIND, BEHIND), (NO_SPEECH, NO_SPEECH), (SPEAKING, SPEAKING), (SPEAKING, NO_SPEECH),
    (NO_AUDIO, NO_AUDIO), (NO_SPEECH, NO_SPEECH),
)  # fmt: skip


def list_board() -> list[Shown]:
    """Return the rows."""
    live = [_live(number) for number in range(10)]
    live[1] = replace(live[1], alerts=_alerts(1, "cancellation", Severity.CRITICAL))
    live[7] = replace(live[7], alerts=_alerts(7, "greeting missing", Severity.WARNING))
    live[5] = replace(live[5], alerts=_alerts(5, "date of birth", Severity.INFO))
    return [*live, _past(10), _past(11)]


def _alerts(number: int, rule: str, severity: Severity) -> tuple[Alert, ...]:
    return (Alert(_name(number), rule, severity, NOW),)


def _name(number: int) -> str:
    return f"20261120-1500{number:02}-aaaa"


def _live(number: int) -> Shown:
    lag_s = 9.0 if BEHIND in STATES[number] else 0.0
    legs = tuple(
        LegNow(label, state, lag_s, 8.0 if state is NO_AUDIO and number == 3 else 0.0)
        for label, state in zip(("caller", "agent"), STATES[number], strict=True)
    )
    losses = {"caller": AudioLoss(12.0, 0.0, 60.0)} if number == 6 else {}
    entry = replace(_entry(number), state=CallState.LIVE, losses=losses)
    if number % 3 == 0:
        pressed = (Dtmf(entry.call.id, "caller", digit, 1.0, NOW) for digit in "12#")
        entry = replace(entry, dtmf=tuple(pressed))
    length_s = 17.0 + 61.0 * number
    talk = {"caller": 5.0 + 9 * number, "agent": 11.0 + 5 * number}
    details = CallDetails({}, True, False, lag_s, LiveCall(legs, SAID[number]))
    return Shown(entry, details, talk, length_s=length_s)


def _past(number: int) -> Shown:
    entry = _entry(number, age=timedelta(days=1))
    state = CallState.COMPLETE if number % 2 else CallState.UNFINISHED
    call = replace(entry.call, last_words="Goodbye.", duration=199 * SPEECH_RATE)
    return Shown(replace(entry, call=call, state=state), length_s=199.0)


def _entry(number: int, age: timedelta = timedelta(0)) -> Entry:
    agent = ("Ann Lee", "Bo Park", "")[number % 3]
    legs = (
        Leg("caller", f"PJSIP/trunk-{number}", number=f"+49301000{number:02}"),
        Leg("agent", f"PJSIP/2{number:02}-1", number=f"2{number:02}", name=agent),
    )
    rows = tuple(LegRow(leg, Path(f"{leg.label}.wav"), Progress()) for leg in legs)
    began = NOW - age - timedelta(seconds=17 + 61 * number)
    call = CallRow(_name(number), "s", began, None, None, None, Path("x"), rows, 1, "")
    return Entry(call, CallState.LIVE)


class SteadyBoard:
    """Finds always the same."""

    async def look(self, reader, now, *, limit):
        return list_board()

    async def find_new_alerts(self, reader):
        return {}
