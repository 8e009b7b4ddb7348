"""Whisper on CTranslate2: the only module that knows it and faster-whisper.

faster-whisper loads the model and brings the tokenizer and the log-mel; encode, generate and align are called directly, because its
`transcribe()` pads every window to 30 s. Nothing here uses the network: a directory is checked for all its files before it is
loaded, and the hub is switched off.

Windows are transcribed in the attempts of `attempts`; those of equal shape as one batch.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.audio import FULL_SCALE
from streamer.core.events import SPEECH_RATE
from streamer.core.reasons import explain
from streamer.core.telemetry import forbid_telemetry
from streamer.errors import ModelError
from streamer.speech.base import Hypothesis, ModelFacts, Suspicion, Window, always
from streamer.speech.engine.attempts import (
    HOP,
    Attempt,
    Shape,
    choose_better,
    choose_shape,
    compression_ratio,
    count_uncrammed,
    end_text,
    is_wrong,
    list_attempts,
    max_length,
    suspect_end,
    suspect_text,
)
from streamer.speech.engine.models import check_model
from streamer.speech.engine.packs import group_windows, join_windows, split_hypothesis
from streamer.speech.engine.word_times import TimedWord, as_words, time_words
from streamer.speech.hints import count_fitting
from streamer.speech.private_import import private_temporary_folder

SHORTEST = SPEECH_RATE // 10
"""Samples below which a window is not transcribed: nothing can be said in it, and aligning a single frame has killed the process."""

MOST_CONTEXT_TOKENS = 60
MOST_PROMPT_TOKENS = 96


class _UnwantedError(Exception):
    """No request waits for the windows any more."""


@dataclass(frozen=True, slots=True)
class _PreparedWindow:
    """A window on its way through the model."""

    window: Window
    hint: tuple[int, ...]
    mel: NDArray[np.float32]


def load_whisper(
    directory: Path,
    *,
    name: str = "",
    device: str = "auto",
    compute_type: str = "auto",
    inter_threads: int = 1,
    intra_threads: int = 1,
    hints: str = "",
) -> WhisperEngine:
    """Load a model directory; takes seconds for a large one.

    `device` is auto, cpu or cuda; `compute_type` auto or one of CTranslate2's. `inter_threads` windows are transcribed at the same time,
    each by `intra_threads`. The facts say how many words of `hints` fit.

    Raises:
        ModelError: It is no Whisper model, it is broken, or this machine cannot run it as asked.
    """
    check_model(directory)
    os.environ["HF_HUB_OFFLINE"] = "1"
    forbid_telemetry()
    with private_temporary_folder():
        import ctranslate2
        from faster_whisper import WhisperModel

    chosen = device if device != "auto" else _best_device(ctranslate2)
    chosen_type = compute_type if compute_type != "auto" else _best_type(ctranslate2, chosen)
    try:
        model = WhisperModel(
            str(directory),
            device=chosen,
            compute_type=chosen_type,
            cpu_threads=intra_threads,
            num_workers=inter_threads,
            local_files_only=True,
        )
        facts = _describe(
            model, name or directory.name, device=chosen, slots=inter_threads, hints=hints
        )
        return WhisperEngine(model, facts)
    except Exception as error:  # the libraries raise anything for a broken file
        sys.excepthook(type(error), error, error.__traceback__)  # stderr is the parent's log
        why = _explain_load(error, chosen, chosen_type)
        raise ModelError(f"the model {directory} cannot be loaded: {why}") from error


def _describe(model: Any, name: str, *, device: str, slots: int, hints: str) -> ModelFacts:
    return ModelFacts(
        name,
        tuple(model.supported_languages),
        model.feature_extractor.nb_max_frames * HOP,
        device,
        model.model.compute_type,
        slots,
        count_fitting(hints, _tokenizer_maker(model)(None).encode, room=MOST_PROMPT_TOKENS),
    )


def _best_device(ctranslate2: Any) -> str:
    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


def _best_type(ctranslate2: Any, device: str) -> str:
    """Return the fastest type that keeps a model's accuracy and that the device can do."""
    able = ctranslate2.get_supported_compute_types(device)
    wanted = ("float16", "int8") if device == "cuda" else ("int8",)
    return next((kind for kind in wanted if kind in able), "default")


def _explain_load(error: Exception, device: str, compute_type: str) -> str:
    """Say why loading failed, by the text of the error: the libraries have no classes of errors for it."""
    said = str(error).lower()
    if isinstance(error, MemoryError) or "memory" in said or "bad_alloc" in said:
        return "there is not enough memory for it; name a smaller one with --model"
    if "compute type" in said:
        return f"{device} cannot compute in {compute_type}; leave compute_type out of the settings"
    if device == "cuda" or "cuda" in said:
        return "the GPU or its libraries cannot be used; set device to cpu"
    if isinstance(error, OSError) and error.errno:
        return explain(error)
    return "its files are damaged, or of a version that this streamer does not know; pull it anew, or name another"


class WhisperEngine:
    """A loaded model. `transcribe` blocks and may be called from `inter_threads` threads at once."""

    def __init__(self, model: Any, facts: ModelFacts) -> None:
        self._whisper = model.model
        self._extractor = model.feature_extractor
        self._tokenizers = _tokenizer_maker(model)
        self._unspoken = _unspoken_tokens(self._tokenizers(None))
        self._facts = facts

    @property
    def facts(self) -> ModelFacts:
        """Say what is loaded."""
        return self._facts

    def transcribe(
        self, windows: Sequence[Window], *, is_wanted: Callable[[], bool] = always
    ) -> list[Hypothesis]:
        """Return one hypothesis a window, in order; none as soon as `is_wanted` says no.

        Raises:
            ValueError: A window is longer than `facts.longest_window`, or in a language that the model does not know.
        """
        groups = list(group_windows(windows))
        hypotheses = self._transcribe_each([join_windows(group) for group in groups], is_wanted)
        return [
            part
            for group, hypothesis in zip(groups, hypotheses, strict=False)
            for part in split_hypothesis(hypothesis, group)
        ]

    def _transcribe_each(
        self, windows: Sequence[Window], is_wanted: Callable[[], bool]
    ) -> list[Hypothesis]:
        best: dict[int, Hypothesis] = {}
        attempts = {index: list(list_attempts(w)) for index, w in enumerate(windows)}
        prepared = {index: self._prepare(window) for index, window in enumerate(windows)}
        while attempts:
            turn = {index: left.pop(0) for index, left in attempts.items()}
            try:
                for index, hypothesis in self._transcribe_all(prepared, turn, is_wanted):
                    best[index] = choose_better(best.get(index), hypothesis)
            except _UnwantedError:
                return []
            attempts = {
                index: left
                for index, left in attempts.items()
                if left and is_wrong(best[index], windows[index])
            }
        return [best[index] for index in range(len(windows))]

    def _prepare(self, window: Window) -> _PreparedWindow:
        if window.samples > self._facts.longest_window:
            raise ValueError(
                f"a window of {window.duration_s:.1f} s is longer than the model takes,"
                f" {self._facts.longest_window / SPEECH_RATE:.0f} s"
            )
        samples = np.frombuffer(window.pcm, np.int16).astype(np.float32) / FULL_SCALE
        frames = len(samples) // HOP
        mel = self._extractor(samples)[:, :frames] if window.samples >= SHORTEST else None
        empty = np.zeros((self._extractor.mel_filters.shape[0], 0), np.float32)
        return _PreparedWindow(window, self._hint_tokens(window), empty if mel is None else mel)

    def _hint_tokens(self, window: Window) -> tuple[int, ...]:
        tokenizer = self._tokenizers(None)
        prompt = tokenizer.encode(" " + window.prompt.strip()) if window.prompt.strip() else []
        context = tokenizer.encode(" " + window.context.strip()) if window.context.strip() else []
        hint = [*prompt[:MOST_PROMPT_TOKENS], *context[-MOST_CONTEXT_TOKENS:]]
        return (tokenizer.sot_prev, *hint) if hint else ()

    def _transcribe_all(
        self,
        prepared: dict[int, _PreparedWindow],
        turn: dict[int, Attempt],
        is_wanted: Callable[[], bool],
    ) -> Iterator[tuple[int, Hypothesis]]:
        """Transcribe each window in the way its turn says, those of equal shape together."""
        batches: dict[tuple[Shape, int], list[int]] = {}
        for index, attempt in turn.items():
            item = prepared[index]
            if item.mel.shape[1]:
                shape = self._shape(item, attempt)
                # Rows whose language is not known yet may turn out to differ, and an alignment has one language.
                batch = (shape, index if shape.language is None else -1)
                batches.setdefault(batch, []).append(index)
            else:
                yield index, Hypothesis(item.window.position, item.window.end)
        for (shape, _), indexes in batches.items():
            hypotheses = self._transcribe_batch(
                [prepared[index] for index in indexes], shape, is_wanted
            )
            yield from zip(indexes, hypotheses, strict=True)

    def _shape(self, item: _PreparedWindow, attempt: Attempt) -> Shape:
        is_choice = len(self._facts.languages) > 1
        return choose_shape(
            item.window,
            attempt,
            audio_frames=item.mel.shape[1],
            hint_tokens=len(item.hint),
            language=item.window.language if is_choice else "en",
        )

    def _transcribe_batch(
        self, batch: list[_PreparedWindow], shape: Shape, is_wanted: Callable[[], bool]
    ) -> list[Hypothesis]:
        if not is_wanted():
            raise _UnwantedError
        encoded, encode_s = _timed(lambda: self._encode(batch, shape.frames))
        language, probability = self._language(encoded, shape, batch[0].window.languages)
        tokenizer = self._tokenizers(language)
        if not is_wanted():
            raise _UnwantedError
        results, generate_s = _timed(lambda: self._generate(encoded, batch, shape, tokenizer))
        tokens = [
            _text_tokens(item, result, tokenizer)
            for item, result in zip(batch, results, strict=True)
        ]
        placed, align_s = _timed(lambda: self._align(encoded, batch, tokens, tokenizer))
        common: dict[str, Any] = {
            "language": language,
            "language_probability": probability,
            "encode_s": encode_s / len(batch),
            "generate_s": generate_s / len(batch),
            "align_s": align_s / len(batch),
        }
        texts = [tokenizer.decode(row).strip() for row in tokens]
        return [
            replace(_judge(item.window, result, text, words, shape), **common)
            for item, result, text, words in zip(batch, results, texts, placed, strict=True)
        ]

    def _encode(self, batch: list[_PreparedWindow], frames: int) -> Any:
        import ctranslate2

        mels = np.zeros((len(batch), batch[0].mel.shape[0], frames), np.float32)
        for row, item in enumerate(batch):
            mels[row, :, : item.mel.shape[1]] = item.mel
        return self._whisper.encode(ctranslate2.StorageView.from_array(mels))

    def _language(self, encoded: Any, shape: Shape, allowed: Sequence[str]) -> tuple[str, float]:
        """Return the batch's language and how sure that is; where it is not given, the batch is one window."""
        if shape.language is not None:
            return shape.language, 1.0
        found = {token[2:-2]: float(p) for token, p in self._whisper.detect_language(encoded)[0]}
        chosen = {code: p for code, p in found.items() if code in allowed} or found
        best = max(chosen, key=chosen.__getitem__)
        return best, chosen[best] / max(sum(chosen.values()), 1e-9)

    def _generate(
        self, encoded: Any, batch: list[_PreparedWindow], shape: Shape, tokenizer: Any
    ) -> list[Any]:
        begin = tokenizer.timestamp_begin if shape.has_timestamps else tokenizer.no_timestamps
        start = [*tokenizer.sot_sequence, begin]
        prompts = [[*item.hint, *start] for item in batch]
        search: dict[str, Any] = {"beam_size": shape.beam}
        if shape.temperature > 0:
            search = {
                "beam_size": 1,
                "num_hypotheses": shape.beam,
                "sampling_topk": 0,
                "sampling_temperature": shape.temperature,
            }
        results: list[Any] = self._whisper.generate(
            encoded,
            prompts,
            max_length=max_length(len(prompts[0]), shape.token_cap),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._unspoken,
            **search,
        )
        return results

    def _align(
        self, encoded: Any, batch: list[_PreparedWindow], tokens: list[list[int]], tokenizer: Any
    ) -> list[list[TimedWord]]:
        if not any(tokens):
            return [[] for _ in batch]
        alignments = self._whisper.align(
            encoded,
            tokenizer.sot_sequence,
            [
                row or [0] for row in tokens
            ],  # an empty row cannot be aligned; its result is not used
            [item.mel.shape[1] for item in batch],
        )
        return [
            time_words(item.window, row, tokenizer, alignment)
            for item, row, alignment in zip(batch, tokens, alignments, strict=True)
        ]


def _tokenizer_maker(model: Any) -> Callable[[str | None], Any]:
    from faster_whisper.tokenizer import Tokenizer

    is_multilingual = model.model.is_multilingual

    @cache  # one entry a language
    def make(language: str | None) -> Any:
        return Tokenizer(
            model.hf_tokenizer, is_multilingual, task="transcribe", language=language or "en"
        )

    return make


def _unspoken_tokens(tokenizer: Any) -> list[int]:
    from faster_whisper.transcribe import get_suppressed_tokens

    return list(get_suppressed_tokens(tokenizer, [-1]))


def _text_tokens(item: _PreparedWindow, result: Any, tokenizer: Any) -> list[int]:
    made = end_text(
        result.sequences_ids[0],
        first_timestamp=tokenizer.timestamp_begin,
        samples=item.window.samples,
    )
    return [token for token in made if token < tokenizer.eot]


def _judge(
    window: Window, result: Any, text: str, placed: list[TimedWord], shape: Shape
) -> Hypothesis:
    made = len(result.sequences_ids[0])
    compression = compression_ratio(text)
    suspicion = suspect_text(compression, made_tokens=made, token_cap=shape.token_cap)
    if shape.has_timestamps:
        found = count_uncrammed([(word.start, word.end) for word in placed])
        if found < len(placed):
            placed, suspicion = placed[:found], suspicion or Suspicion.CRAMMED
    words = as_words(placed, window)
    return Hypothesis(
        window.position,
        window.end,
        words,
        avg_logprob=float(result.scores[0]) * made / (made + 1),
        no_speech_prob=float(result.no_speech_prob),
        compression_ratio=compression,
        suspicion=suspicion or suspect_end(words, window.end),
    )


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    return work(), time.perf_counter() - began
