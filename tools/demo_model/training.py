"""Train the network: a process per core on a CPU, one process on a GPU.

Each process draws its own samples; gradients are averaged after every step, so all hold the same
weights. A checkpoint is written every few minutes of work and training goes on from it; the
schedule counts samples, so a paused machine loses nothing.
"""

import os
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.multiprocessing.spawn import spawn

from tools.demo_model import snapshots, warmstart
from tools.demo_model.batches import BATCH_COST, Batch
from tools.demo_model.feeding import Feed, open_batches
from tools.demo_model.lexicon import Lexicon
from tools.demo_model.losses import Losses, measure
from tools.demo_model.network import Network, Shape
from tools.demo_model.schedule import Schedule
from tools.demo_model.tokens import Tokens

CHECKPOINT_EVERY_S = 120.0
REPORT_EVERY_STEPS = 25
GRADIENT_LIMIT = 1.0
WEIGHT_DECAY = 0.02
CHECKPOINT = "last.pt"


@dataclass(frozen=True)
class Run:
    """What to train and where."""

    shards: Path
    folder: Path
    """Holds the checkpoint and the snapshots."""
    schedule: Schedule
    processes: int = 2
    workers: int = 0
    """Processes that draw samples for each training process; wanted on a GPU."""
    device: str = "cpu"
    batch_cost: float = BATCH_COST
    published: Path | None = None
    """Start from the first published checkpoint rather than from nothing."""
    seed: int = 1


@dataclass
class Progress:
    """How far training has come."""

    steps: int = 0
    seen: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    summed: int = 0
    """Steps in the sums."""
    reported_at: float = field(default_factory=time.monotonic)
    reported_seen: int = 0

    def add(self, losses: Losses) -> None:
        """Collect losses for the next report."""
        self.summed += 1
        for part in fields(losses):
            value = float(getattr(losses, part.name).detach())
            self.sums[part.name] = self.sums.get(part.name, 0.0) + value

    def report(self, schedule: Schedule) -> None:
        """Write a line of averages to stderr."""
        seconds = time.monotonic() - self.reported_at
        pace = (self.seen - self.reported_seen) / seconds
        averages = " ".join(
            f"{name} {total / self.summed:.3f}" for name, total in self.sums.items()
        )
        sys.stderr.write(
            f"{self.seen}/{schedule.samples} samples, step {self.steps}, {pace:.1f}/s, "
            f"rate {schedule.learning_rate(self.seen):.2e}, {averages}\n"
        )
        self.sums, self.summed = {}, 0
        self.reported_at, self.reported_seen = time.monotonic(), self.seen


def train(run: Run) -> Path:
    """Train to the end of the schedule; returns the checkpoint's path."""
    run.folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("MASTER_ADDR", "localhost")
    os.environ.setdefault("MASTER_PORT", str(_free_port()))
    if run.processes == 1:
        _train_process(0, run)
    else:
        spawn(_train_process, (run,), run.processes)  # type: ignore[no-untyped-call]
    return run.folder / CHECKPOINT


def _free_port() -> int:
    """Ask for a port, so that two trainings on a machine do not meet."""
    with socket.create_server(("localhost", 0)) as server:
        return int(server.getsockname()[1])


def _train_process(rank: int, run: Run) -> None:
    if run.processes > 1:
        torch.set_num_threads(1)
        dist.init_process_group("gloo", rank=rank, world_size=run.processes)
    network, optimizer, progress = _resume(run)
    seed = (run.seed, rank, progress.seen)
    torch.manual_seed(hash(seed))
    batches = open_batches(Feed(run.shards, seed, run.batch_cost, rank, run.processes, run.workers))
    saved_at, kept_at = time.monotonic(), progress.seen
    while progress.seen < run.schedule.samples:
        _step(run, network, optimizer, progress, batches)
        if rank == 0 and progress.steps % REPORT_EVERY_STEPS == 0:
            progress.report(run.schedule)
        if rank == 0 and time.monotonic() - saved_at > CHECKPOINT_EVERY_S:
            _save(run, network, optimizer, progress)
            saved_at = time.monotonic()
        if rank == 0 and progress.seen - kept_at >= snapshots.EVERY:
            snapshots.keep(run.folder, network, seen=progress.seen)
            kept_at = progress.seen
    if rank == 0:
        _save(run, network, optimizer, progress)
    if run.processes > 1:
        dist.destroy_process_group()


def _resume(run: Run) -> tuple[Network, torch.optim.Optimizer, Progress]:
    """Read the run's checkpoint, or begin."""
    path = run.folder / CHECKPOINT
    progress = Progress()
    stored: dict[str, Any] = {}
    if path.exists():
        network, stored = warmstart.load(path)
        progress = Progress(stored["steps"], stored["seen"], reported_seen=stored["seen"])
    else:
        network = _begin(run)
    network.to(run.device)
    optimizer = _build_optimizer(network)
    if stored:
        optimizer.load_state_dict(stored["optimizer"])
    return network, optimizer, progress


def _begin(run: Run) -> Network:
    torch.manual_seed(run.seed)
    shape = Shape(vocabulary=len(Tokens().vocabulary), phones=Lexicon().classes)
    return warmstart.load_published(run.published, shape) if run.published else Network(shape)


def _build_optimizer(network: Network) -> torch.optim.Optimizer:
    """AdamW; matrices decay, biases and norms do not."""
    matrices = [weight for weight in network.parameters() if weight.dim() > 1]
    others = [weight for weight in network.parameters() if weight.dim() <= 1]
    groups = [
        {"params": matrices, "weight_decay": WEIGHT_DECAY},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)


def _step(
    run: Run,
    network: Network,
    optimizer: torch.optim.Optimizer,
    progress: Progress,
    batches: Iterator[Batch],
) -> None:
    device = torch.device(run.device)
    batch = next(batches).to(device)
    for group in optimizer.param_groups:
        group["lr"] = run.schedule.learning_rate(progress.seen)
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(device.type, dtype=torch.bfloat16):
        losses = measure(network, batch)
    losses.total(run.schedule.weights(progress.seen)).backward()  # type: ignore[no-untyped-call]
    samples = _average(network, len(batch.mel))
    torch.nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_LIMIT)
    optimizer.step()
    progress.steps += 1
    progress.seen += samples
    progress.add(losses)


def _average(network: Network, samples: int) -> int:
    """Average gradients over the processes; returns the samples of all."""
    if not dist.is_initialized():
        return samples
    weights = list(network.parameters())
    gradients = [_gradient(weight).flatten() for weight in weights]
    joined = torch.cat([*gradients, torch.tensor([float(samples)])])
    dist.all_reduce(joined)
    sizes = [weight.numel() for weight in weights]
    shares = torch.split(joined[:-1] / dist.get_world_size(), sizes)
    for weight, share in zip(weights, shares, strict=True):
        weight.grad = share.view_as(weight)
    return int(joined[-1])


def _gradient(weight: Tensor) -> Tensor:
    return torch.zeros_like(weight) if weight.grad is None else weight.grad


def _save(run: Run, network: Network, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    warmstart.save(
        run.folder / CHECKPOINT,
        network,
        optimizer=optimizer.state_dict(),
        steps=progress.steps,
        seen=progress.seen,
    )
