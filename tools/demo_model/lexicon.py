"""Phones of every word, by espeak-ng: targets of the branches that teach the encoder to hear."""

import json
import subprocess
from pathlib import Path

from tools.demo_model.grammar import vocabulary_words

LEXICON_FILE = Path(__file__).with_name("lexicon.json")
STRESS_AND_TIES = "',;:_=%"
SILENCE = 0
"""Class of silence in the frame branch and of the blank in the CTC branch."""


class Lexicon:
    """Phones as classes 1..n; class 0 is silence or blank."""

    def __init__(self, path: Path = LEXICON_FILE) -> None:
        stored = json.loads(path.read_text())
        classes = {phone: index for index, phone in enumerate(stored["ph"], start=1)}
        self._phones: dict[str, list[int]] = {
            word: [classes[phone] for phone in phones] for word, phones in stored["lex"].items()
        }
        self.classes = len(classes) + 1
        """Number of classes, silence included."""

    def phones(self, word: str) -> list[int]:
        """Phone classes of a word."""
        return self._phones[word]


def build_lexicon(path: Path) -> None:
    """Ask espeak-ng for the American phones of every word."""
    spoken = vocabulary_words()
    command = ["espeak-ng", "-v", "en-us", "-q", "-x", "--sep= "]
    answer = subprocess.run(
        command, input="\n\n".join(spoken), capture_output=True, text=True, check=True
    )
    lines = [line for line in answer.stdout.splitlines() if line.strip()]
    phones = {
        word: [bare for phone in line.split() if (bare := phone.strip(STRESS_AND_TIES))]
        for word, line in zip(spoken, lines, strict=True)
    }
    names = sorted({phone for sequence in phones.values() for phone in sequence})
    path.write_text(json.dumps({"lex": phones, "ph": names}))
