"""The bundled speech that a model is tried on: telephone prompts of a person, and what they say; see `assets/check`."""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import dataclass
from pathlib import Path

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.events import SPEECH_RATE
from streamer.media.decode import decode_mono

LANGUAGE = "en"
"""Which the prompts are in; a model that knows others too is tried on it as well."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One prompt: 16-bit PCM at `SPEECH_RATE`, and its words."""

    name: str
    text: str
    pcm: bytes

    @property
    def duration_s(self) -> float:
        """Return its length in seconds."""
        return len(self.pcm) / SAMPLE_WIDTH / SPEECH_RATE


def clips_folder() -> Path:
    """Return where they are."""
    return Path(str(importlib.resources.files("streamer"))) / "assets" / "check"


def read_clips() -> list[Clip]:
    """Return all of them; blocks for a tenth of a second."""
    folder = clips_folder()
    texts: dict[str, str] = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    return [
        Clip(name, text, decode_mono(folder / name, rate=SPEECH_RATE))
        for name, text in texts.items()
    ]
