"""Sentences of the domain: frames with slots, filled from the word lists.

Texts are lower case, numbers spelled out, with a trailing "?" for questions and nothing else.
Every function draws from the `random.Random` it is given in a fixed order: the held-out texts are
defined by their seeds, so a reordered draw would change the test sets.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from tools.demo_model import words

FOLDER = Path(__file__).parent
FRAMES_FIRST = (FOLDER / "frames_first.txt").read_text().splitlines()
"""Frames of the test sets and of all training; do not reorder, the draw is by position."""
FRAMES_MORE = (FOLDER / "frames_more.txt").read_text().splitlines()
"""Frames used in training only."""
SLOT = re.compile(r"\{(\w+)\}")


def draw_digits(rng: Random, fewest: int = 3, most: int = 7) -> str:
    """Draw a string of spoken digits."""
    return " ".join(rng.choice(words.DIGITS) for _ in range(rng.randint(fewest, most)))


def draw_number(rng: Random) -> str:
    """Draw a number from one to ninety nine."""
    kind = rng.random()
    if kind < 0.2:
        return rng.choice(words.DIGITS[1:10])
    if kind < 0.45:
        return rng.choice(words.TEENS)
    tens = rng.choice(words.TENS)
    return tens if rng.random() < 0.3 else f"{tens} {rng.choice(words.DIGITS[1:10])}"


def draw_amount(rng: Random) -> str:
    """Draw an amount of money."""
    kind = rng.random()
    if kind < 0.4:
        return f"{draw_number(rng)} dollars"
    if kind < 0.65:
        return f"{draw_number(rng)} dollars and {draw_number(rng)} cents"
    unit = rng.choice(words.DIGITS[1:10])
    if kind >= 0.85:
        return f"{unit} thousand dollars"
    rest = f"and {draw_number(rng)} " if rng.random() < 0.6 else ""
    return f"{unit} hundred {rest}dollars"


def draw_date(rng: Random) -> str:
    """Draw a date or a day of the week."""
    if rng.random() < 0.75:
        ordinal = rng.choice(words.ORDINALS)
    else:
        ordinal = f"twenty {rng.choice(words.ORDINALS[:9])}"
    months = rng.choice(words.MONTHS), rng.choice(words.MONTHS)
    days = rng.choice(words.DAYS), rng.choice(words.DAYS)
    forms = [
        f"{months[0]} {ordinal}",
        f"the {ordinal} of {months[1]}",
        days[0],
        f"{days[1]} the {ordinal}",
    ]
    return rng.choice(forms)


def draw_clock(rng: Random) -> str:
    """Draw a time of day."""
    hour = rng.choice(words.DIGITS[1:10] + words.TEENS[:3])
    forms = ["{} o'clock", "{} thirty", "{} in the morning", "{} in the afternoon", "half past {}"]
    return rng.choice(forms).format(hour)


def draw_name(rng: Random) -> str:
    """Draw a first name, half of the time with a last name."""
    first = rng.choice(words.FIRST_NAMES)
    return f"{first} {rng.choice(words.LAST_NAMES)}" if rng.random() < 0.5 else first


def _choice(entries: list[str]) -> Callable[[Random], str]:
    return lambda rng: rng.choice(entries)


SLOTS: dict[str, Callable[[Random], str]] = {
    "fn": _choice(words.FIRST_NAMES),
    "name": draw_name,
    "acc": _choice(words.ACCOUNTS),
    "digits": draw_digits,
    "date": draw_date,
    "amt": draw_amount,
    "n": draw_number,
    "prod": _choice(words.PRODUCTS),
    "tech": _choice(words.FAULTS),
    "plan": _choice(words.PLANS),
    "time": _choice(words.TIMES),
    "since": _choice(words.TIMES),
    "day": _choice(words.DAYS),
    "clock": draw_clock,
    "city": _choice(words.CITIES),
    "color": _choice(words.COLOURS),
    "month": _choice(words.MONTHS),
    "street": _choice(words.STREETS),
    "dep": _choice(words.DEPARTMENTS),
}


def fill(rng: Random, frame: str) -> str:
    """Fill the slots of a frame from left to right."""
    return SLOT.sub(lambda slot: SLOTS[slot[1]](rng), frame)


def insert_filler(rng: Random, text: str) -> str:
    """Put a filler word anywhere before the last word."""
    spoken = text.split()
    spoken.insert(rng.randrange(len(spoken)), rng.choice(words.FILLERS))
    return " ".join(spoken)


def draw_bare_value(rng: Random) -> str:
    """Draw an answer that is only a number, an amount, a date or a name."""
    values = [
        draw_digits(rng, 3, 9),
        draw_amount(rng),
        draw_date(rng),
        draw_name(rng),
        f"{draw_digits(rng, 2, 4)} {draw_digits(rng, 2, 4)}",
    ]
    return rng.choice(values)


def draw_sentence(rng: Random) -> str:
    """Draw a sentence of the first frames: the distribution of every test set."""
    if rng.random() < 0.06:
        return draw_bare_value(rng)
    text = fill(rng, rng.choice(FRAMES_FIRST))
    if rng.random() < 0.15:
        text = f"{rng.choice(words.OPENINGS)} {text}"
    if rng.random() < 0.06:
        text = insert_filler(rng, text)
    return text


def draw_salad(rng: Random) -> str:
    """Draw 2-9 unrelated words: only the sound tells them, no language model can."""
    vocabulary = vocabulary_words()
    return " ".join(rng.choice(vocabulary) for _ in range(rng.randint(2, 9)))


@cache
def vocabulary_words() -> tuple[str, ...]:
    """List the words of the domain in alphabetical order."""
    rng = Random(0)
    heard: set[str] = set()
    for _ in range(60_000):
        heard.update(spoken_words(draw_sentence(rng)))
    return tuple(sorted(heard))


def spoken_words(text: str) -> list[str]:
    """Split a text into its words, without the question mark."""
    return text.rstrip("?").split()


def render(text: str) -> str:
    """Write a text the way the model writes it: capital first letter, I, final mark."""
    written = ["I" if word == "i" else word for word in spoken_words(text)]
    written[0] = written[0][0].upper() + written[0][1:]
    return " ".join(written) + ("?" if text.endswith("?") else ".")
