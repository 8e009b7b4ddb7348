"""The numbers in a model's files, checked before a library believes them: one of them alone can ask for 23 GB.

The fields are those of `preprocessor_config.json` that faster-whisper hands to its log-mel, and all of Whisper's models agree on them but
for the bands and the seconds (Radford et al. 2022, section 2.2).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamer.core.reasons import ContentError

PREPROCESSOR = "preprocessor_config.json"

DEFAULT_CHUNK_S = 30

MOST_JSON = 1 << 26
"""Bytes of a JSON file of a model; the largest tokenizers have 4 MB."""

_ALLOWED: Mapping[str, range | tuple[int, ...]] = {
    "feature_size": (80, 128),  # bands
    "chunk_length": range(1, DEFAULT_CHUNK_S + 1),  # seconds
    "hop_length": (160,),  # samples
    "n_fft": (400,),  # samples
    "sampling_rate": (16_000,),  # samples a second
}


def read_model_json(path: Path) -> dict[str, Any]:
    """Return the object that a JSON file of a model holds.

    Raises:
        OSError: It cannot be read.
        ValueError: It is too large, not JSON, or not an object.
    """
    with path.open("rb") as file:
        content = file.read(MOST_JSON + 1)
    if len(content) > MOST_JSON:
        raise ContentError(f"it has more than {MOST_JSON} bytes")
    try:
        value = json.loads(content)
    except RecursionError as error:
        raise ContentError("it is nested too deeply") from error
    if not isinstance(value, dict):
        raise ContentError("it does not hold a JSON object")
    return value


def read_numbers(directory: Path) -> dict[str, int]:
    """Return the numbers of a model's `preprocessor_config.json`, empty if it has none.

    Raises:
        OSError: It cannot be read.
        ValueError: One cannot be meant; the message names it.
    """
    path = directory / PREPROCESSOR
    if not path.exists():
        return {}
    fields = read_model_json(path)
    return {name: _check(name, fields[name]) for name in _ALLOWED if name in fields}


def _check(name: str, value: Any) -> int:
    allowed = _ALLOWED[name]
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        meant = " or ".join(map(str, allowed))
        if isinstance(allowed, range):
            meant = f"{allowed[0]} to {allowed[-1]}"
        raise ContentError(f"{name} must be {meant}, not {str(value)[:20]}")
    return value
