"""Twenty times `kill -9` at a random moment of a real call, over all of its processes."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from tools.faults.kept import Kept
from tools.faults.kill_watch import SECONDS
from tools.faults.outcome import Outcome

SEED = 14
EACH = 4
AT_ONCE = 5
EARLIEST_S = 1.0
KILLS: Mapping[str, tuple[str, ...]] = {
    "screen": ("watch",),
    "backend": ("watch", "serve"),
    "engine": ("watch", "serve"),
    "tap": ("watch",),
    "listener": ("serve",),
}
"""Who is killed, and in which commands."""


@dataclass(frozen=True, slots=True)
class _Trial:
    command: str
    victim: str
    at_s: float


async def run() -> Outcome:
    """Do all of them, some at once."""
    drawn, turns = random.Random(SEED), asyncio.Semaphore(AT_ONCE)
    trials = [
        _Trial(commands[n % len(commands)], victim, drawn.uniform(EARLIEST_S, SECONDS - EARLIEST_S))
        for n in range(EACH)
        for victim, commands in KILLS.items()
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
        outcome.losses += [
            f"{trial.victim} of {trial.command} at {trial.at_s:.2f} s: {loss}"
            for loss in kept.losses
        ]
    return outcome


async def _try(trial: _Trial, turns: asyncio.Semaphore) -> Kept:
    """Do one in a process of its own, whose stand-in PBX is not late for what others do."""
    arguments = (trial.command, trial.victim, str(trial.at_s))
    async with turns:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tools.faults.one_kill", *arguments),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
    if process.returncode:
        return Kept(losses=["the trial itself failed"])
    return Kept(**json.loads(out))


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
