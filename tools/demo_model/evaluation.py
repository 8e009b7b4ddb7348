"""The table of what a model reaches, as Markdown on stdout."""

import sys
from collections.abc import Iterator
from pathlib import Path

from faster_whisper import WhisperModel

from tools.demo_model import measures, measures_call, measures_length
from tools.demo_model.measures import Sets
from tools.demo_model.testsets import SEEN_VOICES, open_test_sets, over_telephone

CUT_WINDOWS = 150
"""Utterances to cut; those of fewer than four words are left out."""
Row = tuple[str, str]


def evaluate(model_folder: Path, *, calls: Path, programs: Path) -> None:
    """Measure a model and print the table row by row."""
    model = measures.open_model(model_folder)
    sets = open_test_sets(programs)
    sys.stdout.write("| set | result |\n|---|---|\n")
    for rows in (
        sentence_rows(model, sets),
        recording_rows(model, sets),
        window_rows(model, sets),
        length_rows(model, sets),
        call_rows(model, calls),
    ):
        for name, result in rows:
            sys.stdout.write(f"| {name} | {result} |\n")
            sys.stdout.flush()


def sentence_rows(model: WhisperModel, sets: Sets) -> Iterator[Row]:
    """Measure single sentences."""
    groups = {
        "new grammar sentences, seen voices": SEEN_VOICES,
        "held-out espeak `anika`": ("anika",),
        "held-out accent `en-gb-x-gbclan`": ("gbclan",),
        "held-out festival `kal_diphone`": ("kal_diphone",),
    }
    for name, members in groups.items():
        wide = measures.score_sets(model, sets, members)
        narrow = measures.score_sets(model, sets, members, over_telephone)
        yield (
            f"{name}, 16 kHz / telephone with 20 dB noise ({wide.words} words)",
            f"{wide} / {narrow}",
        )
    salads = [test for name in SEEN_VOICES for test in sets[name] if test.is_salad]
    score = measures.score_utterances(model, salads)
    yield f"word salad of its own vocabulary, seen voices ({score.words} words)", f"{score}"
    digits = [test for name in (*SEEN_VOICES, "rms", "f4") for test in sets[name] if test.is_digits]
    score = measures.score_utterances(model, digits)
    yield f"digit strings, seen voices ({score.words} words)", f"{score}"


def recording_rows(model: WhisperModel, sets: Sets) -> Iterator[Row]:
    """Measure recordings of several sentences."""
    bare, vad, narrow = measures.score_recordings(model, sets)
    name = (
        f"whole recordings of 16 sentences, VAD off / on / telephone and VAD ({bare.words} words)"
    )
    yield name, f"{bare} / {vad} / {narrow}"
    alone = measures.score_prompted(model, sets, condition=False)
    after = measures.score_prompted(model, sets, condition=True)
    name = f"30 s recordings with salad, previous-text conditioning off / on ({alone.words} words)"
    yield name, f"{alone} / {after}"


def window_rows(model: WhisperModel, sets: Sets) -> Iterator[Row]:
    """Measure cut windows, windows without speech, and word times."""
    score, invented = measures.score_cut_windows(model, sets, CUT_WINDOWS)
    yield (
        f"truncated windows, complete words ({score.utterances} windows)",
        f"{score}, {invented} words beyond the cut",
    )
    windows, bare, filtered = measures.count_invented(model)
    yield (
        "silence, noise, tones, music with text, 10 minutes: without / behind filters",
        f"{bare} / {filtered} of {windows} windows",
    )
    times = measures.measure_word_times(model, sets)
    yield f"word start / end, median error ({len(times.starts)} words)", str(times)


def length_rows(model: WhisperModel, sets: Sets) -> Iterator[Row]:
    """Measure encoder lengths."""
    for frames in measures_length.ENCODER_FRAMES:
        score, encode_ms, factor = measures_length.score_encoder_length(model, sets, frames)
        yield (
            f"encoder of {frames} frames ({score.words} words)",
            f"{score}, {encode_ms:.0f} ms per encode, real-time factor {factor:.4f}",
        )


def call_rows(model: WhisperModel, calls: Path) -> Iterator[Row]:
    """Measure the demo call."""
    for beam_size in (1, 5):
        score = measures_call.score_call(model, calls, beam_size=beam_size)
        yield f"demo call per utterance, beam {beam_size} ({score.words} words)", f"{score}"
        for vad_filter in (False, True):
            legs = measures_call.score_legs(
                model, calls, beam_size=beam_size, vad_filter=vad_filter
            )
            vad = "VAD on" if vad_filter else "VAD off"
            yield (
                f"demo call per leg (caller / agent), {vad}, beam {beam_size}",
                " / ".join(str(score) for score in legs),
            )
