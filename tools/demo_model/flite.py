"""Speak through flite, by a small C program that also tells where each word lies."""

import subprocess
from pathlib import Path
from types import TracebackType

import numpy as np

from tools.demo_model.grammar import spoken_words
from tools.demo_model.speech import Manner, Utterance, to_sample_rate

SOURCE = Path(__file__).with_name("flite_words.c")
LIBRARIES = (
    "flite_cmu_us_awb", "flite_cmu_us_kal", "flite_cmu_us_kal16", "flite_cmu_us_rms",
    "flite_cmu_us_slt", "flite_usenglish", "flite_cmulex", "flite", "m",
)  # fmt: skip


def build_program(folder: Path) -> Path:
    """Compile flite_words.c into the folder, unless it is there already."""
    program = folder / "flite_words"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        links = [f"-l{library}" for library in LIBRARIES]
        subprocess.run(["gcc", "-O2", "-o", program, SOURCE, *links], check=True)
    return program


class Flite:
    """The flite engine; a child process that lives as long as the object is open."""

    def __init__(self, program: Path) -> None:
        self._child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> "Flite":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.communicate()

    def speak(self, text: str, manner: Manner) -> Utterance | None:
        """Synthesize a text; None when flite did not keep one token per word."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        line = f"{manner.voice}\t{manner.stretch:.2f}\t{manner.pitch_hz:.0f}\t{text}\n"
        self._child.stdin.write(line.encode())
        self._child.stdin.flush()
        header = self._child.stdout.readline().split()
        rate, count, tokens = (int(field) for field in header[:3])
        times = [float(field) for field in header[3:]]
        samples = np.frombuffer(self._child.stdout.read(2 * count), np.int16)
        if tokens != len(spoken_words(text)):
            return None
        spans = tuple(zip(times[::2], times[1::2], strict=True))
        return Utterance(to_sample_rate(samples, rate), text, f"flite:{manner.voice}", spans)
