"""Weights kept along the way, and their mean, which is what is exported.

Between two moments of training a network misreads different windows; the mean of a few moments
misreads fewer than each of them (stochastic weight averaging, Izmailov et al. 2018).
"""

from pathlib import Path

import torch

from tools.demo_model import warmstart
from tools.demo_model.network import Network

EVERY = 1000
"""Windows from one snapshot to the next."""
KEPT = 5
"""Snapshots in a folder; an older one is dropped."""


def keep(folder: Path, network: Network, *, seen: int) -> None:
    """Write a snapshot beside the checkpoint and drop the oldest beyond KEPT."""
    warmstart.save(folder / f"kept-{seen:09}.pt", network)
    for path in list_kept(folder)[:-KEPT]:
        path.unlink()


def list_kept(folder: Path) -> list[Path]:
    """List the snapshots of a folder, oldest first."""
    return sorted(folder.glob("kept-*.pt"))


def average(paths: list[Path]) -> Network:
    """Build the network with the mean weights of some snapshots or checkpoints."""
    networks = [warmstart.load(path)[0] for path in paths]
    states = [network.state_dict() for network in networks]
    mean = {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
    networks[0].load_state_dict(mean)
    return networks[0]
