"""What the recogniser is given of one leg: which audio, behind which lead, in which language, with which context."""

from __future__ import annotations

from dataclasses import replace

from streamer.core.events import Segment
from streamer.speech.audio.heard import Heard
from streamer.speech.base import CommitPolicy, Hypothesis, Window, WindowKind
from streamer.speech.leg_language import LegLanguage
from streamer.speech.packing import LeadIn
from streamer.speech.plan import SpeechPlan
from streamer.speech.words.filters import may_carry_context

_CONTEXT_WORDS = 30


class LegWindows:
    """Makes windows of what was heard on a leg, and remembers what helps to understand the next one."""

    def __init__(self, key: str, heard: Heard, plan: SpeechPlan) -> None:
        self._key = key
        self._heard = heard
        self._plan = plan
        self._language = LegLanguage(plan.language)
        self._lead_in = LeadIn(plan.lead_in)
        self._last: Segment | None = None

    def begin(self, position: int) -> None:
        """Begin with an utterance."""
        self._language.begin(position)

    def hear(self, start: int, end: int) -> None:
        """Take an utterance that has ended as the lead of what comes next."""
        self._lead_in.append(self._heard.cut(start, end), start=start)

    def note_said(self, segment: Segment) -> None:
        """Take a settled utterance as the context of what comes next."""
        self._last = segment

    def learn_language(self, hypothesis: Hypothesis, window: Window) -> None:
        """Take note of the language in which a window was read."""
        if self._language.learn(hypothesis, read=window.samples):
            # It would be detected there, not in what follows.
            self._lead_in = LeadIn(self._plan.lead_in)

    def make(
        self, utterance: int, start: int, end: int, kind: WindowKind, policy: CommitPolicy
    ) -> Window:
        """Return a window from `start` to `end`; `policy` knows what of its utterance is settled."""
        is_final = kind is WindowKind.FINAL
        plan = self._plan
        return Window(
            self._key,
            utterance,
            self._heard.cut(start, end),
            start,
            kind,
            self._language.pinned,
            plan.prompt,
            self._context(start, policy),
            plan.final_beam if is_final else plan.partial_beam,
            plan.final_temperatures if is_final else (0.0,),
            plan.encoder_window,
            has_timestamps=plan.has_timestamps,
            languages=plan.languages,
        )

    def put_behind_lead(self, window: Window, utterance_start: int) -> Window:
        """Put what was said before in front of a final: nobody understands a word alone as well. Partials gained nothing by it."""
        if window.position <= utterance_start:
            return self._lead_in.lead(window)
        start = max(utterance_start, window.end - self._plan.lead_in)
        return replace(window, lead=self._heard.cut(start, window.position))

    def _context(self, start: int, policy: CommitPolicy) -> str:
        """Return what this leg has said in front of a window, as far as it may hint at what follows."""
        if not self._plan.carries_context:
            return ""
        said = [word for word in policy.committed if word.end <= start]
        if self._last and may_carry_context(self._last.end, said[0].start if said else start):
            said = [*self._last.words, *said]
        return " ".join(word.text for word in said[-_CONTEXT_WORDS:])
