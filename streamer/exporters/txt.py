"""Plain text: a line `[m:ss] label: text` for each utterance, in the order in which they began."""

from __future__ import annotations

from streamer.events import SPEECH_RATE, Segment
from streamer.transcript import Transcript


def render(transcript: Transcript) -> str:
    """Return the transcript as plain text; where nothing was said, an empty line."""
    return "\n".join(_render_line(segment) for segment in transcript.spoken) + "\n"


def _render_line(segment: Segment) -> str:
    return f"[{_format_time(segment.start)}] {segment.leg}: {segment.text}"


def _format_time(samples: int) -> str:
    minutes, seconds = divmod(max(0, samples) // SPEECH_RATE, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
