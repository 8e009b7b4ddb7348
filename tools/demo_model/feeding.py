"""Batches for a training process, drawn by itself or by worker processes that keep a GPU busy."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from tools.demo_model.batches import Batch, draw_batches
from tools.demo_model.samples import SampleMaker

BATCHES_AHEAD = 4
"""Per worker; a full queue makes the worker wait."""


@dataclass(frozen=True)
class Feed:
    """Which part of the speech a training process hears."""

    shards: Path
    seed: tuple[int, ...]
    cost: float
    part: int = 0
    parts: int = 1
    workers: int = 0
    """Processes that draw batches; 0 draws them in this one."""


class _Stream(IterableDataset[Batch]):
    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def __iter__(self) -> Iterator[Batch]:
        feed, worker = self._feed, get_worker_info()
        index, count = (worker.id, worker.num_workers) if worker else (0, 1)
        torch.set_num_threads(1)
        maker = SampleMaker(feed.shards, part=feed.part * count + index, parts=feed.parts * count)
        return draw_batches(np.random.default_rng([*feed.seed, index]), maker, feed.cost)


def open_batches(feed: Feed) -> Iterator[Batch]:
    """Draw batches for ever."""
    stream = _Stream(feed)
    if not feed.workers:
        return iter(stream)
    loader = DataLoader(
        stream, batch_size=None, num_workers=feed.workers, prefetch_factor=BATCHES_AHEAD
    )
    return iter(loader)
