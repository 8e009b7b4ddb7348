"""One call, judged by rules as its words settle: which rules fire, and where; values in, values out.

What is settled is judged first, then kept with the alerts that it raises, and only then taken for known: a store that refuses it, or
a process that dies in between, leaves nothing half done. Whoever keeps alerts decides which are new, once per call and rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from streamer.alerts.conditions import Talk
from streamer.alerts.rulebook import Found, Rulebook
from streamer.alerts.rules import Rule
from streamer.alerts.tokens import Token, tokenise
from streamer.core.alert import Alert
from streamer.core.events import SPEECH_RATE, Segment, Word, join_words


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert, its rule, and how it was found; nothing of what was not said."""

    rule: Rule
    alert: Alert
    found: Found | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an utterance, or the passing of time, means for a call; `CallJudge.take` takes it for known."""

    raised: tuple[Raised, ...]
    leg: str
    position: int
    is_end: bool = False
    """Nothing more is said on the leg."""
    said: _Said | None = None
    fulfilled: frozenset[str] = frozenset()
    """Rules whose words were said in time."""


@dataclass(frozen=True, slots=True)
class _Said:
    """An utterance, and the end of the one before it on its leg, as far as a phrase may begin there."""

    segment: Segment
    tokens: Sequence[Token]
    before: Sequence[Token] = ()
    previous: Segment | None = None

    def place(self, start: int, end: int) -> tuple[Word, ...]:
        """Return the words of a span of tokens, those of `before` counted first."""
        count = len(self.before)
        words: tuple[Word, ...] = ()
        if self.previous and start < count:
            words = self.previous.words[self.before[start].first : self.before[-1].last + 1]
        inside = self.tokens[max(0, start - count) : end - count]
        return (*words, *self.segment.words[inside[0].first : inside[-1].last + 1])


class CallJudge:
    """What is known of one call; `fired` are rules that have fired on it already."""

    def __init__(
        self, book: Rulebook, call_id: str, legs: Iterable[str], fired: Iterable[str] = ()
    ) -> None:
        self.fired = set(fired)
        self._book = book
        self._call_id = call_id
        self._positions = dict.fromkeys(legs, 0)
        self._ended: set[str] = set()
        self._last: dict[str, _Said] = {}
        self._talk = Talk()
        self._decided = set(self.fired)
        """Rules whose words were said in time, or can be said in time no more."""

    @property
    def is_waiting(self) -> bool:
        """Say whether the passing of time may raise an alert."""
        return any(rule.name not in self._decided for rule in self._book.required)

    def join(self, legs: Iterable[str]) -> None:
        """Take note of legs that have joined."""
        for leg in legs:
            self._positions.setdefault(leg, 0)

    def replay(self, segments: Iterable[Segment]) -> None:
        """Take for known what was judged before, in order of time."""
        for segment in segments:
            said = self._hear(segment)
            fulfilled = _list_fulfilled(self._find(said)) if self.is_waiting else frozenset()
            self.take(Verdict((), segment.leg, segment.end, said=said, fulfilled=fulfilled))

    def judge(self, segment: Segment, *, position: int, began_at: datetime) -> Verdict:
        """Judge an utterance that settles its leg up to a position.

        Positions are samples at `SPEECH_RATE`; `began_at` is when position 0 was.
        """
        said = self._hear(segment)
        found = list(self._find(said))
        fulfilled = _list_fulfilled(found)
        raised = [self._raise(each, said, began_at) for each in found if self._fires(each, said)]
        missed = self._find_missed(
            segment.leg, position, self._decided | fulfilled, began_at, is_end=False
        )
        return Verdict(
            (*_first_of_each(raised), *missed),
            segment.leg,
            position,
            said=said,
            fulfilled=fulfilled,
        )

    def pass_time(
        self, leg: str, position: int, *, began_at: datetime, is_end: bool = False
    ) -> Verdict:
        """Judge that a leg is settled up to a position, or to its end, without further words."""
        missed = self._find_missed(leg, position, self._decided, began_at, is_end=is_end)
        return Verdict(tuple(missed), leg, position, is_end)

    def take(self, verdict: Verdict) -> None:
        """Take what was judged, and has been kept, for known."""
        self._positions[verdict.leg] = max(self._positions.get(verdict.leg, 0), verdict.position)
        if verdict.is_end:
            self._ended.add(verdict.leg)
        self._decided |= verdict.fulfilled
        self._decided |= {each.rule.name for each in verdict.raised if each.rule.is_required}
        if verdict.said:
            self._last[verdict.leg] = verdict.said
            self._talk = self._talk.with_segment(verdict.said.segment)

    def _hear(self, segment: Segment) -> _Said:
        tokens = tokenise([word.text for word in segment.words], segment.language)
        last = self._last.get(segment.leg)
        keep = self._book.longest(segment.language)
        if last is None or not keep:
            return _Said(segment, tokens)
        return _Said(segment, tokens, last.tokens[-keep:], last.segment)

    def _find(self, said: _Said) -> Iterator[Found]:
        tokens = [*said.before, *said.tokens]
        language = said.segment.language
        for found in self._book.find(tokens, language, after=len(said.before)):
            rule = found.rule
            if rule.concerns(said.segment.leg) and _is_in_time(rule, _place(said, found)[0]):
                yield found

    def _fires(self, found: Found, said: _Said) -> bool:
        rule = found.rule
        if rule.is_required or rule.name in self.fired:
            return False
        end = _place(said, found)[-1].end
        return self._talk.meets(rule.when, said.segment.leg, said.segment, position=end)

    def _raise(self, found: Found, said: _Said, began_at: datetime) -> Raised:
        words = _place(said, found)
        alert = Alert(
            self._call_id,
            found.rule.name,
            found.rule.severity,
            began_at + timedelta(seconds=words[-1].end / SPEECH_RATE),
            said.segment.leg,
            said.segment.utterance,
            words[0].start,
            words[-1].end,
            join_words(words),
        )
        return Raised(found.rule, alert, found)

    def _find_missed(
        self,
        leg: str,
        position: int,
        decided: Collection[str],
        began_at: datetime,
        *,
        is_end: bool,
    ) -> Iterator[Raised]:
        """Yield the rules whose words can be said in time no more, now that a leg is settled this far."""
        positions = {**self._positions, leg: max(position, self._positions.get(leg, 0))}
        ended = {*self._ended, leg} if is_end else self._ended
        reached = max(positions.values())
        for rule in self._book.required:
            if not ended and (rule.within_s or 0.0) * SPEECH_RATE > reached:
                return  # nor are those behind it
            if rule.name in decided or not _is_due(rule, positions, ended):
                continue
            if self._talk.meets(rule.when, rule.leg, None, position=reached):
                passed_s = min(rule.within_s or 0.0, reached / SPEECH_RATE)
                at = began_at + timedelta(seconds=passed_s)
                yield Raised(rule, Alert(self._call_id, rule.name, rule.severity, at))


def _place(said: _Said, found: Found) -> tuple[Word, ...]:
    return said.place(found.match.start, found.match.end)


def _list_fulfilled(found: Iterable[Found]) -> frozenset[str]:
    return frozenset(each.rule.name for each in found if each.rule.is_required)


def _is_in_time(rule: Rule, word: Word) -> bool:
    return rule.within_s is None or word.start < rule.within_s * SPEECH_RATE


def _is_due(rule: Rule, positions: dict[str, int], ended: Collection[str]) -> bool:
    """Say whether every leg that counts is settled beyond the time of a rule; of a call that has no such leg, none is."""
    counted = [leg for leg in positions if rule.concerns(leg)]
    due = (rule.within_s or 0.0) * SPEECH_RATE
    return bool(counted) and all(leg in ended or positions[leg] >= due for leg in counted)


def _first_of_each(raised: Iterable[Raised]) -> Iterator[Raised]:
    """Yield one alert of each rule, the first that was said."""
    seen: set[str] = set()
    for each in sorted(raised, key=lambda each: each.alert.start or 0):
        if each.rule.name not in seen:
            seen.add(each.rule.name)
            yield each
