"""Other live transcribers, each run in a process of its own on the same audio and model: `python -m tools.bench.PEER JOB.json`.

A peer reads a `Job`, follows all its legs at once at real time, and prints a `Heard` as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.bench.machine import show

RATE = 16_000


@dataclass(frozen=True, slots=True)
class Job:
    """What a peer is to follow: files of slin16, one a leg, and the directory of a model."""

    tracks: tuple[str, ...]
    model: str
    language: str = "en"

    def read(self) -> list[bytes]:
        """Return the legs' audio."""
        return [Path(track).read_bytes() for track in self.tracks]


@dataclass(frozen=True, slots=True)
class Heard:
    """For each leg its words with the second of the call at which each was committed, and the CPU seconds of it all."""

    legs: Sequence[Sequence[tuple[str, float]]]
    cpu_s: float

    def show(self) -> None:
        """Print it for whoever has started the peer."""
        show(json.dumps(asdict(self)))


def read_job(path: str) -> Job:
    """Return the job that a peer was started with."""
    return Job(**json.loads(Path(path).read_text()))


def list_peers() -> Mapping[str, Sequence[str]]:
    """Return the peers that can be run here, each with its command."""
    python = [sys.executable, "-m"]
    peers = {"LocalAgreement, 1 s chunks, beam 5, full windows": [*python, "tools.bench.peer"]}
    if theirs := os.environ.get("WHISPER_LIVE_PYTHON"):
        peers["WhisperLive"] = [*python, "tools.bench.whisper_live", theirs]
    return peers


async def run_peer(
    command: Sequence[str], tracks: Sequence[bytes], model: Path, *, language: str = "en"
) -> Heard:
    """Let a peer follow these legs of slin16."""
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name) / f"{number}.slin16" for number in range(len(tracks))]
        for path, track in zip(paths, tracks, strict=True):
            path.write_bytes(track)
        job = Path(name) / "job.json"
        job.write_text(json.dumps(asdict(Job(tuple(map(str, paths)), str(model), language))))
        process = await asyncio.create_subprocess_exec(
            *command, str(job), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} has ended with {process.returncode}")
    return Heard(**json.loads(out.decode().splitlines()[-1]))
