"""Which model does for a machine, and which smaller one would keep up; pure, but for `read_machine`.

`load` is what a leg that is spoken on costs at most, in cores, int8 in short windows. Measured on 2 cores of AMD EPYC: base 0.6 to 0.9,
tiny.en 0.5 to 0.7, small about 3.5 times base. For medium it is reasoned from its parameters, ten times base's.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from streamer.core.languages import ANY, parse_languages
from streamer.core.untrusted import printable

GB = 1_000_000_000
SPARE = 0.8
"""Share of the cores that recognition may take; recording, the screen and the rest of the machine need some too."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a model runs on; `memory` is in bytes, 0 if it is not known."""

    cores: int
    memory: int
    has_gpu: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may be suggested; `download` and `memory` are in bytes."""

    name: str
    download: int
    memory: int
    load: float


@dataclass(frozen=True, slots=True)
class Advice:
    """A model, and why."""

    model: Candidate
    reason: str


_TINY_EN = Candidate("tiny.en", 78_000_000, GB // 2, 0.7)
_TINY = Candidate("tiny", 78_000_000, GB // 2, 0.7)
_BASE = Candidate("base", 148_000_000, GB, 0.9)
_SMALL = Candidate("small", 486_000_000, 2 * GB, 3.1)
_MEDIUM = Candidate("medium", 1_530_000_000, 4 * GB, 9.0)
_TURBO = Candidate("large-v3-turbo", 1_620_000_000, 5 * GB, 10.0)
_CANDIDATES = (_TINY_EN, _TINY, _BASE, _SMALL, _MEDIUM, _TURBO)


def find_download_size(name: str) -> int:
    """Return how many bytes a model that may be suggested has to download; 0 of another."""
    return next((each.download for each in _CANDIDATES if each.name == name), 0)


def read_machine(*, looks_for_gpu: bool = True) -> Machine:
    """Look at this machine; for a GPU the engine's library is imported, which takes half a second."""
    return Machine(os.cpu_count() or 1, _read_memory(), looks_for_gpu and _has_gpu())


def recommend(machine: Machine, language: str) -> Advice:
    """Return the largest model that follows a live call on a machine, for the setting `language`.

    Raises:
        UsageError: A language is unknown.
    """
    if machine.has_gpu:
        return Advice(_TURBO, "this machine has a GPU, which follows calls with a large model")
    candidates = list_candidates(language)
    fitting = [each for each in candidates if _fits(each, machine)]
    if not fitting:
        return Advice(candidates[0], f"{_describe(machine)}, and this is the smallest model")
    best = fitting[-1]
    return Advice(
        best,
        f"{_describe(machine)}; a leg on which somebody speaks takes up to {_count_cores(best.load)} with {best.name}"
        + _explain_next(candidates, best, machine),
    )


def suggest(language: str = ANY) -> Candidate:
    """Return the model to offer whoever has none, as far as is known without looking for a GPU.

    Raises:
        UsageError: A language is unknown.
    """
    return recommend(read_machine(looks_for_gpu=False), language).model


def suggest_smaller(size: int, machine: Machine, language: str) -> Candidate | None:
    """Return the largest model that is clearly smaller than `size` bytes and follows a live call on a machine; None if none is.

    Raises:
        UsageError: A language is unknown.
    """
    smaller = [each for each in list_candidates(language) if each.download < 0.8 * size]
    fitting = [each for each in smaller if _fits(each, machine)]
    return fitting[-1] if fitting else smaller[0] if smaller else None


def explain_smaller(model: str, smaller: Candidate | None, *, is_installed: bool) -> str:
    """Return a line for a live call whose words fall behind for good with a model."""
    behind = f"the words of this call stay behind, because {printable(model)} is too slow for what this machine has to do; nothing is lost"
    if smaller is None:
        return f"{behind}, and there is no smaller model: fewer calls at once, or a faster machine, would help"
    get = "" if is_installed else f" (`streamer models pull {smaller.name}` downloads it)"
    return f"{behind}; {smaller.name} would keep up{get}: `--model {smaller.name}`"


def list_candidates(language: str) -> Sequence[Candidate]:
    """Return the models that do without a GPU, smallest first; English alone has a tiny one of its own, which is better."""
    is_english = parse_languages(language, where="language") == ("en",)
    return (_TINY_EN if is_english else _TINY, _BASE, _SMALL, _MEDIUM)


def _fits(model: Candidate, machine: Machine) -> bool:
    has_memory = not machine.memory or model.memory <= machine.memory
    return has_memory and model.load <= machine.cores * SPARE


def _describe(machine: Machine) -> str:
    memory = f" and {machine.memory / GB:.0f} GB of memory" if machine.memory else ""
    return f"this machine has {_count_cores(machine.cores)}{memory} and no GPU"


def _count_cores(cores: float) -> str:
    if cores < 1:
        return f"{cores:g} of a core"
    return "1 core" if cores == 1 else f"{cores:g} cores"


def _explain_next(candidates: Sequence[Candidate], best: Candidate, machine: Machine) -> str:
    larger = [each for each in candidates if each.load > best.load]
    if not larger:
        return ""
    after = larger[0]
    if after.load > machine.cores * SPARE:
        return f", and {_count_cores(after.load)} with {after.name}"
    return f"; {after.name} wants {after.memory / GB:.0f} GB of memory"


def _read_memory() -> int:
    with suppress(OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 0


def _has_gpu() -> bool:
    with suppress(ImportError):
        import ctranslate2

        return bool(ctranslate2.get_cuda_device_count())
    return False
