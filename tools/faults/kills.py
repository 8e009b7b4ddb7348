"""Twenty times `kill -9` at a random moment of a real call, over all of its processes."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tools.faults.kept import Kept
from tools.faults.kill_serve import kill_in_serve
from tools.faults.kill_watch import SECONDS, kill_in_watch
from tools.faults.outcome import Outcome

Kill = Callable[[Path, str, float], Awaitable[Kept]]

SEED = 14
EACH = 4
AT_ONCE = 5
EARLIEST_S = 1.0
KILLS: dict[str, tuple[Kill, ...]] = {
    "screen": (kill_in_watch,),
    "backend": (kill_in_watch, kill_in_serve),
    "engine": (kill_in_watch, kill_in_serve),
    "tap": (kill_in_watch,),
    "listener": (kill_in_serve,),
}
"""Who is killed, and in which commands."""


@dataclass(frozen=True, slots=True)
class _Trial:
    victim: str
    kill: Kill
    at_s: float


async def run() -> Outcome:
    """Do all of them, some at once."""
    drawn, turns = random.Random(SEED), asyncio.Semaphore(AT_ONCE)
    trials = [
        _Trial(victim, kills[n % len(kills)], drawn.uniform(EARLIEST_S, SECONDS - EARLIEST_S))
        for n in range(EACH)
        for victim, kills in KILLS.items()
    ]
    found = await asyncio.gather(*(_try(trial, turns) for trial in trials))
    outcome = Outcome(
        (
            "killed",
            "trials",
            "finals published",
            "lost",
            "doubled",
            "audio sent",
            "recorded",
            "words",
        )
    )
    for victim in KILLS:
        mine = [kept for trial, kept in zip(trials, found, strict=True) if trial.victim == victim]
        outcome.rows.append(_row(victim, mine))
    outcome.rows.append(_row("all", found))
    for trial, kept in zip(trials, found, strict=True):
        outcome.losses += [f"{trial.victim} at {trial.at_s:.2f} s: {loss}" for loss in kept.losses]
    return outcome


async def _try(trial: _Trial, turns: asyncio.Semaphore) -> Kept:
    async with turns:
        with tempfile.TemporaryDirectory(prefix="st-", ignore_cleanup_errors=True) as folder:
            try:
                return await trial.kill(Path(folder), trial.victim, trial.at_s)
            except Exception as error:  # noqa: BLE001 - one trial's outermost edge
                return Kept(losses=[f"the trial itself failed: {error!r}"])


def _row(victim: str, found: list[Kept]) -> list[str]:
    return [
        victim,
        str(len(found)),
        str(sum(kept.published for kept in found)),
        str(sum(kept.lost for kept in found)),
        str(sum(kept.doubled for kept in found)),
        f"{sum(kept.sent_s for kept in found):.1f} s",
        f"{sum(kept.recorded_s for kept in found):.1f} s",
        f"{sum(kept.right for kept in found)} of {sum(kept.words for kept in found)}",
    ]
