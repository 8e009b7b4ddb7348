"""Untrusted strings and moments as the screen shows them: one line, nothing that a terminal obeys, and no markup."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from rich.cells import cell_len, set_cell_size

from streamer.core.alert import Severity
from streamer.core.events import SPEECH_RATE, Word
from streamer.core.moments import show_local
from streamer.core.transcript import DOUBTFUL, format_position
from streamer.core.untrusted import one_line, printable
from tui.layout.glyphs import FLAG
from tui.layout.wrapping import Token, make_token
from tui.state.call import Utterance

PROTOCOL_NAMES = {"audiosocket": "AudioSocket", "websocket": "WebSocket"}
"""Listeners for calls; registrations bring none."""

MARKED = "mark"
"""Stands where the severity of an alert stands, for what a user has noted."""

_LONGEST = 20_000
"""Characters of one utterance that are shown: a minute of speech has 1,000."""


def tokenise(utterance: Utterance) -> tuple[Token, ...]:
    """Return the words of an utterance as they are drawn, and behind them what a user has noted."""
    return (*_tokenise_words(utterance), *_tokenise_note(utterance))


def _tokenise_note(utterance: Utterance) -> Iterable[Token]:
    if utterance.mark is None:
        return ()
    note = one_line(utterance.mark.note).split(" ")
    return (make_token(part)._replace(severity=MARKED) for part in (FLAG, *note) if part)


def _tokenise_words(utterance: Utterance) -> tuple[Token, ...]:
    tokens: list[Token] = []
    room = _LONGEST
    for is_tentative, words in ((False, utterance.settled), (True, utterance.tentative)):
        for word in words:
            new = _tokens_of(word, room, is_tentative=is_tentative)
            if severity := find_severity(utterance, word):
                new = (token._replace(severity=severity) for token in new)
            tokens += new
            room -= len(word.text) + 1
            if room <= 0:
                return (*tokens, make_token("…"))
    return tuple(tokens)


def find_severity(utterance: Utterance, word: Word | None = None) -> str:
    """Return the worst severity of the alerts that an utterance has raised, or one of its words; empty without any."""
    raised = [
        alert.severity
        for alert in utterance.alerts
        if word is None
        or (word.start < (alert.end or 0) and (alert.start or 0) < max(word.end, word.start + 1))
    ]
    return max(raised, key=list(Severity).index).value if raised else ""


def _tokens_of(word: Word, room: int, *, is_tentative: bool) -> Iterable[Token]:
    text = word.text[:room]
    is_doubtful = not is_tentative and word.probability < DOUBTFUL
    if text.isascii() and text.isprintable() and text and " " not in text:  # as nearly all are
        return (Token(text, len(text), word.is_joined, is_tentative, is_doubtful),)
    parts = one_line(text).split(" ")
    return (
        make_token(
            part,
            is_joined=word.is_joined and number == 0,
            is_tentative=is_tentative,
            is_doubtful=is_doubtful,
        )
        for number, part in enumerate(parts)
        if part
    )


def show_name(name: str, limit: int = 40) -> str:
    """Return a label, a channel or another name as it is drawn."""
    return printable(one_line(name) or "?", limit=limit)


def shorten(text: str, room: int) -> str:
    """Return a line without its middle if it needs more cells; what it begins with and a file's name stay."""
    if cell_len(text) <= room:
        return text
    half = max(0, room - 1) // 2
    end = set_cell_size(text[::-1], half)[::-1].lstrip()
    return f"{set_cell_size(text, max(0, room - 1 - half))}…{end}"


def show_count(number: int, thing: str) -> str:
    """Return how many of a thing there are."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def name_protocol(source: str) -> str:
    """Return what the source of a listener is called in prose."""
    return PROTOCOL_NAMES.get(source, source)


def show_moment(moment: datetime) -> str:
    """Return a moment in local time."""
    return show_local(moment, "%Y-%m-%d %H:%M:%S")


def show_beginning(moment: datetime, now: datetime) -> str:
    """Return when a call began, in local time: today's by the clock alone."""
    local, today = moment.astimezone(), now.astimezone().date()
    return show_local(moment, "%H:%M:%S" if local.date() == today else "%d %b %H:%M")


def show_position(samples: int, zero_at: datetime | None) -> str:
    """Return a position as the call's time, or with `zero_at` as the time on the wall."""
    if zero_at is None:
        return format_position(samples / SPEECH_RATE)
    return show_local(zero_at + timedelta(seconds=samples / SPEECH_RATE), "%H:%M:%S")
