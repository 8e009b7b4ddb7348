"""One leg, with a scripted voice activity and a scripted engine: the path is real, the decoders are not."""

import asyncio
import wave
from dataclasses import replace
from typing import Any

import pytest

from streamer.core.events import SPEECH_RATE, Final, Lagging, Partial, Segment, Unclear, Word
from streamer.errors import ModelError
from streamer.speech.audio.leg_reader import Follower, Pause
from streamer.speech.base import FRAME, Hypothesis, Suspicion, WindowKind
from streamer.speech.plan import SpeechPlan
from streamer.speech.scheduler import Scheduler
from streamer.speech.transcriber import LegTranscriber
from tests.fakes.recogniser import LoadedRecogniser
from tests.fakes.segment_writer import MemoryWriter

LOUD = b"\x00\x40"
QUIET = b"\x00\x00"


def seconds(sample, count):
    return sample * int(count * SPEECH_RATE)


class LoudIsSpeech:
    """Voice activity by the first sample of each frame."""

    def __init__(self):
        self._unread = b""

    def feed(self, pcm):
        self._unread += pcm
        size = FRAME * 2
        whole = len(self._unread) // size
        frames = [self._unread[n * size : n * size + 2] for n in range(whole)]
        self._unread = self._unread[whole * size :]
        return [1.0 if frame == LOUD else 0.0 for frame in frames]

    def reset(self):
        self._unread = b""


class WordPerSecond(LoadedRecogniser):
    """Reads one word in each whole second of the leg's time that a window holds."""

    def __init__(self):
        self.windows = []
        self.requests = 0
        self.fail = None
        self.skip = set()
        self.doubted = set()

    async def transcribe(self, windows):
        self.requests += 1
        self.windows += windows
        await asyncio.sleep(0)
        if self.fail is not None:
            raise self.fail
        return [self._read(window) for window in windows]

    def _read(self, window):
        if window.utterance in self.skip:
            return Hypothesis(window.position, window.end, suspicion=Suspicion.SKIPPED)
        first = -(-window.position // SPEECH_RATE)
        words = tuple(
            Word(
                f"w{n}",
                n * SPEECH_RATE,
                n * SPEECH_RATE + SPEECH_RATE // 2,
                0.2 if n in self.doubted else 0.99,
            )
            for n in range(first, window.end // SPEECH_RATE + 1)
            if n * SPEECH_RATE + SPEECH_RATE // 2 <= window.end
        )
        return Hypothesis(window.position, window.end, words)


class PacedFollower:
    """Hands out half a second at a time, each when the engine has answered what was asked before; keeps the time."""

    def __init__(self, pcm):
        self.unread = 0
        self.now = 0.0
        self._pieces = [pcm[n : n + SPEECH_RATE] for n in range(0, len(pcm), SPEECH_RATE)]

    async def read(self):
        for _ in range(20):
            await asyncio.sleep(0)
        self.now += 0.5
        return self._pieces.pop(0) if self._pieces else Pause.ENDED

    def close(self):
        pass


class Bench:
    def __init__(self, folder, pcm, **plan):
        self.folder = folder
        self.engine: Any = WordPerSecond()
        self.writer = MemoryWriter()
        self.vad = LoudIsSpeech()
        self.events = []
        self.kept_before_announced = []
        self.plan = SpeechPlan(**plan)
        self.noise: list[tuple[int, int]] = []
        self.others: Any = None
        self.transcriber: LegTranscriber
        with wave.open(str(folder / "a.wav"), "wb") as wav:
            wav.setparams((1, 2, SPEECH_RATE, 0, "NONE", ""))
            wav.writeframes(pcm)

    def announce(self, event):
        if isinstance(event, Final):
            self.kept_before_announced.append(event.segment in self.writer.segments)
        self.events.append(event)

    async def run(self, paced=None):
        scheduler = Scheduler(self.engine, slots=self.engine.slots)
        follower = paced or Follower(
            self.folder / "a.wav", is_live=lambda: False, position=self.writer.position
        )
        self.transcriber = LegTranscriber(
            "call",
            "a",
            follower=follower,
            vad=self.vad,
            scheduler=scheduler,
            writer=self.writer,
            plan=self.plan,
            announce=self.announce,
            find_noise=lambda: self.noise,
            others=self.others,
        )
        try:
            await self.transcriber.run()
        finally:
            await scheduler.aclose()

    def partials(self):
        return [event for event in self.events if isinstance(event, Partial)]

    def finals(self):
        return [event.segment for event in self.events if isinstance(event, Final)]


TALK = (
    seconds(QUIET, 1) + seconds(LOUD, 4) + seconds(QUIET, 2) + seconds(LOUD, 3) + seconds(QUIET, 1)
)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, TALK, has_partials=False)


async def test_each_utterance_becomes_one_segment_on_the_legs_time_line(bench):
    await bench.run()
    assert [segment.text for segment in bench.finals()] == ["w1 w2 w3 w4", "w7 w8 w9"]
    assert [segment.utterance for segment in bench.finals()] == [1, 2]
    assert bench.finals()[1].start_s == pytest.approx(6.7, abs=0.05)


async def test_no_words_come_from_where_a_leg_is_noise(bench):
    bench.noise = [(2 * SPEECH_RATE, 8 * SPEECH_RATE)]
    await bench.run()
    assert [segment.text for segment in bench.finals()] == ["w1", "w8 w9"]


async def test_noise_that_is_known_only_when_it_was_heard_gets_no_words_either(bench):
    hear = bench.vad.feed

    def feed(pcm):
        bench.noise = [(2 * SPEECH_RATE, 100 * SPEECH_RATE)]
        return hear(pcm)

    bench.vad.feed = feed
    await bench.run()
    assert [segment.text for segment in bench.finals()] == ["w1"]
    assert [event for event in bench.events if isinstance(event, Unclear)] == []


async def test_a_final_is_kept_before_it_is_announced(bench):
    await bench.run()
    assert bench.kept_before_announced == [True, True]
    assert bench.writer.is_complete


async def test_a_transcriber_that_starts_again_goes_on_and_says_nothing_twice(bench):
    bench.engine.skip = set()
    real = bench.announce

    def die_after_the_first(event):
        real(event)
        raise RuntimeError("killed")

    bench.announce = die_after_the_first
    with pytest.raises(RuntimeError):
        await bench.run()
    bench.announce = real
    await bench.run()
    assert [segment.text for segment in bench.finals()] == ["w1 w2 w3 w4", "w7 w8 w9"]
    assert [segment.utterance for segment in bench.writer.segments] == [1, 2]


async def test_an_utterance_that_ends_with_the_call_is_settled(tmp_path):
    bench = Bench(tmp_path, seconds(QUIET, 1) + seconds(LOUD, 2), has_partials=False)
    await bench.run()
    assert [segment.text for segment in bench.finals()] == ["w1 w2"]


async def test_silence_is_read_by_nobody(tmp_path):
    bench = Bench(tmp_path, seconds(QUIET, 60))
    await bench.run()
    assert bench.engine.windows == []
    assert bench.finals() == []


async def test_a_leg_that_is_behind_asks_for_no_partials_and_says_its_lag(tmp_path):
    bench = Bench(tmp_path, TALK * 10)
    await bench.run()
    assert {window.kind for window in bench.engine.windows[:10]} == {WindowKind.FINAL}
    lags = [event.lag_s for event in bench.events if isinstance(event, Lagging)]
    assert lags[0] > 30
    assert lags[-1] == 0.0


async def test_a_window_that_cannot_be_read_is_counted_and_the_rest_goes_on(bench):
    bench.engine.skip = {1}
    await bench.run()
    assert [segment.text for segment in bench.finals()] == ["w7 w8 w9"]
    assert bench.transcriber.skipped == 1


async def test_a_model_that_cannot_be_loaded_ends_the_text_with_its_reason(bench):
    bench.engine.fail = ModelError("broken")
    with pytest.raises(ModelError):
        await bench.run()
    assert not bench.writer.is_complete


async def test_a_long_utterance_is_cut_and_no_word_is_lost_or_doubled(tmp_path):
    bench = Bench(
        tmp_path, seconds(QUIET, 1) + seconds(LOUD, 40) + seconds(QUIET, 1), has_partials=False
    )
    await bench.run()
    said = " ".join(segment.text for segment in bench.finals()).split()
    assert said == sorted(set(said), key=lambda word: int(word[1:]))
    assert len(said) >= 38
    assert max(window.duration_s for window in bench.engine.windows) <= 14.1


async def test_partials_grow_and_the_final_begins_with_what_was_committed(tmp_path):
    bench = Bench(tmp_path, b"")
    await bench.run(PacedFollower(TALK))
    shown = [
        " ".join(word.text for word in (*partial.committed, *partial.tentative))
        for partial in bench.partials()
        if partial.utterance == 1
    ]
    assert shown == sorted(shown, key=len)
    assert "w1 w2 w3" in shown
    for partial in bench.partials():
        final = next(s for s in bench.finals() if s.utterance == partial.utterance)
        assert final.words[: len(partial.committed)] == partial.committed
    assert any(partial.committed for partial in bench.partials())


async def test_a_word_that_the_model_doubts_is_not_shown_but_settled_in_the_end(tmp_path):
    bench = Bench(tmp_path, b"")
    bench.engine.doubted = {2}
    await bench.run(PacedFollower(TALK))
    tentative = {word.text for p in bench.partials() for word in p.tentative}
    assert "w2" not in tentative
    assert tentative >= {"w1", "w3"}
    assert [segment.text for segment in bench.finals()][0] == "w1 w2 w3 w4"


async def test_context_is_given_only_to_models_that_bear_it(tmp_path):
    bench = Bench(tmp_path, TALK, has_partials=False, carries_context=True)
    await bench.run()
    assert [window.context for window in bench.engine.windows] == ["", "w1 w2 w3 w4"]


async def test_memory_holds_one_utterance_whatever_the_length_of_the_call(tmp_path):
    bench = Bench(tmp_path, TALK * 20, has_partials=False)
    await bench.run()
    assert len(bench.transcriber._heard.cut(0, 2**40)) <= 20 * SPEECH_RATE * 2


async def test_what_somebody_else_has_settled_is_not_announced_again(bench):
    first = Segment("a", 1, 0, 16_000, (Word("theirs", 0, 16_000, 0.9),))
    bench.writer.segments.append(first)
    await bench.run()
    assert [segment.utterance for segment in bench.finals()] == [2]


async def test_what_is_read_in_the_pause_is_the_final_and_nothing_is_read_after_it(tmp_path):
    bench = Bench(tmp_path, b"")
    await bench.run(PacedFollower(TALK))
    finals = [window for window in bench.engine.windows if window.kind is WindowKind.FINAL]
    assert [window.utterance for window in finals] == [1, 2], "one each"
    for window, segment in zip(finals, bench.finals(), strict=True):
        assert window.end <= segment.end
    assert [segment.text for segment in bench.finals()] == ["w1 w2 w3 w4", "w7 w8 w9"]


async def test_an_utterance_that_goes_on_after_a_pause_is_read_again_to_its_end(tmp_path):
    hesitant = seconds(QUIET, 1) + seconds(LOUD, 2) + seconds(QUIET, 0.5) + seconds(LOUD, 2)
    bench = Bench(tmp_path, b"")
    await bench.run(PacedFollower(hesitant + seconds(QUIET, 1)))
    finals = [window for window in bench.engine.windows if window.kind is WindowKind.FINAL]
    assert [window.utterance for window in finals] == [1, 1]
    assert [segment.text for segment in bench.finals()] == ["w1 w2 w3 w4 w5"]


async def test_what_an_older_window_says_does_not_undo_a_newer_one(tmp_path):
    bench = Bench(tmp_path, b"")
    bench.engine = OldestLast()
    await bench.run(PacedFollower(seconds(QUIET, 1) + seconds(LOUD, 8) + seconds(QUIET, 1)))
    ends = [partial.end for partial in bench.partials()]
    assert ends == sorted(ends)


class OldestLast(WordPerSecond):
    """Lets every second window wait until the one after it has been read."""

    slots = 2

    def __init__(self):
        super().__init__()
        self._turns = 0

    async def transcribe(self, windows):
        self._turns += 1
        if self._turns % 2:
            for _ in range(60):
                await asyncio.sleep(0)
        return await super().transcribe(windows)


TURNS = (seconds(QUIET, 1) + seconds(LOUD, 1)) * 10 + seconds(QUIET, 1)


async def test_short_turns_of_a_leg_that_is_behind_are_read_together(tmp_path):
    bench = Bench(tmp_path, TURNS, has_partials=False, packs=12 * SPEECH_RATE)
    await bench.run()
    assert bench.engine.requests == 2
    assert {window.pack for window in bench.engine.windows} == {1, 2}
    finals = bench.finals()
    assert [segment.utterance for segment in finals] == list(range(1, 11))
    assert [segment.text for segment in finals] == [f"w{2 * n + 1}" for n in range(10)]
    assert bench.kept_before_announced == [True] * 10


class CatchingUp(PacedFollower):
    """Is behind until the given second."""

    def __init__(self, pcm, until):
        super().__init__(pcm)
        self.unread = 10 * SPEECH_RATE
        self._until = until

    async def read(self):
        if self.now >= self._until:
            self.unread = 0
        return await super().read()


async def test_a_leg_that_has_caught_up_settles_what_was_packed_before_it_goes_on(tmp_path):
    bench = Bench(tmp_path, b"", packs=60 * SPEECH_RATE)
    await bench.run(CatchingUp(TURNS, until=9))
    assert [segment.utterance for segment in bench.finals()] == list(range(1, 11))
    windows = bench.engine.windows
    assert [w.utterance for w in windows if w.pack] == [1, 2, 3, 4], "four turns at once"
    assert any(w.kind is WindowKind.PARTIAL and w.utterance == 6 for w in windows)


async def test_of_a_pack_only_the_utterance_that_cannot_be_read_is_lost(tmp_path):
    bench = Bench(tmp_path, TALK * 3, has_partials=False, packs=10 * SPEECH_RATE)
    bench.engine.skip = {2}
    await bench.run()
    assert bench.transcriber.skipped == 1
    assert [segment.utterance for segment in bench.finals()] == [1, 3, 4, 5, 6]


async def test_a_final_is_read_behind_what_was_said_before_it_and_a_partial_is_not(tmp_path):
    bench = Bench(tmp_path, b"", lead_in=8 * SPEECH_RATE, trim_beyond=8 * SPEECH_RATE)
    await bench.run(PacedFollower(TALK))
    second = [window for window in bench.engine.windows if window.utterance == 2]
    leads = {window.kind: len(window.lead) // 2 for window in second}
    assert leads[WindowKind.PARTIAL] == 0
    assert 4 * SPEECH_RATE < leads[WindowKind.FINAL] <= 5 * SPEECH_RATE
    assert [segment.text for segment in bench.finals()] == ["w1 w2 w3 w4", "w7 w8 w9"]


async def test_the_rest_of_a_long_utterance_is_read_behind_its_own_words(tmp_path):
    bench = Bench(tmp_path, b"", lead_in=8 * SPEECH_RATE, trim_beyond=4 * SPEECH_RATE)
    await bench.run(PacedFollower(TALK[: 2 * SPEECH_RATE] + seconds(LOUD, 12) + seconds(QUIET, 1)))
    (final,) = [window for window in bench.engine.windows if window.kind is WindowKind.FINAL]
    assert final.position > 4 * SPEECH_RATE
    assert final.samples + len(final.lead) // 2 == 8 * SPEECH_RATE
    assert set(final.lead[::2]) == {LOUD[0]}
    assert bench.finals()[0].text == " ".join(f"w{n}" for n in range(1, 13))


class DeafInside(WordPerSecond):
    """Hears nothing between the second and the ninth second, unless asked as `opens_at` says."""

    def __init__(self, opens_at=None):
        super().__init__()
        self._opens_at = opens_at

    async def transcribe(self, windows):
        (hypothesis,) = await super().transcribe(windows)
        if self._opens_at and self._opens_at(windows[0]):
            return [hypothesis]
        heard = tuple(w for w in hypothesis.words if not 2 <= w.start_s < 9)
        return [replace(hypothesis, words=heard)]


LONG_TALK = seconds(QUIET, 1) + seconds(LOUD, 10) + seconds(QUIET, 1)


def unclear_of(bench):
    return [event for event in bench.events if isinstance(event, Unclear)]


async def test_speech_without_words_is_read_again_as_a_window_of_its_own(tmp_path):
    bench = Bench(tmp_path, LONG_TALK, has_partials=False)
    bench.engine = DeafInside(opens_at=lambda window: window.duration_s < 9)
    await bench.run()
    assert bench.finals()[0].text == " ".join(f"w{n}" for n in range(1, 11))
    whole, again = bench.engine.windows
    assert again.position > whole.position
    assert again.temperatures == (0.0,)
    assert unclear_of(bench) == bench.writer.unclear == []


async def test_it_is_read_once_more_at_a_higher_temperature(tmp_path):
    bench = Bench(tmp_path, LONG_TALK, has_partials=False)
    bench.engine = DeafInside(opens_at=lambda window: window.temperatures == (0.4,))
    await bench.run()
    assert bench.finals()[0].text == " ".join(f"w{n}" for n in range(1, 11))
    assert unclear_of(bench) == []


async def test_what_stays_without_words_is_kept_and_said(tmp_path):
    bench = Bench(tmp_path, LONG_TALK, has_partials=False)
    bench.engine = DeafInside()
    await bench.run()
    assert bench.finals()[0].text == "w1 w9 w10"
    (said,) = unclear_of(bench)
    assert bench.writer.unclear == [said]
    assert (said.call_id, said.leg) == ("call", "a")
    assert said.start / SPEECH_RATE == pytest.approx(1.6, abs=0.1)
    assert said.end / SPEECH_RATE == pytest.approx(8.9, abs=0.1)
    assert len(bench.engine.windows) == 3


async def test_what_nobody_could_read_is_not_called_unclear(tmp_path):
    bench = Bench(tmp_path, LONG_TALK, has_partials=False)
    bench.engine.skip = {1}
    await bench.run()
    assert unclear_of(bench) == []
    assert len(bench.engine.windows) == 1


class Unsure(LoudIsSpeech):
    """Hears speech everywhere it is loud, but is not sure of it, as of music."""

    def feed(self, pcm):
        return [0.7 * p for p in super().feed(pcm)]


async def test_sounds_of_which_voice_activity_is_not_sure_are_neither_read_again_nor_unclear(
    tmp_path,
):
    bench = Bench(tmp_path, LONG_TALK, has_partials=False)
    bench.engine, bench.vad = DeafInside(), Unsure()
    await bench.run()
    assert unclear_of(bench) == []
    assert len(bench.engine.windows) == 1


async def test_what_cannot_be_put_in_front_of_settled_words_any_more_is_unclear_at_once(tmp_path):
    bench = Bench(tmp_path, b"")
    bench.engine = DeafInside(opens_at=lambda window: window.position > 2 * SPEECH_RATE)
    await bench.run(PacedFollower(LONG_TALK + seconds(QUIET, 1)))
    committed = [p.committed for p in bench.partials()]
    final = bench.finals()[0].words
    assert all(final[: len(words)] == words for words in committed)
    for unclear in unclear_of(bench):
        assert not [w for w in final if unclear.start <= w.start < unclear.end]


class EchoUntil:
    """Takes what begins before a second for an echo."""

    def __init__(self, second):
        self.until = second * SPEECH_RATE

    async def explain(self, pcm, start):
        return start < self.until


@pytest.mark.parametrize("packs", [0, 6])
async def test_an_utterance_that_is_only_an_echo_is_settled_without_being_read(bench, packs):
    bench.plan = replace(bench.plan, packs=packs)
    bench.others = EchoUntil(5)
    await bench.run()
    assert [segment.text for segment in bench.finals()] == ["w7 w8 w9"]
    assert [segment.utterance for segment in bench.finals()] == [2]
    assert all(window.position >= 5 * SPEECH_RATE for window in bench.engine.windows)
    assert bench.writer.is_complete


async def test_an_echo_has_no_partial(tmp_path):
    bench = Bench(tmp_path, TALK)
    bench.others = EchoUntil(5)
    await bench.run()
    assert {event.utterance for event in bench.partials()} <= {2}
