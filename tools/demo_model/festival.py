"""Speak through festival, a batch at a time: starting it costs more than a sentence does."""

import subprocess
import tempfile
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tools.demo_model.grammar import spoken_words
from tools.demo_model.speech import Manner, Samples, Span, Utterance, to_sample_rate

SPEAK = (
    "(voice_{voice}) (Parameter.set 'Duration_Stretch {stretch:.2f})"
    ' (set! spoken (utt.synth (Utterance Text "{text}")))'
    ' (utt.save.wave spoken "{path}" \'riff)'
)
FIRST_START = "daughter1.R:SylStructure.daughter1.daughter1.R:Segment.segment_start"
LAST_END = "daughtern.R:SylStructure.daughtern.daughtern.R:Segment.segment_end"
TELL_TIMES = (
    '(format t "@{index}")'
    ' (mapcar (lambda (token) (format t " %f %f"'
    f' (item.feat token "{FIRST_START}") (item.feat token "{LAST_END}")))'
    " (utt.relation.items spoken 'Token))"
    ' (format t "\\n")'
)


def speak_batch(jobs: Sequence[tuple[str, Manner]]) -> Iterator[Utterance]:
    """Synthesize texts in order; those whose words festival regrouped are left out."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        times = _run(folder, jobs)
        for index, (text, manner) in enumerate(jobs):
            spans = times.get(index, [])
            path = folder / f"{index}.wav"
            if len(spans) == len(spoken_words(text)) and path.exists():
                samples = _read_wave(path)
                yield Utterance(samples, text, f"festival:{manner.voice}", tuple(spans))


def _run(folder: Path, jobs: Sequence[tuple[str, Manner]]) -> dict[int, list[Span]]:
    script = folder / "batch.scm"
    lines: list[str] = []
    for index, (text, manner) in enumerate(jobs):
        path = folder / f"{index}.wav"
        lines.append(SPEAK.format(voice=manner.voice, stretch=manner.stretch, text=text, path=path))
        lines.append(TELL_TIMES.replace("{index}", str(index)))
    script.write_text("\n".join(lines))
    answer = subprocess.run(["festival", "-b", script], capture_output=True, text=True, check=True)
    told = (line[1:].split() for line in answer.stdout.splitlines() if line.startswith("@"))
    return {int(fields[0]): list(_spans(fields[1:])) for fields in told}


def _spans(fields: Sequence[str]) -> Iterator[Span]:
    """Pair the times; a token that speaks nothing (the question mark) ends at 0."""
    times = [float(field) for field in fields]
    for start, end in zip(times[::2], times[1::2], strict=True):
        if end > 0:
            yield start, end


def _read_wave(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return to_sample_rate(samples, file.getframerate())
