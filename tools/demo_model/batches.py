"""Batches: samples of similar length together, at one encoder length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tools.demo_model.channel import Generator
from tools.demo_model.labels import IGNORED
from tools.demo_model.network import POSITIONS
from tools.demo_model.samples import MELS, Sample, SampleMaker

BATCH_COST = 3600.0
"""Work per batch and process, in encoder positions of a short window, padding included."""
ATTENTION_POSITIONS = 1400
"""Encoder positions at which attention costs as much as all the rest (measured on a CPU)."""
TOKEN_COST = 0.7
"""Work of a token, in encoder positions."""
LENGTH_STEP = 60
"""Features; within a step, samples are sorted by tokens."""
SHORTEST_POSITIONS = 200
USUAL_POSITIONS = (250, 300, 400, 500, 750, 1000, 1500)
FRESH, REPLAYED = 96, 64
"""Samples drawn and samples heard again between two sortings."""
REPLAY_BUFFER = 6000
DRAWS_BEFORE_REPLAY = 400


@dataclass(frozen=True)
class Batch:
    """Samples as tensors, padded to the longest; B samples, U tokens."""

    mel: Tensor
    """(B, mels, frames)"""
    positions: Tensor
    """(B,) encoder positions of each sample."""
    length: int
    """Encoder positions that the network is given, zero padding included."""
    inputs: Tensor
    """(B, U)"""
    targets: Tensor
    """(B, U), IGNORED where nothing is taught."""
    spans: Tensor
    """(B, U, 2) in encoder frames, zero where there is none."""
    phones: Tensor
    """(B, most phones)"""
    phone_counts: Tensor
    """(B,)"""
    frame_phones: Tensor
    """(B, POSITIONS), IGNORED beyond each sample."""

    def to(self, device: torch.device) -> "Batch":
        """Move to a device."""
        parts: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, part in parts.items():
            if isinstance(part, Tensor):
                parts[name] = part.to(device, non_blocking=True)
        return Batch(**parts)


def draw_length(rng: Generator, positions: int) -> int:
    """Draw an encoder length: exact, the full window, a usual one, or anything above."""
    shortest = max(SHORTEST_POSITIONS, positions)
    kind = rng.random()
    if kind < 0.15:
        return shortest
    if kind < 0.50:
        return POSITIONS
    if kind < 0.85:
        return next(length for length in USUAL_POSITIONS if length >= shortest)
    return int(rng.integers(shortest, POSITIONS + 1))


def collate(rng: Generator, samples: Sequence[Sample]) -> Batch:
    """Pad samples into tensors."""
    frames = max(sample.mel.shape[1] for sample in samples)
    mel = torch.zeros(len(samples), MELS, frames)
    spans = torch.zeros(len(samples), max(len(sample.label.inputs) for sample in samples), 2)
    for row, sample in enumerate(samples):
        mel[row, :, : sample.mel.shape[1]] = torch.from_numpy(np.ascontiguousarray(sample.mel))
        for column, span in enumerate(sample.label.spans):
            if span:
                spans[row, column] = torch.tensor(span)
    return Batch(
        mel,
        torch.tensor([sample.mel.shape[1] // 2 for sample in samples]),
        draw_length(rng, frames // 2),
        _pad([sample.label.inputs for sample in samples], 0),
        _pad([sample.label.targets for sample in samples], IGNORED),
        spans,
        _pad([sample.phones for sample in samples], 0),
        torch.tensor([len(sample.phones) for sample in samples]),
        _pad([sample.frame_phones.tolist() for sample in samples], IGNORED, POSITIONS + 4),
    )


def _pad(rows: Sequence[Sequence[int]], filler: int, width: int = 1) -> Tensor:
    width = max(width, *(len(row) for row in rows))
    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])


def draw_batches(rng: Generator, maker: SampleMaker, cost: float = BATCH_COST) -> Iterator[Batch]:
    """Draw batches for ever: half fresh samples, half replayed ones, grouped by length."""
    replay: list[Sample] = []
    while True:
        drawn = [maker.draw(rng) for _ in range(FRESH)]
        again = []
        if len(replay) >= DRAWS_BEFORE_REPLAY:
            again = [replay[at] for at in rng.integers(len(replay), size=REPLAYED)]
        _remember(rng, replay, drawn)
        groups = group([*drawn, *again], cost)
        for at in rng.permutation(len(groups)):
            yield collate(rng, groups[at])


def _remember(rng: Generator, replay: list[Sample], drawn: Sequence[Sample]) -> None:
    """Keep samples for replay; a full buffer drops one at random for each."""
    for sample in drawn:
        if len(replay) < REPLAY_BUFFER:
            replay.append(sample)
        else:
            replay[int(rng.integers(len(replay)))] = sample


def group(samples: Sequence[Sample], cost: float) -> list[list[Sample]]:
    """Put samples of like length together, each group at most so much work."""
    groups: list[list[Sample]] = []
    for sample in sorted(samples, key=_order):
        if groups and work([*groups[-1], sample]) <= cost:
            groups[-1].append(sample)
        else:
            groups.append([sample])
    return groups


def work(samples: Sequence[Sample]) -> float:
    """Estimate the work of a batch: every sample costs what the longest does."""
    positions: float = max(sample.mel.shape[1] for sample in samples) / 2
    tokens = max(len(sample.label.inputs) for sample in samples)
    encoder = positions * (1 + positions / ATTENTION_POSITIONS)
    return len(samples) * (encoder + TOKEN_COST * tokens)


def _order(sample: Sample) -> tuple[int, int]:
    return sample.mel.shape[1] // LENGTH_STEP, len(sample.label.inputs)
