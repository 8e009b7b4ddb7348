"""What is being said this moment, in one small file a leg, so that desks which follow a call without transcribing it can show it.

Not part of what is kept: a file is replaced with every partial, and gone when the call has been read to its end.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from streamer.disk import replace_json
from streamer.events import Partial, Word


class PartialBoard:
    """Posts the newest partial of each leg; a slow disk costs only some of those in between."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._newest: dict[str, Partial] = {}  # one a leg: a newer one takes its place
        self._writing: asyncio.Task[None] | None = None

    def post(self, partial: Partial) -> None:
        """Put a partial up soon; never blocks."""
        self._newest[partial.leg] = partial
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._write())

    async def clear(self) -> None:
        """Take everything down; idempotent."""
        self._newest.clear()
        if self._writing is not None:
            await self._writing
        for path in self._folder.glob("*.partial.json"):
            with suppress(OSError):
                path.unlink()

    async def _write(self) -> None:
        while self._newest:
            _, partial = self._newest.popitem()
            with suppress(OSError):  # nobody's words are lost by it
                await asyncio.to_thread(
                    replace_json, _path(self._folder, partial.leg), _encode(partial)
                )


def read_partial(folder: Path, call_id: str, leg: str) -> Partial | None:
    """Return what another desk says is being said; None if there is nothing, or nothing that can be read."""
    try:
        fields = json.loads(_path(folder, leg).read_text(encoding="utf-8"))
        return Partial(
            call_id,
            leg,
            int(fields["utterance"]),
            int(fields["start"]),
            int(fields["end"]),
            _parse_words(fields["committed"]),
            _parse_words(fields["tentative"]),
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _path(folder: Path, leg: str) -> Path:
    return folder / f"{leg}.partial.json"


def _encode(partial: Partial) -> dict[str, Any]:
    return {
        "utterance": partial.utterance,
        "start": partial.start,
        "end": partial.end,
        "committed": [_encode_word(word) for word in partial.committed],
        "tentative": [_encode_word(word) for word in partial.tentative],
    }


def _encode_word(word: Word) -> list[Any]:
    return [word.text, word.start, word.end, round(word.probability, 3), word.is_joined]


def _parse_words(items: list[list[Any]]) -> tuple[Word, ...]:
    return tuple(
        Word(str(text), int(start), int(end), float(probability), bool(is_joined))
        for text, start, end, probability, is_joined in items
    )
