"""A writer in memory."""

from __future__ import annotations

from collections.abc import Sequence

from streamer.core.events import Segment, Unclear


class MemoryWriter:
    """Keeps one leg's segments for as long as the test likes."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.unclear: list[Unclear] = []
        self.position = 0
        self.utterance = 0
        self.is_complete = False

    async def keep(
        self,
        segment: Segment | None,
        *,
        position: int,
        utterance: int,
        unclear: Sequence[Unclear] = (),
    ) -> bool:
        is_new = segment is not None and segment.utterance not in {
            kept.utterance for kept in self.segments
        }
        if segment is not None and is_new:
            self.segments.append(segment)
        self.unclear += unclear
        self.position, self.utterance = position, utterance
        return is_new or segment is None

    async def reach(self, position: int) -> None:
        pass

    async def complete(self) -> None:
        self.is_complete = True
