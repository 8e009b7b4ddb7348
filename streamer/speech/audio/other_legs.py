"""What the other legs of a call carried while one of them spoke: is that only their echo?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from streamer.core.events import SPEECH_RATE

MOST = 8
"""Legs of a call up to which each is compared with each; nobody hears an echo in a conference of more."""

RECENT = 2 * SPEECH_RATE
STEP = SPEECH_RATE * 4 // 10
"""Samples of new audio after which an utterance that is being said is judged again, by what was said last."""


class OtherLegs(Protocol):
    """The other legs of a call, on the same clock."""

    async def explain(self, pcm: bytes, start: int) -> bool:
        """Say whether a stretch of this leg, from the sample `start` on, is nothing but the echo of another."""


class RecordedLegs:
    """The recordings of the other legs, which may still grow; `list_paths` says which they are now."""

    def __init__(self, list_paths: Callable[[], Sequence[Path]]) -> None:
        self._list_paths = list_paths

    async def explain(self, pcm: bytes, start: int) -> bool:
        """Compare it with each; what cannot be read explains nothing."""
        paths = self._list_paths()
        if not 0 < len(paths) < MOST:
            return False
        return await asyncio.to_thread(_explain, pcm, start, paths)


class EchoGuard:
    """Judges the utterances of one leg, one after the other."""

    def __init__(self, others: OtherLegs | None) -> None:
        self._others = others
        self._judged_until = 0
        self._is_echo = False

    async def covers(self, cut: Callable[[int, int], bytes], start: int, end: int) -> bool:
        """Say whether a whole utterance is an echo; `cut` returns audio of the leg."""
        return self._others is not None and await self._others.explain(cut(start, end), start)

    async def covers_so_far(self, cut: Callable[[int, int], bytes], start: int, end: int) -> bool:
        """Say whether what was said last of an open utterance is an echo."""
        if self._others is None:
            return False
        if not start <= self._judged_until <= end - STEP:
            if self._judged_until > start:
                return self._is_echo
            self._is_echo = False  # another utterance
        first = max(start, end - RECENT)
        if end - first >= STEP:
            self._judged_until = end
            self._is_echo = await self._others.explain(cut(first, end), first)
        return self._is_echo


def _explain(pcm: bytes, start: int, paths: Sequence[Path]) -> bool:
    from streamer.speech.audio.recorded_echo import is_echo_of_recorded  # with the arrays below it

    return is_echo_of_recorded(pcm, start, paths)
