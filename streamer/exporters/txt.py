"""Plain text: a line `[m:ss] speaker: text` for each utterance, in the order in which they began; `[unclear]` is speech without words.

Behind them stands a line for each alert: `alert: [m:ss] leg: rule (severity): text`, and for each mark:
`mark: [m:ss] leg: text (note)`.
"""

from __future__ import annotations

from streamer.core.events import Segment
from streamer.core.transcript import Transcript, format_position, show_alert, show_mark


def render(transcript: Transcript) -> str:
    """Return the transcript as plain text; where nothing was said, an empty line."""
    return "\n".join(list_lines(transcript)) + "\n"


def list_lines(transcript: Transcript) -> list[str]:
    """Return a line for each utterance, then for each alert, then for each mark."""
    lines = [_render_line(transcript, segment) for segment in transcript.lines]
    lines += [f"alert: {show_alert(alert)}" for alert in transcript.alerts]
    return lines + [f"mark: {show_mark(mark)}" for mark in transcript.marks]


def _render_line(transcript: Transcript, segment: Segment) -> str:
    speaker = transcript.name(segment.leg)
    return f"[{format_position(segment.start_s)}] {speaker}: {segment.text}"
