"""What stands in recordings and in their database, as somebody from outside reads it."""

from __future__ import annotations

import json
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streamer.config import Settings
from streamer.core.events import Segment
from streamer.speech.words.agreement import normalise
from streamer.store import open_reader
from tools.bench.gold import GoldWord, align


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


def count_words(
    said: Sequence[GoldWord], segments: Sequence[Segment], *, until_s: float
) -> tuple[int, int]:
    """Return how many of the words that one party says until then are kept, and how many are said."""
    texts = [word.text for word in said if word.end < until_s]
    heard = [normalise(word.text) for segment in segments for word in segment.words]
    pairs = align(texts, heard)
    right = sum(a is not None and b is not None and texts[a] == heard[b] for a, b in pairs)
    return right, len(texts)
