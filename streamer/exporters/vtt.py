"""WebVTT (.vtt): cues that name their speaker in a voice tag if there are several. (W3C, "WebVTT", 1.3 and 4)"""

from __future__ import annotations

from streamer.core.transcript import Transcript
from streamer.exporters.cues import Cue, build_cues, format_time

ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def render(transcript: Transcript) -> str:
    """Return the transcript as WebVTT; where nothing was said, only its first line."""
    has_voices = len(transcript.speakers) > 1
    cues = (
        _render_cue(cue, transcript.name(cue.leg) if has_voices else "")
        for cue in build_cues(transcript)
    )
    return "\n".join(["WEBVTT\n", *cues])


def _render_cue(cue: Cue, speaker: str) -> str:
    start, end = (format_time(moment, point=".") for moment in (cue.start, cue.end))
    voice = _open_voice(speaker) if speaker else ""
    text = "\n".join(cue.lines).translate(ESCAPES)
    return f"{start} --> {end}\n{voice}{text}\n"


def _open_voice(speaker: str) -> str:
    """Return the tag; a name that ends in two dashes must not make the `-->` of a cue's times with it."""
    return f"<v {speaker.translate(ESCAPES).replace('--', '-&#45;')}>"
