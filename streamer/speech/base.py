"""What recognition is asked and what it answers, and the seams where a recogniser, an engine, a detector or a policy plugs in.

Positions are samples at `SPEECH_RATE` on the leg's own time line; audio is 16-bit PCM, mono, at that rate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.events import SPEECH_RATE, Segment, Unclear, Word

FRAME = 512
"""Samples of a frame of voice activity, 32 ms; the size that Silero was trained on."""

MOST_NEW_TOKENS = 224
"""Half of Whisper's decoder positions; no window can be given more."""

MOST_NO_SPEECH = 0.6
LEAST_LOGPROB = -1.0
MOST_COMPRESSION = 2.4
"""Whisper's own thresholds for a result that looks wrong (Radford et al. 2022, section 4.5)."""

_TOKENS_PER_S = 14
_SPARE_TOKENS = 16


class WindowKind(StrEnum):
    """Whether the utterance is still open."""

    PARTIAL = "partial"
    FINAL = "final"


class EncoderWindow(StrEnum):
    """How much silence the encoder sees behind the audio.

    `FULL` pads to the 30 s that Whisper was trained on. `SHORT` pads by a margin, at a tenth of the cost, for models that were
    measured to bear it; a result that looks wrong is made again in full.
    """

    FULL = "full"
    SHORT = "short"


class Suspicion(StrEnum):
    """Why a hypothesis should not be believed as it stands."""

    NONE = ""
    TOKEN_CAP = "token cap"
    REPETITIVE = "repetitive"
    PAST_END = "words past the end of the audio"
    CRAMMED = "words in no time"
    SILENCE = "silence"
    ECHO = "echo of the prompt"
    SKIPPED = "skipped"
    """The engine died of this window, again and again, so it has no words."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one leg to be transcribed.

    `leg` names the leg among all calls. `position` is where `pcm` begins. `language` None lets the engine detect it, among `languages` if there are any. `prompt` holds
    the user's names, `context` what this leg has just said; both only hint. `max_new_tokens` 0 means `token_cap`. `has_timestamps` lets
    the decoder say when what it writes was said, which tells it to stop where the audio does. `lead` is what this leg said just before,
    as audio to be heard but not to be transcribed. Windows beside each other with the same `pack`, unless it is 0, are utterances of one
    leg that have been said already, and may be read as one. A recogniser may pay no heed to either.
    """

    leg: str
    utterance: int
    pcm: bytes
    position: int
    kind: WindowKind = WindowKind.PARTIAL
    language: str | None = "en"
    prompt: str = ""
    context: str = ""
    beam: int = 1
    temperatures: tuple[float, ...] = (0.0,)
    encoder_window: EncoderWindow = EncoderWindow.FULL
    max_new_tokens: int = 0
    has_timestamps: bool = False
    languages: tuple[str, ...] = ()
    lead: bytes = b""
    pack: int = 0

    @property
    def samples(self) -> int:
        """Count the samples."""
        return len(self.pcm) // SAMPLE_WIDTH

    @property
    def end(self) -> int:
        """Return the position behind the last sample."""
        return self.position + self.samples

    @property
    def duration_s(self) -> float:
        """Return its length in seconds."""
        return self.samples / SPEECH_RATE

    @property
    def token_cap(self) -> int:
        """Return how many tokens the engine may make of it: more than fast speech needs, far less than a loop takes."""
        roomy = _SPARE_TOKENS + int(_TOKENS_PER_S * self.duration_s)
        return min(self.max_new_tokens or roomy, MOST_NEW_TOKENS)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What is heard in one window; `start` and `end` are the window's, the words' times lie on the leg's time line.

    The `_s` fields are seconds of work, for statistics.
    """

    start: int
    end: int
    words: tuple[Word, ...] = ()
    avg_logprob: float = 0.0
    no_speech_prob: float = 0.0
    compression_ratio: float = 0.0
    language: str = "en"
    language_probability: float = 1.0
    suspicion: Suspicion = Suspicion.NONE
    encode_s: float = 0.0
    generate_s: float = 0.0
    align_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a loaded model is; `longest_window` is in samples: longer audio must be cut before.

    `fitting_hints` is how many words of the user's hints, from the first on, it has room for; None if that is not known.
    """

    name: str
    languages: tuple[str, ...]
    longest_window: int
    device: str
    compute_type: str
    inter_threads: int
    fitting_hints: int | None = None


def always() -> bool:
    """Return True: the work is always wanted."""
    return True


class Recogniser(Protocol):
    """Turns windows of many legs into words, wherever it does it; what the scheduler drives and a session begins.

    The one on this machine is `engine.supervisor.EngineProcess`, with an `Engine` in a process of its own. Others fit so:

    - One that is elsewhere posts each window's PCM and hints, and places the answer's words on the leg's time line from
      `Window.position` on. `slots` is how many requests its server takes. It tries again by itself and marks what it gives up as
      `Suspicion.SKIPPED`; `ready` raises ModelError for what trying again would not help, as a refused key.
    - One that streams (chunk in, words out, state kept) keeps its state by `Window.leg` and `utterance`. Windows of an utterance
      come one after the other: each partial reaches further than the one before, so only the samples behind the last `Window.end`
      are new to it, and it answers with all its words from `Window.position` on. A partial may be cancelled; its samples come
      again. The final covers the whole utterance and ends the state, as the leg's next utterance does; where a leg catches up,
      it is all that is asked. If what was once heard never changes, a `CommitPolicy` that settles every word at once goes with it.
    """

    @property
    def slots(self) -> int:
        """Return how many jobs it works on at the same time; more only wait inside it."""

    @property
    def is_loading(self) -> bool:
        """Say whether it has been started and cannot answer yet, nor has given up."""

    def start(self) -> None:
        """Begin to load the model, or to connect, in the background; idempotent."""

    async def ready(self) -> ModelFacts:
        """Wait until it has been started and can answer, and say what is loaded.

        Raises:
            ModelError: It never will.
        """

    async def transcribe(self, windows: Sequence[Window]) -> list[Hypothesis]:
        """Return one hypothesis a window, in order; what cannot be transcribed is marked `Suspicion.SKIPPED`.

        Waits until it is ready. A caller that is cancelled is not waited for any more: the work ends as soon as it can.

        Raises:
            ModelError: The model cannot be loaded.
        """


class Engine(Protocol):
    """A model that transcribes windows; lives in a process of its own, see `engine.worker`."""

    @property
    def facts(self) -> ModelFacts:
        """Say what is loaded."""

    def transcribe(
        self, windows: Sequence[Window], *, is_wanted: Callable[[], bool] = always
    ) -> list[Hypothesis]:
        """Return one hypothesis a window, in order; blocks, and may be called from `inter_threads` threads at once.

        `is_wanted` is asked between two steps, since none can be interrupted; when it says no, the list is empty.
        """


class Vad(Protocol):
    """Tells speech from everything else on one leg; keeps state from call to call."""

    def feed(self, pcm: bytes) -> list[float]:
        """Return the speech probability of each frame of `FRAME` samples that is now complete."""


class CommitPolicy(Protocol):
    """Decides which words of one utterance are settled; pure, one object an utterance."""

    @property
    def committed(self) -> tuple[Word, ...]:
        """All words settled so far; only grows."""

    @property
    def tentative(self) -> tuple[Word, ...]:
        """What the newest hypothesis says behind them."""

    @property
    def trim_point(self) -> int | None:
        """Where the next partial's window may begin, so that it need not hear again what is settled; None for the whole utterance."""

    def update(self, hypothesis: Hypothesis) -> list[Word]:
        """Take a newer hypothesis and return the words that are settled by it."""

    def finish(self, hypothesis: Hypothesis | None) -> list[Word]:
        """Take the utterance's final hypothesis and settle the rest of it; None leaves what is committed."""


class SegmentWriter(Protocol):
    """Where one leg's settled words are kept."""

    @property
    def position(self) -> int:
        """Return the sample up to which the leg is settled; the transcriber begins there."""

    @property
    def utterance(self) -> int:
        """Return the number of its last utterance, with or without words."""

    async def keep(
        self,
        segment: Segment | None,
        *,
        position: int,
        utterance: int,
        unclear: Sequence[Unclear] = (),
    ) -> bool:
        """Keep a segment, None for an utterance without words, how far the leg is settled now, and what stayed unclear in it.

        What returns True has been kept and may be announced; on False another process was first.
        """

    async def reach(self, position: int) -> None:
        """Take note that the leg has no further words up to a position."""

    async def complete(self) -> None:
        """Record that the leg has been transcribed to its end."""
