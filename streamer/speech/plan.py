"""How a leg is transcribed, and the two ways of it that were measured: for the bundled model, and for stock Whisper weights."""

from __future__ import annotations

from dataclasses import dataclass

from streamer.core.events import SPEECH_RATE
from streamer.speech.audio.segmenter import LONGEST
from streamer.speech.base import EncoderWindow


@dataclass(frozen=True, slots=True)
class SpeechPlan:
    """How a leg is transcribed; see `Window`. `longest` is the longest utterance in samples, `commit_policy` one of `COMMIT_POLICIES`.

    `language` None is to be detected: it is one of `languages`, or any that the model knows if there are none. `trim_beyond` is in
    samples: what a partial reads of an utterance begins behind settled words once it is longer. Utterances of a leg that is behind are
    read in `packs` of so many samples; 0: one by one. A final is read behind up to `lead_in` samples of what was said before it, itself
    included. A tentative word is shown once it ends `still_said` samples before the audio does, from the probability `least_tentative` on.
    """

    language: str | None = "en"
    languages: tuple[str, ...] = ()
    prompt: str = ""
    longest: int = LONGEST
    encoder_window: EncoderWindow = EncoderWindow.FULL
    carries_context: bool = False
    has_partials: bool = True
    has_timestamps: bool = False
    trim_beyond: int = 0
    packs: int = 0
    lead_in: int = 0
    still_said: int = SPEECH_RATE * 3 // 20
    least_tentative: float = 0.4
    partial_beam: int = 1
    final_beam: int = 5
    final_temperatures: tuple[float, ...] = (0.0, 0.4)
    commit_policy: str = "local-agreement"


BUNDLED = SpeechPlan(encoder_window=EncoderWindow.SHORT, partial_beam=5)
"""The bundled model was taught short windows without timestamps, and to pay no heed to context; a beam costs it 2 ms and halves its
errors. On the bundled call over a telephone line, 9 of the 14 tentative words below 0.4 were changed later, and 11 of the 148 above."""

STOCK = SpeechPlan(
    encoder_window=EncoderWindow.SHORT,
    has_timestamps=True,
    longest=24 * SPEECH_RATE,
    trim_beyond=8 * SPEECH_RATE,
    packs=12 * SPEECH_RATE,
    lead_in=8 * SPEECH_RATE,
    still_said=0,
    least_tentative=0.3,
    commit_policy="steady-agreement",
)
"""What BENCHMARKS.md shows of tiny.en and base: in short windows timestamps tell the decoder to stop, which is all that goes wrong
there; two readings that lie close together agree on the same mistake, so a word must stand for a while."""
