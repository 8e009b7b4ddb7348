"""All checks, in the order in which they are told; each has its time, and one that fails or hangs is a finding of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from streamer.config import Settings
from streamer.core.reasons import find_cause
from streamer.doctor.findings import Finding, warn
from streamer.doctor.gather import machine as gather
from streamer.doctor.gather.listening import Listening, gather_listening, gather_refusals
from streamer.doctor.gather.patience import ask_system
from streamer.doctor.gather.pbx import gather_pbx
from streamer.doctor.gather.settings import gather_settings
from streamer.doctor.gather.words import TRIAL_S, gather_model
from streamer.doctor.listening import judge_listening
from streamer.doctor.machine import (
    judge_folder,
    judge_keeper,
    judge_limits,
    judge_screen,
    judge_units,
)
from streamer.doctor.pbx import judge_pbx
from streamer.doctor.refusals import judge_refusals
from streamer.doctor.settings import judge_settings
from streamer.doctor.words import judge_model
from streamer.errors import StreamerError

F = TypeVar("F")

PATIENCE_S = 10.0
_PBX_S = 60.0
_MODEL_S = TRIAL_S + 30.0


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at: settings, where they come from, and where `serve` would listen."""

    settings: Settings
    listening: Listening
    config: Path | None
    environment: dict[str, str]
    trouble: str = ""
    """Why the settings are not all that was written."""


@dataclass(frozen=True, slots=True)
class Check:
    """One look at something; `stuck` is what to do if it takes longer than `patience_s`."""

    name: str
    look: Callable[[], Awaitable[Sequence[Finding]]]
    stuck: str
    patience_s: float = PATIENCE_S


async def examine(checks: Iterable[Check]) -> AsyncGenerator[Finding, None]:
    """Look at everything at the same time, and yield what is found in the order of the checks."""
    looking = [asyncio.ensure_future(run_check(check)) for check in checks]
    try:
        for look in looking:
            for finding in await look:
                yield finding
    finally:
        for look in looking:
            look.cancel()
        await asyncio.gather(*looking, return_exceptions=True)


async def run_check(check: Check) -> Sequence[Finding]:
    """Look, and return what was found, or why nothing could be."""
    try:
        async with asyncio.timeout(check.patience_s):
            return await check.look()
    except TimeoutError:
        message = f"it did not answer within {check.patience_s:g} s"
        return [warn(check.name, message, check.stuck)]
    except (OSError, StreamerError) as error:
        return [warn(check.name, f"it cannot be looked at: {find_cause(error)}", check.stuck)]


def list_checks(patient: Patient) -> list[Check]:
    """Return all checks of a set-up but that of the model, which would take the machine's time from what is measured."""
    settings = patient.settings
    recordings = Path(settings.recordings)
    return [
        Check(
            "config",
            _ask(
                lambda: gather_settings(
                    patient.config, patient.environment, settings, patient.trouble
                ),
                judge_settings,
            ),
            "look at the disk of the config file",
        ),
        Check(
            "listeners",
            _ask(lambda: gather_listening(settings, patient.listening), judge_listening),
            "check that a name server answers, or write addresses instead of names",
        ),
        Check(
            "refused calls",
            _ask(lambda: gather_refusals(recordings), judge_refusals),
            "look at the disk of the recordings",
        ),
        Check(
            "ari",
            partial(_look_at_pbx, settings),
            "look at the load of Asterisk, and at the network",
            _PBX_S,
        ),
        Check(
            "recordings",
            _ask(lambda: gather.gather_folder(recordings), judge_folder),
            "look at that disk: one of a network may be gone (`df` hangs, too)",
        ),
        Check(
            "keeper",
            _ask(lambda: gather.gather_keeper(settings), judge_keeper),
            "look at the disk of runtime_dir",
        ),
        Check(
            "systemd",
            _ask(lambda: gather.gather_units(settings), judge_units),
            "`systemctl status` should answer",
        ),
        Check("open files", _ask(gather.gather_limits, judge_limits), "look at `ulimit -Hn`"),
        Check(
            "terminal",
            _ask(lambda: gather.gather_screen(patient.environment), judge_screen),
            "use another terminal",
        ),
    ]


def list_late_checks(patient: Patient) -> list[Check]:
    """Return what is looked at when all else is done."""
    return [
        Check(
            "model",
            partial(_look_at_model, patient.settings),
            "`streamer models check` says more",
            _MODEL_S,
        )
    ]


def _ask(
    gathering: Callable[[], F], judge: Callable[[F], Iterable[Finding]]
) -> Callable[[], Awaitable[Sequence[Finding]]]:
    async def look() -> Sequence[Finding]:
        return list(judge(await ask_system(gathering)))

    return look


async def _look_at_pbx(settings: Settings) -> Sequence[Finding]:
    return list(judge_pbx(await gather_pbx(settings)))


async def _look_at_model(settings: Settings) -> Sequence[Finding]:
    return list(judge_model(await gather_model(settings)))
