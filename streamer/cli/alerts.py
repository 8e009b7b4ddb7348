"""`streamer alerts`: the rules of the config file, and what they would find."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streamer.alerts.judging import CallJudge, Raised
from streamer.alerts.rulebook import Rulebook
from streamer.alerts.rules import Condition, Rule, read_rules
from streamer.calls.catalog import Entry, find_entry
from streamer.cli import output
from streamer.config import Settings
from streamer.core.encoding import encode_alert
from streamer.core.events import SPEECH_RATE, Segment, Word
from streamer.core.languages import ANY
from streamer.core.transcript import show_alert
from streamer.core.untrusted import printable
from streamer.errors import ExitCode
from streamer.store import Progress, open_reader

_LONGEST = 10_000
_TEXT = "text"
_WORD = SPEECH_RATE // 2


def run_list(settings: Settings, *, as_json: bool) -> int:
    """Print the rules."""
    rules = _read(settings)
    for rule in rules:
        if as_json:
            output.json_line(_encode_rule(rule))
        else:
            output.data("\t".join(printable(cell, limit=_LONGEST) for cell in _cells(rule)))
    return ExitCode.DONE


def run_test_text(settings: Settings, text: str, *, leg: str | None, as_json: bool) -> int:
    """Print which rules a sentence would raise, whatever else they ask for."""
    rules = [_without_when(rule, leg) for rule in _read(settings)]
    language = settings.language.split(",")[0]
    words = tuple(
        Word(word, n * _WORD, (n + 1) * _WORD, 1.0) for n, word in enumerate(text.split())
    )
    label = leg or _TEXT
    segment = Segment(label, 1, 0, len(words) * _WORD, words, "en" if language == ANY else language)
    judge = CallJudge(Rulebook(rules), _TEXT, [label])
    verdict = judge.judge(segment, position=0, began_at=datetime.now(UTC))
    for name in sorted(verdict.fulfilled):
        output.talk(f"{name} does not fire: its words are said")
    return _tell(verdict.raised, as_json=as_json)


def run_test_call(settings: Settings, name: str, *, as_json: bool) -> int:
    """Print which rules would fire on a call as it is stored.

    Raises:
        StreamerError: There is no such call, or the database cannot be read.
    """
    book = Rulebook(_read(settings))
    entry, segments, progress = asyncio.run(_read_call(settings, name))
    return _tell(list(_judge_call(book, entry, segments, progress)), as_json=as_json)


def _read(settings: Settings) -> tuple[Rule, ...]:
    rules = read_rules(settings.alert, where="the config file")
    if not rules:
        output.talk("the config file has no [[alert]]; `streamer config` prints an example")
    return rules


async def _read_call(
    settings: Settings, name: str
) -> tuple[Entry, list[Segment], dict[str, Progress]]:
    async with open_reader(settings) as reader:
        entry = await find_entry(reader, Path(settings.recordings), name)
        segments = await reader.read_segments(entry.call.id)
        return entry, segments, await reader.read_progress(entry.call.id)


def _judge_call(
    book: Rulebook, entry: Entry, segments: Sequence[Segment], progress: dict[str, Progress]
) -> Iterator[Raised]:
    call = entry.call
    began_at = call.zero_at or call.started_at
    judge = CallJudge(book, call.id, [row.leg.label for row in call.legs])
    for segment in sorted(segments, key=lambda each: each.end):
        verdict = judge.judge(segment, position=segment.end, began_at=began_at)
        judge.take(verdict)
        judge.fired.update(each.rule.name for each in verdict.raised)
        yield from verdict.raised
    for leg, reached in progress.items():
        length = call.duration if reached.is_complete and call.duration else reached.position
        passed = judge.pass_time(leg, length, began_at=began_at, is_end=reached.is_complete)
        judge.take(passed)
        yield from passed.raised


def _without_when(rule: Rule, leg: str | None) -> Rule:
    return replace(rule, when=Condition(), leg=rule.leg if leg else "")


def _tell(raised: Sequence[Raised], *, as_json: bool) -> int:
    for each in raised:
        if as_json:
            output.json_line(encode_alert(each.alert) | _encode_why(each))
        else:
            output.data(printable(show_alert(each.alert) + _explain(each), limit=_LONGEST))
    if not raised:
        output.talk("no rule fires")
    return ExitCode.DONE


def _explain(raised: Raised) -> str:
    if raised.found is None:
        return f" within {raised.rule.within_s:g} s: {_join(raised.rule.phrases)}"
    match = raised.found.match
    distance = f", distance {match.distance:g}" if match.distance else ""
    return f' ("{raised.found.phrase}": {match.likeness.value}{distance})'


def _encode_why(raised: Raised) -> dict[str, Any]:
    if raised.found is None:
        return {"phrase": None, "likeness": None, "distance": None}
    found = raised.found
    match = found.match
    return {"phrase": found.phrase, "likeness": match.likeness.value, "distance": match.distance}


def _encode_rule(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "not_said" if rule.is_required else "said": list(rule.phrases),
        "within": rule.within_s,
        "leg": rule.leg or None,
        "severity": rule.severity.value,
        "quiet": rule.quiet_s,
        "tentative": rule.is_tentative,
        "when": dict(_list_conditions(rule.when)),
        "then": rule.then or None,
    }


def _list_conditions(when: Condition) -> Iterator[tuple[str, float]]:
    for name in Condition.__slots__:
        value = getattr(when, name)
        if value is not None:
            yield name, value


def _cells(rule: Rule) -> Iterator[str]:
    yield rule.name
    yield rule.severity.value
    said = "not said" if rule.is_required else "said"
    within = f" within {rule.within_s:g} s" if rule.within_s is not None else ""
    yield f"{said}{within}: {_join(rule.phrases)}"
    yield f"on {rule.leg}" if rule.leg else "on any leg"
    more = [f"{name} {value:g}" for name, value in _list_conditions(rule.when)]
    more += [f"quiet {rule.quiet_s:g} s"] if rule.quiet_s else []
    more += ["tentative"] if rule.is_tentative else []
    more += [f"then {rule.then}"] if rule.then else []
    yield ", ".join(more)


def _join(phrases: Sequence[str]) -> str:
    return " | ".join(phrases)
