"""What stands in recordings and in their database, as somebody from outside reads it."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

from streamer.config import Settings
from streamer.core.events import Segment
from streamer.speech.words.agreement import normalise
from streamer.store import open_reader
from tools.bench.gold import GoldCall, align


def read_calls(recordings: Path) -> list[dict[str, Any]]:
    """Return what each call's `call.json` says, in order."""
    return [json.loads(path.read_text()) for path in sorted(recordings.glob("*/call.json"))]


def read_pcm(recordings: Path, call: dict[str, Any], leg: dict[str, Any]) -> bytes:
    """Return the audio of a leg's WAV, empty if there is none."""
    path = recordings / call["call"] / leg["path"]
    if not path.exists():
        return b""
    with wave.open(str(path)) as file:
        pcm: bytes = file.readframes(file.getnframes())
    return pcm


async def read_segments(settings: Settings, call_id: str) -> list[Segment]:
    """Return the words of a call that are kept.

    Raises:
        StoreError: The database cannot be opened.
    """
    async with open_reader(settings) as reader:
        return list(await reader.read_segments(call_id))


async def is_transcribed(settings: Settings, call_id: str) -> bool:
    """Say whether each leg's words are kept to its end."""
    async with open_reader(settings) as reader:
        if not await reader.known_calls([call_id]):
            return False
        return (await reader.read_call(call_id)).is_complete


def share_of_words(gold: GoldCall, segments: list[Segment], *, until_s: float) -> float:
    """Return how many of the words that are said until then are kept, 0 to 1."""
    right = count = 0
    for leg, words in zip(("caller", "agent"), gold.words, strict=True):
        said = [word.text for word in words if word.end < until_s]
        kept = [s for s in segments if s.leg == leg]
        heard = [normalise(word.text) for segment in kept for word in segment.words]
        pairs = align(said, heard)
        right += sum(a is not None and b is not None and said[a] == heard[b] for a, b in pairs)
        count += len(said)
    return right / count
