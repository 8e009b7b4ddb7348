"""What is settled of one leg, in a JSON file beside its WAV: the position reached and every segment.

Replaced atomically after each segment, so that a transcriber that starts again goes on where the last one was, and loses nothing
that anybody has seen.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamer.disk import replace_json
from streamer.errors import RecordingError
from streamer.events import Segment, Word

FORMAT = 1


@dataclass(slots=True)
class SettledLeg:
    """One leg's segments, and the sample up to which its audio has been turned into them."""

    path: Path
    segments: list[Segment] = field(default_factory=list)
    position: int = 0
    utterance: int = 0
    """The number of the last utterance, with or without words."""
    is_complete: bool = False
    """The leg has been read to its end."""

    def add(self, segment: Segment | None, *, position: int, utterance: int) -> None:
        """Keep a segment and the position behind it on disk; blocks for a moment.

        Raises:
            OSError: The disk does not take it.
        """
        if segment is not None:
            self.segments.append(segment)
        self.position = position
        self.utterance = utterance
        self.save()

    def complete(self) -> None:
        """Take note that the leg has been read to its end."""
        self.is_complete = True
        self.save()

    def save(self) -> None:
        """Write the file."""
        replace_json(
            self.path,
            {
                "format": FORMAT,
                "position": self.position,
                "utterance": self.utterance,
                "complete": self.is_complete,
                "segments": [_encode(segment) for segment in self.segments],
            },
        )


def settled_path(folder: Path, leg: str) -> Path:
    """Return where a leg's settled words are kept."""
    return folder / f"{leg}.settled.json"


def open_settled(folder: Path, leg: str) -> SettledLeg:
    """Return what is settled of a leg, nothing if nobody has begun.

    Raises:
        RecordingError: The file is damaged.
    """
    path = settled_path(folder, leg)
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        segments = [_parse(leg, item) for item in fields["segments"]]
        return SettledLeg(
            path,
            segments,
            int(fields["position"]),
            int(fields["utterance"]),
            bool(fields["complete"]),
        )
    except FileNotFoundError:
        return SettledLeg(path)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise RecordingError(
            f"{path} is damaged: {error!r}; remove it, and the call is transcribed anew"
        ) from error


def _encode(segment: Segment) -> dict[str, Any]:
    return {
        "utterance": segment.utterance,
        "start": segment.start,
        "end": segment.end,
        "language": segment.language,
        "words": [
            [w.text, w.start, w.end, round(w.probability, 3), w.is_joined] for w in segment.words
        ],
    }


def _parse(leg: str, item: dict[str, Any]) -> Segment:
    words = tuple(
        Word(str(text), int(start), int(end), float(probability), bool(is_joined))
        for text, start, end, probability, is_joined in item["words"]
    )
    return Segment(
        leg,
        int(item["utterance"]),
        int(item["start"]),
        int(item["end"]),
        words,
        str(item["language"]),
    )
