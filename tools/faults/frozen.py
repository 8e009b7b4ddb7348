"""SIGSTOP of the engine, the backend and the tap in the middle of a call, and SIGCONT some seconds later."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tools.faults.kept import Kept, Sent, compare_audio, compare_words, find_call
from tools.faults.kill_watch import find_victims
from tools.faults.outcome import Outcome
from tools.faults.watched import END_S, WatchedCall, playing, viewing
from tools.processes import environment

SECONDS = 20.0
AT_S = 5.0
FROZEN_S = 6.0
SHORT_PATIENCE_S = 2.5
"""A keeper that waits so long takes the sockets of a tap that is frozen for longer."""


@dataclass(frozen=True, slots=True)
class _Trial:
    name: str
    victim: str
    is_given_up: bool = False
    """The keeper reads on in its place, and the rest of the call is lost."""


TRIALS = (
    _Trial("engine", "engine"),
    _Trial("backend", "backend"),
    _Trial("tap", "tap"),
    _Trial("tap, given up by the keeper", "tap", is_given_up=True),
)


async def run() -> Outcome:
    """Do all of them at once."""
    found = await asyncio.gather(*(_try(trial) for trial in TRIALS))
    outcome = Outcome(
        (
            f"frozen for {FROZEN_S:.0f} s",
            "audio sent",
            "recorded",
            "call.json says",
            "finals published",
            "lost",
            "words",
            "text whole after the call's end",
        )
    )
    for trial, (kept, row) in zip(TRIALS, found, strict=True):
        outcome.rows.append([trial.name, *row])
        outcome.losses += [f"{trial.name}: {loss}" for loss in kept.losses]
    return outcome


async def _try(trial: _Trial) -> tuple[Kept, list[str]]:
    with tempfile.TemporaryDirectory(prefix="st-", ignore_cleanup_errors=True) as name:
        folder, kept = Path(name), Kept()
        env = environment(folder)
        if trial.is_given_up:
            env["STREAMER_KEEPER_PATIENCE"] = str(SHORT_PATIENCE_S)
        async with playing(folder, SECONDS) as call:
            watch = ("watch", *call.arguments, "--model", "demo")
            async with viewing(*watch, folder=folder, env=env) as viewer:
                await call.has_begun()
                victims = await find_victims(trial.victim, viewer, folder)
                await call.has_spoken(AT_S)
                await _freeze(victims)
                await call.has_ended()
                ended_at = time.monotonic()
                async with asyncio.timeout(END_S):
                    await viewer.process.wait()
                caught_up_s = time.monotonic() - ended_at
        await _compare(folder, trial, call, viewer.of_kind("final"), kept)
        reason = find_call(folder)["reason"]
    row = [
        f"{len(call.tracks) * SECONDS:.1f} s",
        f"{kept.recorded_s:.1f} s",
        str(reason),
        str(kept.published),
    ]
    return kept, [*row, str(kept.lost), f"{kept.right} of {kept.words}", f"{caught_up_s:.1f} s"]


async def _freeze(victims: list[int]) -> None:
    for pid in victims:
        os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(FROZEN_S)
    finally:
        for pid in victims:
            os.kill(pid, signal.SIGCONT)


async def _compare(
    folder: Path,
    trial: _Trial,
    call: WatchedCall,
    finals: list[dict[str, object]],
    kept: Kept,
) -> None:
    kept.losses += [f"the call was harmed: {report}" for report in call.pbx.reports]
    until_s = AT_S if trial.is_given_up else None
    legs = [Sent(number, track, until_s) for number, track in enumerate(call.tracks)]
    described = find_call(folder)
    compare_audio(folder, described, legs, kept)
    reason = "lost" if trial.is_given_up else "hang-up"
    if described["reason"] != reason:
        kept.losses.append(f"call.json says {described['reason']}, not {reason}")
    await compare_words(folder, [(described["call"], legs)], finals, kept)
