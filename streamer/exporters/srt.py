"""SubRip (.srt): numbered cues with a comma in their times, each with its speaker if there are several.

SubRip has no way to escape: players read `<...>` and `{...}` as style, and `-->` as a cue's times. So `<>` and `{}` come
out as characters that look alike and mean nothing.
"""

from __future__ import annotations

from streamer.core.transcript import Transcript
from streamer.exporters.cues import Cue, build_cues, format_time

LOOKALIKES = str.maketrans("<>{}", "‹›❴❵")


def render(transcript: Transcript) -> str:
    """Return the transcript as SubRip; where nothing was said, an empty line."""
    return "\n".join(render_cues(transcript)) or "\n"


def render_cues(transcript: Transcript, *, first: int = 1, heading: str = "") -> list[str]:
    """Return the cues, numbered from `first`; each says the heading, if there is one, on a line of its own."""
    cues = build_cues(transcript, is_labelled=len(transcript.speakers) > 1)
    return [_render_cue(number, cue, heading) for number, cue in enumerate(cues, first)]


def _render_cue(number: int, cue: Cue, heading: str) -> str:
    start, end = (format_time(moment, point=",") for moment in (cue.start, cue.end))
    lines = (heading, *cue.lines) if heading else cue.lines
    text = "\n".join(lines).translate(LOOKALIKES)
    return f"{number}\n{start} --> {end}\n{text}\n"
