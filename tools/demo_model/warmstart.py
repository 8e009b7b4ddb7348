"""Checkpoints: write them, read them, and go on from the first published one.

The published checkpoint has 501 timestamps and other names; its sinusoid table is ours up to 10 s.
"""

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tools.demo_model.network import Network, Shape, sinusoids
from tools.demo_model.tokens import FIRST_TIMESTAMP, TIMESTAMPS

RENAMED = (
    (r"^c1\.", "first_filter."),
    (r"^c2\.", "second_filter."),
    (r"^enc\.", "encoder."),
    (r"^dec\.", "decoder."),
    (r"^lne\.", "encoder_norm."),
    (r"^lnd\.", "decoder_norm."),
    (r"^emb\.", "embedding."),
    (r"^dpos$", "token_positions"),
    (r"^ctc\.", "phone_sequence."),
    (r"^frm\.", "phone_frames."),
    (r"(?<=encoder\.\d)\.ln2\.", ".forward_norm."),
    (r"\.ln1\.", ".attention_norm."),
    (r"\.ln2\.", ".sound_norm."),
    (r"\.ln3\.", ".forward_norm."),
    (r"\.sa\.", ".attention."),
    (r"\.ca\.", ".sound_attention."),
    (r"\.q\.", ".query."),
    (r"\.o\.", ".out."),
    (r"\.f1\.", ".feed_forward.rise."),
    (r"\.f2\.", ".feed_forward.fall."),
)
TIME_FEATURES = 24
"""Slowest columns of the sinusoid table on each side; enough to tell where a time token lies."""
RIDGE = 1e-2


def save(path: Path, network: Network, **progress: Any) -> None:
    """Write a checkpoint; the file appears complete or not at all."""
    unfinished = path.with_suffix(".part")
    weights = {name: weight.float().cpu() for name, weight in network.state_dict().items()}
    torch.save({"shape": network.shape.to_json(), "weights": weights, **progress}, unfinished)
    unfinished.replace(path)


def load(path: Path) -> tuple[Network, dict[str, Any]]:
    """Read a checkpoint written by `save`, with its progress."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    network = Network(Shape(**stored.pop("shape")))
    network.load_state_dict(stored.pop("weights"))
    return network, stored


def load_published(path: Path, shape: Shape) -> Network:
    """Build a network from the first published checkpoint."""
    stored = torch.load(path, map_location="cpu", weights_only=True)["model"]
    weights = _rename(_join_keys_and_values(stored))
    weights["embedding.weight"] = grow_timestamps(weights["embedding.weight"])
    network = Network(shape)
    unknown = network.load_state_dict(weights, strict=False)
    if unknown.missing_keys != ["positions"] or unknown.unexpected_keys:
        raise ValueError(f"{path} is not the published checkpoint: {unknown}")
    return network


def _join_keys_and_values(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """Join k and v into one matrix; k has no bias, which softmax would cancel anyway."""
    joined = {
        name: weight
        for name, weight in stored.items()
        if not re.search(r"\.(k|v)\.", name) and name not in ("pos", "padpos")
    }
    for name in [name for name in stored if name.endswith(".k.weight")]:
        stem = name.removesuffix("k.weight")
        values, bias = stored[f"{stem}v.weight"], stored[f"{stem}v.bias"]
        joined[f"{stem}key_value.weight"] = torch.cat([stored[name], values])
        joined[f"{stem}key_value.bias"] = torch.cat([torch.zeros_like(bias), bias])
    return joined


def _rename(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    renamed = {}
    for name, weight in weights.items():
        own = name
        for pattern, replacement in RENAMED:
            own = re.sub(pattern, replacement, own)
        renamed[own] = weight
    return renamed


def grow_timestamps(embedding: Tensor) -> Tensor:
    """Add the rows of later times: a ridge fit on slow sinusoids, read beyond its end."""
    known = embedding[FIRST_TIMESTAMP:]
    table = sinusoids(TIMESTAMPS, embedding.shape[1])
    half = embedding.shape[1] // 2
    slow = [*range(half - TIME_FEATURES, half), *range(2 * half - TIME_FEATURES, 2 * half)]
    features = torch.cat([table[:, slow], torch.ones(TIMESTAMPS, 1)], dim=1)
    seen = features[: len(known)]
    square = seen.T @ seen + RIDGE * len(known) * torch.eye(features.shape[1])
    fit = torch.linalg.solve(square, seen.T @ known)
    later = features[len(known) :] @ fit
    level = known.norm(dim=1).mean()
    later = later / later.norm(dim=1, keepdim=True) * level
    return torch.cat([embedding, later])
