"""How surely phrases are found in what stock weights really understand: precision and recall, as written and misheard.

The hypotheses are those that `make bench-real` has measured last, of whatever version: what counts is that they have the errors of
real recognition.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from streamer.alerts.phrases import Likeness, PhraseIndex
from streamer.alerts.tokens import Token, tokenise
from tools.bench.machine import show
from tools.bench.real.held_out import list_held_out
from tools.bench.real.legs import english_prompts, english_sentences
from tools.bench.real.materials import CACHE
from tools.bench.real.offline import OURS, count_all, rate, read_whole
from tools.bench.real.results import open_results

MODELS = ("tiny.en", "base")
PHRASES = 30
"""Of each length, chosen by chance from what was said."""

_UTTERANCE = 12
"""Words that are looked at together, with as many before."""

_HELD_OUT = 1000
"""Begins the chances of other phrases than those that the thresholds were chosen on."""

_NEAR = 2
"""Words by which an alignment may be wrong."""

_KINDS = {
    "as written": (Likeness.SAME,),
    "and other forms": (Likeness.SAME, Likeness.VARIANT),
    "and spelled alike": (Likeness.SAME, Likeness.VARIANT, Likeness.LETTERS),
    "and sounds alike": tuple(Likeness),
}


@dataclass
class Count:
    """What was found rightly, wrongly, and not."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def show(self) -> str:
        """Return precision and recall."""
        precision = self.right / max(1, self.right + self.wrong)
        recall = self.right / max(1, self.right + self.missed)
        return f"{precision:.3f} | {recall:.3f} | {self.right} | {self.wrong} | {self.missed}"


async def run(arguments: Sequence[str] = ()) -> None:
    """Print precision and recall by length of the phrase, and by what counts as found; with `held-out` of legs and phrases of their own."""
    show("| weights | words | what counts | precision | recall | right | wrong | missed |")
    show("|---|---|---|---|---|---|---|---|")
    if "held-out" in arguments:
        await _run_held_out()
        return
    legs = [*english_prompts(), *english_sentences()]
    for model in MODELS:
        pairs = [
            (_read(leg.text), _read(text))
            for leg in legs
            if (text := _find_hypothesis(model, leg.name))
        ]
        _show_all(model, pairs)


async def _run_held_out() -> None:
    results = open_results()
    for model, legs in list_held_out():
        heard = [await read_whole(results, OURS, model, leg) for leg in legs]
        language = legs[0].language
        pairs = [
            (_read(leg.text, language), _read(one["text"], language))
            for leg, one in zip(legs, heard, strict=True)
        ]
        errors = rate(count_all(legs, [one["text"] for one in heard]))
        title = f"{model}, {legs[0].name.rstrip('-1')}, WER {errors:.1f} %"
        _show_all(title, pairs, language=language, seed=_HELD_OUT)


def _show_all(
    title: str,
    pairs: Sequence[tuple[list[Token], list[Token]]],
    *,
    language: str = "en",
    seed: int = 0,
) -> None:
    for size in (1, 2, 3, 4):
        phrases = _choose([said for said, _ in pairs], size, seed=seed)
        for name, kinds in _KINDS.items():
            count = Count()
            for said, heard in pairs:
                _judge(phrases, said, heard, kinds, count, language=language)
            show(f"| {title} | {size} | {name} | {count.show()} |")


def _find_hypothesis(model: str, leg: str) -> str:
    name = f"offline-streamer-transcribe-{model}-{leg}.json"
    found = sorted((CACHE / "results").glob(f"*/{name}"), key=lambda path: path.stat().st_mtime)
    return str(json.loads(found[-1].read_text())["text"]) if found else ""


def _read(text: str, language: str = "en") -> list[Token]:
    return tokenise(text.split(), language)


def _choose(legs: Sequence[Sequence[Token]], size: int, *, seed: int) -> list[str]:
    """Return phrases of a number of words; a single word has six letters at least, as a user would choose one."""
    chances = random.Random(size + seed)
    seen = {
        tuple(token.text for token in leg[at : at + size])
        for leg in legs
        for at in range(len(leg) - size + 1)
    }
    wanted = [
        " ".join(words)
        for words in sorted(seen)
        if not any(word.isdecimal() for word in words) and max(map(len, words)) >= 6
    ]
    return chances.sample(wanted, PHRASES)


def _judge(
    phrases: Sequence[str],
    said: Sequence[Token],
    heard: Sequence[Token],
    kinds: Sequence[Likeness],
    count: Count,
    *,
    language: str,
) -> None:
    index = PhraseIndex(phrases, language)
    places = _align([t.text for t in said], [t.text for t in heard])
    found = [(number, at) for number, at, kind in _find(index, heard) if kind in kinds]
    wanted = [
        (number, places[at])
        for number, at, kind in _find(index, said)
        if kind in (Likeness.SAME, Likeness.VARIANT)
    ]
    for number, at in wanted:
        near = [each for each in found if each[0] == number and abs(each[1] - at) <= _NEAR]
        if near:
            found.remove(near[0])
            count.right += 1
        else:
            count.missed += 1
    count.wrong += len(found)


def _find(index: PhraseIndex, tokens: Sequence[Token]) -> Iterator[tuple[int, int, Likeness]]:
    """Yield what is found and where it ends, looked for as in a call, an utterance at a time."""
    for start in range(0, len(tokens), _UTTERANCE):
        first = max(0, start - index.longest)
        for match in index.find(tokens[first : start + _UTTERANCE], after=start - first):
            yield match.phrase, first + match.end, match.likeness


def _align(said: Sequence[str], heard: Sequence[str]) -> list[int]:
    """Return for each place between words of what was said where it is in what was heard."""
    places = [0] * (len(said) + 1)
    for step in Levenshtein.opcodes(said, heard):
        length = max(1, step.src_end - step.src_start)
        for at in range(step.src_start, step.src_end):
            part = (at - step.src_start) / length
            places[at] = round(step.dest_start + part * (step.dest_end - step.dest_start))
    places[len(said)] = len(heard)
    return places
