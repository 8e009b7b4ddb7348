"""Where utterances begin and end: a state machine on speech probabilities, one per frame.

Theory of operation.

    SILENT   --a frame of speech--> STARTING --speech for `START`--> SPEAKING
    STARTING --a frame below SPEECH--> SILENT
    SPEAKING --a frame below SILENCE--> ENDING --a frame of speech--> SPEAKING
    ENDING   --`END_SILENCE` since then, or the audio ends or stalls--> SILENT
    ENDING   --`LATE_PAUSE` since then, in the last `CUT_SEARCH` before the utterance is `longest`--> SILENT
    SPEAKING --the utterance is `longest`--> SPEAKING, in a new utterance that begins at the least likely frame of `CUT_SEARCH`

An utterance that has become long takes the first pause, so that few must be cut in the middle of talk. A cut never lies before the
end of what is committed: the next utterance would hold those words again.

Between the two thresholds nothing changes, so that a voice that trails off does not flicker. Positions are samples of the leg;
utterances never overlap, and what lies between two of them is silence.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

from streamer.core.events import SPEECH_RATE
from streamer.speech.base import FRAME

SPEECH = 0.5
"""Probability from which a frame is speech."""

SILENCE = 0.35
"""Probability below which it is silence; both are Silero's own."""

START = SPEECH_RATE * 64 // 1000
PRE_ROLL = SPEECH_RATE * 300 // 1000
"""Samples in front of the first frame of speech, where soft consonants are."""

POST_ROLL = SPEECH_RATE * 300 // 1000
"""Samples behind the last frame of speech that still belong to the utterance."""

END_SILENCE = SPEECH_RATE * 600 // 1000
LATE_PAUSE = SPEECH_RATE * 190 // 1000
"""Samples of silence that end an utterance which has become long: six frames, longer than the stop of a consonant."""

LONGEST = SPEECH_RATE * 14
CUT_SEARCH = SPEECH_RATE * 4
"""Samples before the cut of an utterance that is too long in which its quietest frame is looked for."""


class _State(Enum):
    SILENT = auto()
    STARTING = auto()
    SPEAKING = auto()
    ENDING = auto()


@dataclass(frozen=True, slots=True)
class Opened:
    """An utterance has begun; `number` counts from 1."""

    number: int
    start: int


@dataclass(frozen=True, slots=True)
class Closed:
    """An utterance has ended; `is_cut` says that it was too long and the next one follows without a pause."""

    number: int
    start: int
    end: int
    is_cut: bool = False


Change = Opened | Closed


class Segmenter:
    """Turn one leg's frames into utterances.

    `longest` is in samples, for models that take less than 14 s; an utterance may be longer by less than a frame.
    """

    def __init__(self, *, longest: int = LONGEST, first_number: int = 1, position: int = 0) -> None:
        self._longest = longest
        self._cut_search = min(CUT_SEARCH, longest // 2)
        self._recent: deque[float] = deque(maxlen=self._cut_search // FRAME)
        self._state = _State.SILENT
        self._number = first_number - 1
        self._floor = position
        self._position = position
        self._speech_start = position
        self._silence_start = position
        self._start = position
        self.settled_until = position
        """Where the committed words end; the transcriber keeps it up to date."""

    @property
    def open_utterance(self) -> Opened | None:
        """The utterance that is being said."""
        return Opened(self._number, self._start) if self._is_open else None

    @property
    def pause_start(self) -> int | None:
        """Where the open utterance fell silent; None while it is being said."""
        return self._silence_start if self._state is _State.ENDING else None

    @property
    def position(self) -> int:
        """The sample behind the last frame."""
        return self._position

    @property
    def _is_open(self) -> bool:
        return self._state in (_State.SPEAKING, _State.ENDING)

    @property
    def _patience(self) -> int:
        """How much silence ends the open utterance."""
        is_long = self._position - self._start >= self._longest - self._cut_search
        return LATE_PAUSE if is_long else END_SILENCE

    def feed(self, probability: float) -> list[Change]:
        """Take the next frame's speech probability and return what begins or ends with it."""
        frame_start = self._position
        self._position += FRAME
        self._recent.append(probability)
        if not self._is_open:
            return self._listen(probability, frame_start)
        self._follow(probability, frame_start)
        if self._state is _State.ENDING and self._position - self._silence_start >= self._patience:
            return [self._close()]
        if self._position - self._start >= self._longest:
            return self._cut()
        return []

    def stalled(self) -> list[Change]:
        """End the open utterance: no audio comes any more, for now."""
        was_open = self._is_open
        if self._state is not _State.ENDING:
            self._silence_start = self._position
        if not was_open:
            self._state = _State.SILENT
            return []
        return [self._close()]

    def end_of_stream(self) -> list[Change]:
        """End the open utterance: the call is over."""
        return self.stalled()

    def _listen(self, probability: float, frame_start: int) -> list[Change]:
        if probability < SPEECH:
            self._state = _State.SILENT
            return []
        if self._state is _State.SILENT:
            self._state = _State.STARTING
            self._speech_start = frame_start
        if self._position - self._speech_start < START:
            return []
        return [self._open(max(self._floor, self._speech_start - PRE_ROLL))]

    def _follow(self, probability: float, frame_start: int) -> None:
        if probability >= SPEECH:
            self._state = _State.SPEAKING
        elif probability < SILENCE and self._state is _State.SPEAKING:
            self._state = _State.ENDING
            self._silence_start = frame_start

    def _open(self, start: int) -> Opened:
        self._state = _State.SPEAKING
        self._number += 1
        self._start = start
        return Opened(self._number, start)

    def _close(self) -> Closed:
        self._state = _State.SILENT
        self._floor = min(self._silence_start + POST_ROLL, self._position)
        return Closed(self._number, self._start, self._floor)

    def _cut(self) -> list[Change]:
        if self._state is _State.ENDING:
            return [self._close()]  # what follows the cut would be silence
        cut = self._find_cut()
        closed = Closed(self._number, self._start, cut, is_cut=True)
        self._floor = cut
        return [closed, self._open(cut)]

    def _find_cut(self) -> int:
        """Return the middle of the least likely frame that is not settled yet."""
        oldest = self._position - len(self._recent) * FRAME
        unsettled = max(0, -(-(self.settled_until - oldest) // FRAME))
        frames = range(unsettled, len(self._recent))
        quietest = min(frames, key=self._recent.__getitem__, default=None)
        return self._position if quietest is None else oldest + quietest * FRAME + FRAME // 2
