"""Plain text: a line `[m:ss] label: text` for each utterance, in the order in which they began."""

from __future__ import annotations

from streamer.events import Segment
from streamer.transcript import Transcript, format_position


def render(transcript: Transcript) -> str:
    """Return the transcript as plain text; where nothing was said, an empty line."""
    return "\n".join(_render_line(segment) for segment in transcript.spoken) + "\n"


def _render_line(segment: Segment) -> str:
    return f"[{format_position(segment.start_s)}] {segment.leg}: {segment.text}"
