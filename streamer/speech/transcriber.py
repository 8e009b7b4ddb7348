"""One leg's recording turned into settled words, as they are said.

Theory of operation. The leg's WAV is read in order and cut into utterances by voice activity. While an utterance is open, windows
over what is not settled yet are transcribed again and again (partials), as often as the recogniser has time; the commit policy settles words
on which they agree. When the voice falls silent, the rest is transcribed carefully (the final), before it is certain that the utterance
has ended: if it has, that settles it, and if not, it was one more partial. The final is waited for before the leg is read on, so a leg that
falls behind leaves what it has not read on disk, never in memory. It asks for no partials then, and has several utterances read at once.
An utterance that is only the echo of another leg is not read.

    LISTENING --Opened--> OPEN (partials) --silence--> OPEN (final) --Closed--> kept, then announced --> LISTENING
    behind: LISTENING --Opened--> OPEN --Closed--> packed --the pack is full, or the leg has caught up--> kept, then announced
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.events import SPEECH_RATE, Final, Lagging, Partial, Segment, Unclear
from streamer.speech.audio.heard import Heard
from streamer.speech.audio.leg_reader import LegAudio, Pause
from streamer.speech.audio.other_legs import EchoGuard, OtherLegs
from streamer.speech.audio.segmenter import POST_ROLL, Change, Closed, Opened, Segmenter
from streamer.speech.base import (
    FRAME,
    CommitPolicy,
    Hypothesis,
    SegmentWriter,
    Suspicion,
    Vad,
    Window,
    WindowKind,
)
from streamer.speech.lag import CAUGHT_UP, Lag
from streamer.speech.packing import PackReader, WaitingUtterance
from streamer.speech.partials import PartialReader, Reading
from streamer.speech.plan import SpeechPlan
from streamer.speech.queue import Urgency
from streamer.speech.rereading import SURE_SPEECH, find_unclear, read_again
from streamer.speech.scheduler import Scheduler
from streamer.speech.windows import LegWindows
from streamer.speech.words import COMMIT_POLICIES
from streamer.speech.words.filters import drop_inventions, hold_back
from streamer.speech.words.noise import FindNoise, drop_noise, lies_in, silence

SHORTEST_PARTIAL = SPEECH_RATE * 4 // 10
"""Samples of an utterance before its first partial."""

STEP = SPEECH_RATE // 5
"""Samples of new audio for which another partial is worth its work."""

PAUSE = SPEECH_RATE * 16 // 100
"""Samples of silence after which the utterance has probably ended, so that what is read now may be its final."""


@dataclass(frozen=True, slots=True)
class _Rest:
    """The reading of an utterance that has fallen silent; `pause` is where."""

    pause: int
    window: Window
    reading: Reading


Announce = Callable[[Partial | Final | Unclear | Lagging], None]


class LegTranscriber:
    """Follow one leg to its end; `announce` gets partials, and finals that are already stored.

    `count_waiting` returns how many samples lie on disk that somebody waits for; by default all that are unread.
    """

    def __init__(
        self,
        call_id: str,
        leg: str,
        *,
        follower: LegAudio,
        vad: Vad,
        scheduler: Scheduler,
        writer: SegmentWriter,
        plan: SpeechPlan,
        announce: Announce,
        find_noise: FindNoise = tuple,
        others: OtherLegs | None = None,
        count_waiting: Callable[[], int] | None = None,
    ) -> None:
        self.skipped = 0
        """Windows that the recogniser had to skip."""
        self._call_id = call_id
        self._leg = leg
        self._follower = follower
        self._vad = vad
        self._scheduler = scheduler
        self._writer = writer
        self._plan = plan
        self._announce = announce
        self._find_noise = find_noise
        self._count_waiting = count_waiting or (lambda: follower.unread)
        self._segmenter = Segmenter(
            longest=plan.longest, first_number=writer.utterance + 1, position=writer.position
        )
        self._heard = Heard(writer.position)
        self._windows = LegWindows(f"{call_id}/{leg}", self._heard, plan)
        self._open_policy = COMMIT_POLICIES[plan.commit_policy]
        self._policy = self._open_policy()
        self._partials = PartialReader(scheduler, is_open=self._is_open, take=self._take_partial)
        self._rest: _Rest | None = None
        self._packs = PackReader(scheduler, most=plan.packs, settle=self._settle_packed)
        self._lag = Lag()
        self._echoes = EchoGuard(others)

    async def run(self) -> None:
        """Transcribe to the end of the leg.

        Raises:
            ModelError: The model cannot be loaded; the recording is untouched.
            StoreError: What is settled cannot be kept.
        """
        try:
            while (piece := await self._follower.read()) is not Pause.ENDED:
                if isinstance(piece, Pause):
                    await self._change(self._segmenter.stalled())
                    await self._packs.settle_all()
                else:
                    await self._hear(piece)
            await self._end()
        finally:
            self._partials.cancel()
            self._packs.cancel()
            self._follower.close()

    async def _hear(self, pcm: bytes) -> None:
        pcm = silence(pcm, position=self._heard.until, noise=self._find_noise())
        self._heard.append(pcm)
        for probability in await self._judge(pcm):
            self._heard.judge(probability)
            await self._change(self._segmenter.feed(probability))
        self._forget()
        if self._segmenter.open_utterance is None and self._packs.is_empty:
            await self._writer.reach(self._segmenter.position - SPEECH_RATE)
        self._tell_lag()
        if not self._is_behind:
            await self._packs.settle_all()
            if not await self._is_echo_so_far():
                self._ask_for_partial()

    async def _judge(self, pcm: bytes) -> list[float]:
        """Ask for voice activity; on another thread when there is much, as when a leg catches up."""
        if len(pcm) > SPEECH_RATE // 2 * SAMPLE_WIDTH:
            return await asyncio.to_thread(self._vad.feed, pcm)
        return self._vad.feed(pcm)

    async def _end(self) -> None:
        missing = FRAME - (self._heard.until - self._segmenter.position) % FRAME
        for probability in self._vad.feed(bytes(missing * SAMPLE_WIDTH)):
            self._heard.judge(probability)
            await self._change(self._segmenter.feed(probability))
        await self._change(self._segmenter.end_of_stream())
        await self._packs.settle_all()
        await self._writer.complete()

    async def _change(self, changes: list[Change]) -> None:
        for change in changes:
            match change:
                case Opened():
                    self._begin()
                case Closed() if await self._is_echo(change):
                    await self._pass_over(change)
                case Closed() if self._may_pack():
                    await self._pack(change)
                case Closed():
                    await self._packs.settle_all()
                    await self._settle(change)

    async def _is_echo_so_far(self) -> bool:
        """Say whether what is being said was said by another, who comes back on this leg."""
        opened, until = self._segmenter.open_utterance, self._heard.until
        if opened is None:
            return False
        return await self._echoes.covers_so_far(self._heard.cut, opened.start, until)

    async def _is_echo(self, closed: Closed) -> bool:
        end = min(closed.end, self._heard.until)
        return await self._echoes.covers(self._heard.cut, closed.start, end)

    async def _pass_over(self, closed: Closed) -> None:
        """Settle an echo, which gets no words."""
        await self._packs.settle_all()
        self._partials.cancel()
        self._policy = self._open_policy()
        end = min(closed.end, self._heard.until)
        await self._writer.keep(None, position=end, utterance=closed.number)

    def _begin(self) -> None:
        self._windows.begin(self._segmenter.position)
        self._policy = self._open_policy()
        self._partials.begin()
        self._rest = None

    def _ask_for_partial(self) -> None:
        opened = self._segmenter.open_utterance
        if opened is None:
            return
        pause = self._segmenter.pause_start
        if pause is not None and self._heard.until >= pause + PAUSE:
            self._ask_for_rest(opened, pause)
        elif self._partials.may_ask() and self._heard.until - self._partials.asked_until >= STEP:
            start = self._choose_start(opened)
            if self._heard.until - start >= SHORTEST_PARTIAL:
                self._partials.ask(
                    self._window(opened.number, start, self._heard.until, WindowKind.PARTIAL)
                )

    def _ask_for_rest(self, opened: Opened, pause: int) -> None:
        """Have the final read before it is certain that the utterance has ended."""
        if self._rest and self._rest.pause == pause:
            return
        self._partials.cancel()
        start = self._choose_start(opened)
        end = min(self._heard.until, pause + POST_ROLL)
        window = self._window(opened.number, start, end, WindowKind.FINAL)
        reading = self._partials.ask(self._windows.put_behind_lead(window, opened.start))
        self._rest = _Rest(pause, window, reading)

    def _choose_start(self, opened: Opened) -> int:
        """Return where the next window begins: with the utterance, or behind what is settled once it has become long."""
        is_long = self._heard.until - opened.start > self._plan.trim_beyond
        return max((self._policy.trim_point if is_long else None) or 0, opened.start)

    def _is_open(self, utterance: int) -> bool:
        opened = self._segmenter.open_utterance
        return opened is not None and opened.number == utterance

    def _take_partial(self, hypothesis: Hypothesis, window: Window) -> None:
        self._policy.update(self._believe(hypothesis, window))
        if opened := self._segmenter.open_utterance:
            self._show(opened, window.end)

    def _show(self, opened: Opened, end: int) -> None:
        committed = self._policy.committed
        tentative = hold_back(
            self._policy.tentative, end - self._plan.still_said, self._plan.least_tentative
        )
        if committed:
            self._segmenter.settled_until = committed[-1].end
        if committed or tentative:
            self._announce(
                Partial(
                    self._call_id,
                    self._leg,
                    opened.number,
                    opened.start,
                    end,
                    committed,
                    tentative,
                )
            )

    async def _settle(self, closed: Closed) -> None:
        window, hypothesis = await self._read_final(closed)
        self._partials.cancel()
        self._windows.hear(closed.start, closed.end)
        policy, self._policy = self._policy, self._open_policy()
        await self._keep(self._find_speech(closed, window), policy, hypothesis)

    def _find_speech(self, closed: Closed, window: Window) -> WaitingUtterance:
        """Return an utterance with where in its window somebody speaks."""
        speech = self._heard.find_speech(window.position)
        sure = self._heard.find_speech(window.position, threshold=SURE_SPEECH)
        return WaitingUtterance(closed, window, speech, sure)

    async def _keep(
        self, utterance: WaitingUtterance, policy: CommitPolicy, hypothesis: Hypothesis
    ) -> None:
        """Settle the rest of an utterance by its last reading, keep it, and announce it."""
        unclear = await self._settle_rest(utterance, policy, hypothesis)
        closed, words, segment = utterance.closed, policy.committed, None
        end = min(closed.end, self._heard.until)
        if words:
            until = max(end, words[-1].end)
            segment = Segment(
                self._leg, closed.number, closed.start, until, words, hypothesis.language
            )
        # Kept before it is announced: what anybody has seen is never lost.
        is_kept = await self._writer.keep(
            segment, position=end, utterance=closed.number, unclear=unclear
        )
        if not is_kept:
            return
        if segment is not None:
            self._windows.note_said(segment)
            self._announce(Final(self._call_id, segment))
        for span in unclear:
            self._announce(span)

    async def _settle_rest(
        self, utterance: WaitingUtterance, policy: CommitPolicy, hypothesis: Hypothesis
    ) -> list[Unclear]:
        """Settle the words that are left; return where somebody spoke and there are none."""
        if hypothesis.suspicion is Suspicion.SKIPPED:
            self.skipped += 1
            policy.finish(None)
            return []
        self._windows.learn_language(hypothesis, utterance.window)
        believed = await self._read_again(utterance, policy, hypothesis)
        policy.finish(believed)
        if believed.suspicion is Suspicion.SKIPPED:
            return []
        unread = find_unclear(utterance.window, policy.committed, utterance.sure)
        noise = self._find_noise()
        return [
            Unclear(self._call_id, self._leg, *span) for span in unread if not lies_in(span, noise)
        ]

    async def _read_again(
        self, utterance: WaitingUtterance, policy: CommitPolicy, hypothesis: Hypothesis
    ) -> Hypothesis:
        """Return the words that may be believed, with those of other readings where this one had none."""
        window = utterance.window
        believed = drop_inventions(hypothesis, window, utterance.speech)
        again = await read_again(
            believed,
            window,
            settled=policy.committed,
            speech=utterance.speech,
            sure=utterance.sure,
            is_looped=len(believed.words) < len(hypothesis.words),
            read=lambda again: self._scheduler.transcribe(again, Urgency.FINAL),
        )
        return drop_noise(again, self._find_noise())

    @property
    def _is_behind(self) -> bool:
        """Say whether nobody waits for what is said now, or it was said a while ago."""
        return not self._plan.has_partials or self._follower.unread > CAUGHT_UP

    def _may_pack(self) -> bool:
        """Say whether an utterance may wait for others to be read with it: no word of it is settled."""
        return self._plan.packs > 0 and self._is_behind and not self._policy.committed

    async def _pack(self, closed: Closed) -> None:
        end = min(closed.end, self._heard.until)
        window = self._window(closed.number, closed.start, end, WindowKind.FINAL)
        self._windows.hear(closed.start, end)
        await self._packs.add(self._find_speech(closed, window))

    async def _settle_packed(self, utterance: WaitingUtterance, hypothesis: Hypothesis) -> None:
        await self._keep(utterance, self._open_policy(), hypothesis)

    async def _read_final(self, closed: Closed) -> tuple[Window, Hypothesis]:
        """Return the utterance's last reading: the one that was asked for when it fell silent, if nothing has been said since."""
        end = min(closed.end, self._heard.until)
        rest = self._rest
        if (
            rest
            and not closed.is_cut
            and rest.window.end >= end - PAUSE
            and (hypothesis := await rest.reading)
        ):
            return rest.window, hypothesis
        self._partials.cancel()
        start = self._choose_start(Opened(closed.number, closed.start))
        window = self._window(closed.number, start, end, WindowKind.FINAL)
        led = self._windows.put_behind_lead(window, closed.start)
        return window, await self._scheduler.transcribe(led, Urgency.FINAL)

    def _believe(self, hypothesis: Hypothesis, window: Window) -> Hypothesis:
        believed = drop_inventions(hypothesis, window, self._heard.find_speech(window.position))
        return drop_noise(believed, self._find_noise())

    def _window(self, utterance: int, start: int, end: int, kind: WindowKind) -> Window:
        return self._windows.make(utterance, start, end, kind, self._policy)

    def _forget(self) -> None:
        """Let go of audio that no window can ask for any more; a second before now may still begin an utterance."""
        opened = self._segmenter.open_utterance
        self._heard.forget(opened.start if opened else self._segmenter.position - SPEECH_RATE)

    def _tell_lag(self) -> None:
        if (lag_s := self._lag.look(self._count_waiting())) is not None:
            self._announce(Lagging(self._call_id, self._leg, lag_s))
