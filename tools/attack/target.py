"""A real `streamer serve` for an attack, and the judgement of the healthy calls beside it."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tools.attack.healthy import CALLS, PCM
from tools.processes import (
    LISTENER,
    find_keeper,
    find_working,
    recordings_of,
    start_streamer,
    until,
)
from tools.recorded import read_calls, read_pcm

BEGIN_S = 30.0
ATTACK_S = 25.0
"""Seconds that an attack lasts, after `HEAD_START_S` in which healthy calls are alone."""

HEAD_START_S = 2.0
_END_S = 30.0


@dataclass
class Target:
    """What is attacked."""

    process: asyncio.subprocess.Process
    recordings: Path
    runtime_dir: Path
    addresses: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """Where calls come to."""
        return self.addresses["audiosocket"][1]

    def keeper(self) -> psutil.Process | None:
        """Return the keeper's process."""
        return find_keeper(self.runtime_dir)


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack: `run` goes on until it is cancelled, and says in `did` what it has done; `most_files` limits the listener."""

    run: Callable[[Target, dict[str, int]], Awaitable[None]]
    flags: tuple[str, ...] = ("--accept-unknown",)
    registers: bool = False
    listeners: int = 1
    """How many addresses for calls its flags make."""
    most_files: int | None = None

    async def judge(self) -> Judgement:
        """Attack a serve of its own, and say what healthy calls lost."""
        return await _judge(self)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an attack did to healthy calls."""

    did: str
    calls: str
    heard: str
    losses: list[str]

    @property
    def text(self) -> str:
        """Return the losses in a word."""
        return f"{len(self.losses)} losses" if self.losses else "nothing"


async def _judge(attack: Attack) -> Judgement:
    done: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        async with _serving(Path(folder), attack) as target:
            healthy = await _begin_calls(target, attack)
            await asyncio.sleep(HEAD_START_S)
            attacking = asyncio.ensure_future(attack.run(target, done))
            await asyncio.wait([attacking], timeout=ATTACK_S)
            out, _ = await healthy.communicate()
            attacking.cancel()
            (outcome,) = await asyncio.gather(attacking, return_exceptions=True)
            said = json.loads(out)
            await _see_out(target, said)
            losses = _find_losses(target.recordings, said)
    if isinstance(outcome, Exception):
        losses.append(f"the attack itself failed: {outcome!r}")
    gap = max((call.get("gap_s", 0.0) for call in said), default=0.0)
    whole = sum("failed" not in call for call in said)
    return Judgement(describe(done), f"{whole} of {CALLS} called", f"{gap:.2f} s", losses)


def describe(done: dict[str, int]) -> str:
    """Say what an attack has done."""
    return ", ".join(f"{count:,} {what}" for what, count in done.items())


@asynccontextmanager
async def _serving(folder: Path, attack: Attack) -> AsyncIterator[Target]:
    flags = [*attack.flags, *(["--register", "127.0.0.1:0"] if attack.registers else [])]
    process = await start_streamer(
        *("serve", "--audiosocket", "127.0.0.1:0", "--json", *flags),
        folder=folder,
        preexec_fn=lambda: limit_files(attack.most_files),
    )
    target = Target(process, recordings_of(folder), folder / "run")
    reading = asyncio.ensure_future(_read(target))
    try:
        await until(lambda: len(target.addresses) == attack.listeners + attack.registers, BEGIN_S)
        yield target
    finally:
        for _ in range(2):
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        await process.wait()
        await reading
        await until(lambda: not find_working(LISTENER, target.recordings), _END_S)


def limit_files(most_files: int | None) -> None:
    """Let this process open no more than so many files."""
    if most_files is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))


async def _read(target: Target) -> None:
    assert target.process.stdout is not None
    async for line in target.process.stdout:
        event = json.loads(line)
        if event["event"] == "listening":
            host, _, port = event["address"].rpartition(":")
            target.addresses[event["source"]] = (host, int(port))


async def _begin_calls(target: Target, attack: Attack) -> asyncio.subprocess.Process:
    register = "-"
    if attack.registers:
        host, port = target.addresses["registration"]
        register = f"{host}:{port}"
    module = [sys.executable, "-m", "tools.attack.healthy", str(target.port), register]
    return await asyncio.create_subprocess_exec(*module, stdout=asyncio.subprocess.PIPE)


async def _see_out(target: Target, said: list[dict[str, Any]]) -> None:
    """Wait until the healthy calls are recorded to their ends."""
    uuids = {call.get("uuid") for call in said}

    def are_over() -> bool:
        calls = read_calls(target.recordings)
        ours = [call for call in calls if call["facts"].get("uuid") in uuids]
        return len(ours) >= len(uuids - {None}) and all(call["reason"] for call in ours)

    with suppress(TimeoutError):
        await until(are_over, _END_S)


def _find_losses(recordings: Path, said: list[dict[str, Any]]) -> list[str]:
    recorded = {call["facts"].get("uuid"): call for call in read_calls(recordings)}
    losses = []
    for call in said:
        if "failed" in call:
            losses.append(f"a healthy call could not be made: {call['failed']}")
        elif call["ending"] != "HUNG_UP":
            losses.append(f"{call['uuid']} ended otherwise: {call['ending']}")
        elif call["uuid"] not in recorded:
            losses.append(f"{call['uuid']} was not recorded")
        else:
            losses += _compare(recordings, recorded[call["uuid"]])
    return losses


def _compare(recordings: Path, call: dict[str, Any]) -> list[str]:
    (leg,) = call["legs"]
    wav = read_pcm(recordings, call, leg)
    losses = []
    if call["reason"] != "hang-up":
        losses.append(f"{call['call']} ended as {call['reason']}")
    if leg["silence"]:
        losses.append(f"{call['call']} has {leg['silence'] / leg['rate']:.2f} s of false silence")
    if not leg["silence"] and wav != PCM:
        losses.append(f"{call['call']} has {len(wav)} bytes that are not the {len(PCM)} sent")
    return losses
