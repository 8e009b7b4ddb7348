"""The mix of texts that training hears: wider than the grammar of the test sets, same words."""

from collections.abc import Collection
from random import Random

from tools.demo_model import words
from tools.demo_model.grammar import (
    FRAMES_FIRST,
    FRAMES_MORE,
    draw_amount,
    draw_clock,
    draw_date,
    draw_digits,
    draw_name,
    draw_number,
    draw_salad,
    fill,
    insert_filler,
    spoken_words,
    vocabulary_words,
)

MOST_WORDS = 18
SHARES = {"clause": 0.44, "broken": 0.12, "value": 0.18, "salad": 0.26}
"""Share of each kind of text; a third is beyond the reach of any language model."""


def draw_clause(rng: Random) -> str:
    """Draw a sentence with free openings, tails and fillers."""
    text = fill(rng, rng.choice(FRAMES_FIRST if rng.random() < 0.55 else FRAMES_MORE))
    if rng.random() < 0.28:
        called = f" {rng.choice(words.FIRST_NAMES)}" if rng.random() < 0.15 else ""
        text = f"{rng.choice(words.OPENINGS)}{called} {text}"
    if rng.random() < 0.25:
        mark = "?" if text.endswith("?") else ""
        text = f"{text.rstrip('?')} {fill(rng, rng.choice(words.TAILS))}{mark}"
    return insert_filler(rng, text) if rng.random() < 0.10 else text


def draw_value(rng: Random) -> str:
    """Draw numbers, dates, times and names with nothing around them."""
    kind = rng.random()
    if kind < 0.45:
        return draw_digits(rng, 2, 10)
    if kind < 0.53:
        return f"{draw_digits(rng, 2, 4)} {draw_number(rng)} {draw_digits(rng, 1, 3)}"
    if kind < 0.65:
        return draw_amount(rng)
    if kind < 0.74:
        return " ".join(draw_number(rng) for _ in range(rng.randint(1, 4)))
    if kind < 0.84:
        return draw_date(rng)
    if kind < 0.90:
        return draw_clock(rng)
    return " ".join(draw_name(rng) for _ in range(rng.randint(1, 2)))


def draw_broken(rng: Random) -> str:
    """Cut and join two clauses anywhere, or replace, drop and add words in one."""
    spoken = spoken_words(draw_clause(rng))
    if rng.random() < 0.5:
        other = spoken_words(draw_clause(rng))
        spoken = spoken[: rng.randint(1, len(spoken))] + other[rng.randrange(len(other)) :]
    for _ in range(rng.randint(1, 2)):
        _break_once(rng, spoken)
    return " ".join(spoken)


def _break_once(rng: Random, spoken: list[str]) -> None:
    at = rng.randrange(len(spoken))
    kind = rng.random()
    if kind < 0.6:
        spoken[at] = rng.choice(vocabulary_words())
    elif kind < 0.8 and len(spoken) > 2:
        del spoken[at]
    else:
        spoken.insert(at, rng.choice(vocabulary_words()))


DRAW = {
    "clause": draw_clause,
    "broken": draw_broken,
    "value": draw_value,
    "salad": draw_salad,
}


def draw_training_text(rng: Random, held_out: Collection[str]) -> str:
    """Draw a text of 1-18 words that is not held out."""
    while True:
        kind = rng.choices(list(SHARES), weights=list(SHARES.values()))[0]
        text = DRAW[kind](rng)
        if text not in held_out and len(text.split()) <= MOST_WORDS:
            return text
