"""Speak through libespeak-ng, with the word events that the command line tool does not show."""

import ctypes
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from tools.demo_model.grammar import spoken_words
from tools.demo_model.speech import Manner, Samples, Span, Utterance, to_sample_rate

LIBRARY = "libespeak-ng.so.1"
# Constants of speak_lib.h.
OUTPUT_SYNCHRONOUS = 2
EVENT_LIST_END = 0
EVENT_WORD = 1
RATE, VOLUME, PITCH, PITCH_RANGE = 1, 2, 3, 4
CHARACTERS_UTF8 = 1
FULL_VOLUME = 100
SPEECH_FLOOR = 0.02
"""Share of the peak below which the end of an utterance is silence."""
SHORTEST_WORD = 0.05
"""Seconds; for a last word that lies below the floor."""


class _EventId(ctypes.Union):
    _fields_ = (
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    )


class _Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Espeak:
    """The espeak-ng engine; one per process, the library holds global state."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._rate = int(self._library.espeak_Initialize(OUTPUT_SYNCHRONOUS, 0, None, 0))
        self._blocks: list[Samples] = []
        self._word_starts: dict[int, float] = {}
        self._callback = _Callback(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, manner: Manner) -> Utterance:
        """Synthesize a text.

        Raises:
            ValueError: the voice is not installed.
        """
        self._blocks, self._word_starts = [], {}
        self._set_manner(manner)
        encoded = text.encode() + b"\0"
        size = ctypes.c_size_t(len(encoded))
        self._library.espeak_Synth(
            ctypes.c_char_p(encoded), size, 0, 1, 0, CHARACTERS_UTF8, None, None
        )
        self._library.espeak_Synchronize()
        samples = np.concatenate(self._blocks)
        spans = tuple(self._spans(text, samples))
        return Utterance(to_sample_rate(samples, self._rate), text, f"espeak:{manner.voice}", spans)

    def _set_manner(self, manner: Manner) -> None:
        if self._library.espeak_SetVoiceByName(manner.voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {manner.voice!r}")
        settings = {
            RATE: manner.words_per_minute,
            VOLUME: FULL_VOLUME,
            PITCH: manner.pitch,
            PITCH_RANGE: manner.pitch_range,
        }
        for parameter, setting in settings.items():
            self._library.espeak_SetParameter(parameter, setting, 0)

    def _collect(
        self,
        wave: "ctypes._Pointer[ctypes.c_short]",
        count: int,
        events: "ctypes._Pointer[_Event]",
    ) -> int:
        if count > 0:
            self._blocks.append(np.ctypeslib.as_array(wave, (count,)).copy())
        at = 0
        while events[at].type != EVENT_LIST_END:
            if events[at].type == EVENT_WORD:
                self._word_starts[events[at].text_position] = events[at].audio_position / 1000
            at += 1
        return 0

    def _spans(self, text: str, samples: Samples) -> Iterator[Span]:
        spoken = spoken_words(text)
        starts: list[float | None] = [None] * len(spoken)
        position = 1
        for index, word in enumerate(spoken):
            starts[index] = self._word_starts.get(position)
            position += len(word) + 1
        duration = len(samples) / self._rate
        known = _interpolate(starts, [len(word) for word in spoken], duration)
        level = np.abs(samples.astype(np.int32))
        loud = np.flatnonzero(level > level.max() * SPEECH_FLOOR)
        last = loud[-1] / self._rate if len(loud) else duration
        yield from pairwise(known[:-1])
        yield known[-2], max(float(last), known[-2] + SHORTEST_WORD)


def _interpolate(starts: list[float | None], lengths: list[int], duration: float) -> list[float]:
    """Give words that espeak merged with the one before a start by their share of letters.

    Returns one start per word and then the duration.
    """
    told: dict[int, float] = {0: 0.0}
    told |= {index: start for index, start in enumerate(starts) if start is not None}
    told[len(starts)] = duration
    known: list[float] = []
    for first, following in pairwise(told):
        known += _spread(told[first], told[following], lengths[first:following])
    return [*known, duration]


def _spread(start: float, end: float, lengths: list[int]) -> list[float]:
    total = sum(lengths)
    passed = [sum(lengths[:index]) for index in range(len(lengths))]
    return [start + (end - start) * share / total for share in passed]
