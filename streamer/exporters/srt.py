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
    cues = build_cues(transcript, is_labelled=len(transcript.speakers) > 1)
    return "\n".join(_render_cue(number, cue) for number, cue in enumerate(cues, 1)) or "\n"


def _render_cue(number: int, cue: Cue) -> str:
    start, end = (format_time(moment, point=",") for moment in (cue.start, cue.end))
    text = "\n".join(cue.lines).translate(LOOKALIKES)
    return f"{number}\n{start} --> {end}\n{text}\n"
