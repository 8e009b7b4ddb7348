"""The test sets: seeds, voices, and texts that training never sees.

The texts are drawn from their seeds, listed in heldout.txt and pinned by heldout.sha256, both
committed before training. The demo call's lines are held out as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random

from tools.demo_model import voices
from tools.demo_model.demo_script import LINES
from tools.demo_model.grammar import draw_salad, draw_sentence
from tools.demo_model.speech import Manner

TEXTS_FILE = Path(__file__).with_name("heldout.txt")
HASH_FILE = Path(__file__).with_name("heldout.sha256")
SALAD_SHARE = 0.12


@dataclass(frozen=True)
class TestSet:
    """One set of test utterances; the seed decides texts and manners."""

    name: str
    engine: str
    seed: int
    count: int
    voice: str | None = None
    """None: the seen voices of the engine."""


TEST_SETS = (
    TestSet("espeak", "espeak", 90001, 150),
    TestSet("flite", "flite", 90002, 150),
    TestSet("festival", "festival", 90003, 60),
    TestSet("rms", "flite", 90004, 150, "rms"),
    TestSet("f4", "espeak", 90005, 80, "en-us+f4"),
    TestSet("anika", "espeak", 90006, 80, "en-us+anika"),
    TestSet("gbclan", "espeak", 90007, 80, "en-gb-x-gbclan+f2"),
    TestSet("kal_diphone", "festival", 90008, 80, "kal_diphone"),
)


def draw_texts(rng: Random, count: int) -> Iterator[tuple[str, bool]]:
    """Draw test texts, each with whether it is word salad."""
    for _ in range(count):
        is_salad = rng.random() < SALAD_SHARE
        yield (draw_salad(rng) if is_salad else draw_sentence(rng)), is_salad


def draw_jobs(test_set: TestSet) -> list[tuple[str, bool, Manner]]:
    """Draw the texts of a test set and then how each is spoken."""
    rng = Random(test_set.seed)
    drawn = list(draw_texts(rng, test_set.count))
    return [(text, is_salad, _draw_manner(rng, test_set)) for text, is_salad in drawn]


def _draw_manner(rng: Random, test_set: TestSet) -> Manner:
    if test_set.engine == "espeak":
        return voices.draw_espeak(rng, test_set.voice, voices=voices.ESPEAK_TEST, rate_sigma=18)
    if test_set.engine == "flite":
        return voices.draw_flite(rng, test_set.voice, voices=voices.FLITE_TEST)
    return voices.draw_festival(rng, test_set.voice)


def list_texts() -> list[str]:
    """List every held-out text once, in alphabetical order."""
    drawn = {text for test_set in TEST_SETS for text, _, _ in draw_jobs(test_set)}
    return sorted(drawn | {line.text for line in LINES})


def write_texts() -> None:
    """Write the held-out texts and their hash beside this module."""
    listed = "\n".join(list_texts()) + "\n"
    TEXTS_FILE.write_text(listed)
    HASH_FILE.write_text(f"{sha256(listed.encode()).hexdigest()}  {TEXTS_FILE.name}\n")


@cache
def read_texts() -> frozenset[str]:
    """Read the held-out texts.

    Raises:
        ValueError: the file does not match the committed hash.
    """
    listed = TEXTS_FILE.read_text()
    if sha256(listed.encode()).hexdigest() != HASH_FILE.read_text().split()[0]:
        raise ValueError(f"{TEXTS_FILE.name} does not match {HASH_FILE.name}: restore both")
    return frozenset(listed.splitlines())
