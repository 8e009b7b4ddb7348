"""Who is read when, on a clock that jumps: the transcribers and the scheduler are real, voice activity and the engine are not.

Every leg says four seconds, is silent for one, and so on; the engine takes a fixed time for a window, so that all moments are exact.
"""

import asyncio
from collections import Counter, defaultdict

import pytest

from streamer.core.events import SPEECH_RATE, Final, Word
from streamer.speech.audio.leg_reader import Pause
from streamer.speech.base import FRAME, Hypothesis, WindowKind
from streamer.speech.plan import STOCK
from streamer.speech.scheduler import Scheduler
from streamer.speech.transcriber import STEP, LegTranscriber
from tests.fakes.recogniser import LoadedRecogniser
from tests.fakes.segment_writer import MemoryWriter
from tools.bench.real import virtual

TALK_S, SILENCE_S = 4.0, 1.0
LONGEST_STEP_S = STEP / SPEECH_RATE + 0.05
"""From one partial to the next where the engine costs nothing: the audio comes in pieces of 20 ms, in frames of 32."""


class Engine(LoadedRecogniser):
    """Takes `costs(now)` seconds for a window, and hears a word a second."""

    def __init__(self, costs):
        self.costs = costs
        self.begun = []
        """Moment and window of each reading."""
        self.done = defaultdict(list)
        """By leg: moment at which a reading was done, and its window."""

    async def transcribe(self, windows):
        loop = asyncio.get_running_loop()
        self.begun += [(loop.time(), window) for window in windows]
        await asyncio.sleep(sum(self.costs(loop.time()) for _ in windows))
        for window in windows:
            self.done[window.leg].append((loop.time(), window))
        return [Hypothesis(w.position, w.end, tuple(words_in(w))) for w in windows]

    def count(self, kind, leg=None):
        legs = [leg] if leg else list(self.done)
        return sum(w.kind is kind for name in legs for _, w in self.done[name])

    def delays(self, leg):
        """From the end of what a reading holds to its answer, for each final of a leg."""
        done = [(at, w) for at, w in self.done[leg] if w.kind is WindowKind.FINAL]
        return [at - w.end / SPEECH_RATE for at, w in done]


def words_in(window):
    first = -(-window.position // SPEECH_RATE)
    for n in range(first, window.end // SPEECH_RATE):
        yield Word(f"w{n}", n * SPEECH_RATE, n * SPEECH_RATE + SPEECH_RATE // 2, 0.99)


class Line:
    """A leg that is being said, beginning with `quiet_s` seconds of silence; the samples say which it is."""

    def __init__(self, quiet_s, length_s):
        talk, silence = (
            b"\x00\x40" * int(TALK_S * SPEECH_RATE),
            bytes(int(SILENCE_S * SPEECH_RATE) * 2),
        )
        turns = int(length_s / (TALK_S + SILENCE_S))
        self._pcm = bytes(int(quiet_s * SPEECH_RATE) * 2) + (talk + silence) * turns
        self._read = 0

    @property
    def unread(self):
        said = min(int(asyncio.get_running_loop().time() * SPEECH_RATE), len(self._pcm) // 2)
        return said - self._read

    async def read(self):
        while not self.unread:
            if self._read >= len(self._pcm) // 2:
                return Pause.ENDED
            await asyncio.sleep(0.02)
        begin, self._read = self._read, self._read + min(self.unread, SPEECH_RATE // 2)
        return self._pcm[begin * 2 : self._read * 2]

    def close(self):
        pass


class LoudIsSpeech:
    def __init__(self):
        self._unread = b""

    def feed(self, pcm):
        self._unread += pcm
        whole = len(self._unread) // (FRAME * 2)
        frames = [self._unread[n * FRAME * 2 : (n + 1) * FRAME * 2] for n in range(whole)]
        self._unread = self._unread[whole * FRAME * 2 :]
        return [float(any(frame)) for frame in frames]

    def reset(self):
        self._unread = b""


def listen(legs, *, costs, slots=1, length_s=20, starts=None):
    """Transcribe so many legs to their end; return the engine and each leg's finals with their moments."""
    engine = Engine(costs if callable(costs) else lambda _: costs)
    finals = defaultdict(list)
    starts = starts or [0.61 * (n + 1) % (TALK_S + SILENCE_S) for n in range(legs)]

    async def main():
        loop = asyncio.get_running_loop()
        scheduler = Scheduler(engine, slots=slots, clock=loop.time)

        def follow(name, start):
            def announce(event):
                if isinstance(event, Final):
                    finals[name].append((loop.time(), event.segment))

            return LegTranscriber(
                name,
                "leg",
                follower=Line(start, length_s),
                vad=LoudIsSpeech(),
                scheduler=scheduler,
                writer=MemoryWriter(),
                plan=STOCK,
                announce=announce,
            ).run()

        await asyncio.gather(*(follow(f"{n}", start) for n, start in enumerate(starts)))
        await scheduler.aclose()

    virtual.run(main())
    turns = int(length_s / (TALK_S + SILENCE_S))
    assert {name: len(said) for name, said in finals.items()} == dict.fromkeys(
        map(str, range(legs)), turns
    ), "every utterance of every leg is settled, once"
    return engine, finals


def partials_of(engine):
    return Counter({leg: engine.count(WindowKind.PARTIAL, leg) for leg in engine.done})


def gaps(engine, leg):
    """Between the ends of two partials of one utterance, in seconds of audio."""
    windows = [w for _, w in engine.done[leg] if w.kind is WindowKind.PARTIAL]
    pairs = zip(windows, windows[1:], strict=False)
    return [(b.end - a.end) / SPEECH_RATE for a, b in pairs if a.utterance == b.utterance]


def test_one_leg_alone_has_the_whole_engine():
    engine, _ = listen(1, costs=0.3)
    assert max(gaps(engine, "0/leg")) <= 0.3 + 0.05, "the next begins when the last is done"
    two, _ = listen(1, costs=0.3, slots=2)
    assert max(gaps(two, "0/leg")) <= LONGEST_STEP_S, (
        "two are read at once where nobody else speaks"
    )


def test_no_rest_is_taken_where_a_window_costs_little():
    engine, _ = listen(1, costs=0.01)
    assert max(gaps(engine, "0/leg")) <= LONGEST_STEP_S


@pytest.mark.parametrize(("legs", "costs"), [(2, 0.2), (8, 0.1), (40, 0.02)])
def test_legs_share_the_engine_fairly(legs, costs):
    engine, _ = listen(legs, costs=costs)
    partials = partials_of(engine)
    assert min(partials.values()) >= 0.7 * max(partials.values())
    assert len(partials) == legs


@pytest.mark.parametrize(("legs", "costs"), [(2, 0.2), (8, 0.1), (40, 0.02)])
def test_a_final_waits_for_no_partial_but_the_one_that_is_read(legs, costs):
    engine, _ = listen(legs, costs=costs)
    asked_within_s = 0.2  # of the silence that ends it
    for leg in engine.done:
        assert max(engine.delays(leg)) <= asked_within_s + 4 * costs, leg


def test_a_burst_of_finals_is_read_before_any_partial():
    """Twenty legs fall silent at once while one goes on."""
    engine, _ = listen(21, costs=0.05, starts=[*[0.5] * 20, 2.5], length_s=5)
    order = [w.kind for at, w in engine.begun if at > 0.5 + TALK_S]
    burst = order.index(WindowKind.FINAL)
    finals = order[burst : burst + 20]
    assert finals.count(WindowKind.FINAL) == 20
    assert WindowKind.PARTIAL in order[burst + 20 :], "then the one that goes on has its turn"


def test_an_engine_that_becomes_slow_costs_partials_and_no_words():
    """Between the tenth and the twentieth second a window takes three seconds, for four legs."""
    engine, finals = listen(4, costs=lambda now: 3.0 if 10 < now < 20 else 0.1, length_s=40)
    slow = [w.kind for at, w in engine.begun if 12 < at < 20]
    assert slow.count(WindowKind.FINAL) >= len(slow) - 1, "partials are what is left out"
    for said in finals.values():
        at, segment = said[-1]
        assert at - segment.end / SPEECH_RATE < 1.0, "and it catches up"
