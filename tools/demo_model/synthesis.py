"""Speak lists of texts with an engine, and fill the shards that training reads."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from random import Random

from tools.demo_model import heldout, voices
from tools.demo_model.espeak import Espeak
from tools.demo_model.festival import speak_batch
from tools.demo_model.flite import Flite, build_program
from tools.demo_model.shards import write_shard
from tools.demo_model.speech import SAMPLE_RATE, Manner, Utterance
from tools.demo_model.texts import draw_training_text

Job = tuple[str, Manner]


@dataclass(frozen=True)
class ShardPlan:
    """What one training shard holds; the seed decides texts and manners."""

    engine: str
    seed: int
    count: int

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.engine}_{self.seed}.npz"


PLANS = (
    *(ShardPlan("espeak", 1001 + index, 2000) for index in range(13)),
    *(ShardPlan("flite", 1101 + index, 1500) for index in range(13)),
    *(ShardPlan("festival", 1201 + index, 700) for index in range(8)),
)
"""51,100 utterances."""
FEWEST = 20
"""Utterances of a shard, however few are asked for."""


def speak(engine: str, jobs: Sequence[Job], *, programs: Path) -> Iterator[Utterance]:
    """Synthesize jobs with one engine; `programs` is where compiled helpers are kept."""
    if engine == "espeak":
        espeak = Espeak()
        yield from (espeak.speak(text, manner) for text, manner in jobs)
    elif engine == "flite":
        with Flite(build_program(programs)) as flite:
            spoken = (flite.speak(text, manner) for text, manner in jobs)
            yield from (utterance for utterance in spoken if utterance)
    else:
        yield from speak_batch(jobs)


def draw_jobs(plan: ShardPlan) -> list[Job]:
    """Draw the texts and manners of a training shard; no text twice, none held out."""
    rng = Random(plan.seed)
    taken = set(heldout.read_texts())
    jobs: list[Job] = []
    for _ in range(plan.count):
        text = draw_training_text(rng, taken)
        taken.add(text)
        jobs.append((text, draw_manner(rng, plan.engine)))
    return jobs


def draw_manner(rng: Random, engine: str) -> Manner:
    """Draw how a training sentence is spoken."""
    if engine == "espeak":
        return voices.draw_espeak(rng, None, voices=voices.ESPEAK_TRAINING, rate_sigma=23)
    if engine == "flite":
        return voices.draw_flite(rng, None, voices=voices.FLITE_TRAINING)
    return voices.draw_festival(rng, None)


def fill_shard(plan: ShardPlan, folder: Path) -> float:
    """Synthesize one training shard; returns its hours of audio."""
    utterances = list(speak(plan.engine, draw_jobs(plan), programs=folder))
    if any(voices.is_held_out(utterance.voice) for utterance in utterances):
        raise ValueError(f"{plan.name} would train on a held-out voice, see voices.HELD_OUT")
    write_shard(folder / plan.name, utterances)
    return sum(len(utterance.samples) for utterance in utterances) / SAMPLE_RATE / 3600


def fresh_processes(count: int) -> ProcessPoolExecutor:
    """Open a pool that starts a process per task: espeak's noise depends on what it spoke before."""
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"), max_tasks_per_child=1)


def plan_shards(utterances: int) -> list[ShardPlan]:
    """Plan every shard, with about so many utterances in all; fewer are for trying the tool."""
    share = utterances / sum(plan.count for plan in PLANS)
    return [replace(plan, count=max(FEWEST, round(plan.count * share))) for plan in PLANS]


def fill_shards(folder: Path, *, utterances: int, processes: int) -> None:
    """Synthesize every shard that is not in the folder yet, telling progress on stderr."""
    build_program(folder)
    plans = plan_shards(utterances)
    missing = [plan for plan in plans if not (folder / plan.name).exists()]
    with fresh_processes(processes) as pool:
        running = {pool.submit(fill_shard, plan, folder): plan for plan in missing}
        for done, future in enumerate(as_completed(running), start=1):
            name = running[future].name
            sys.stderr.write(f"shard {done}/{len(missing)} {name}: {future.result():.2f} h\n")
