"""Shards: files of many utterances, written once and read whole."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tools.demo_model.speech import Utterance


def write_shard(path: Path, utterances: Sequence[Utterance]) -> None:
    """Write utterances as one .npz; the file appears complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = [(utterance.text, utterance.voice, utterance.spans) for utterance in utterances]
    lengths = [len(utterance.samples) for utterance in utterances]
    unfinished = path.with_suffix(".part.npz")
    np.savez(
        unfinished,
        samples=np.concatenate([utterance.samples for utterance in utterances]),
        borders=np.cumsum([0, *lengths]),
        told=np.array(json.dumps(told)),
    )
    unfinished.replace(path)


def read_shard(path: Path) -> list[Utterance]:
    """Read every utterance of a shard."""
    with np.load(path) as shard:
        samples, borders = shard["samples"], shard["borders"]
        told = json.loads(str(shard["told"]))
    return [
        Utterance(
            samples[borders[index] : borders[index + 1]],
            text,
            voice,
            tuple((start, end) for start, end in spans),
        )
        for index, (text, voice, spans) in enumerate(told)
    ]
