"""WebVTT (.vtt): cues that name their speaker in a voice tag if there are several. (W3C, "WebVTT", 1.3 and 4)"""

from __future__ import annotations

from streamer.core.transcript import Transcript
from streamer.exporters.cues import Cue, build_cues, format_time

BEGINNING = "WEBVTT\n"
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def render(transcript: Transcript) -> str:
    """Return the transcript as WebVTT; where nothing was said, only its first line."""
    return "\n".join([BEGINNING, *render_cues(transcript)])


def render_cues(transcript: Transcript) -> list[str]:
    """Return the cues as they stand below the first line."""
    has_voices = len(transcript.speakers) > 1
    return [
        _render_cue(cue, transcript.name(cue.leg) if has_voices else "")
        for cue in build_cues(transcript)
    ]


def render_numbered(transcript: Transcript, *, first: int, heading: str) -> list[str]:
    """Return the cues, numbered from `first`, each with the heading on a line of its own."""
    above = heading.translate(ESCAPES).replace("--", "-&#45;")
    parts = [cue.split("\n", 1) for cue in render_cues(transcript)]
    return [
        f"{number}\n{times}\n{above}\n{text}" for number, (times, text) in enumerate(parts, first)
    ]


def _render_cue(cue: Cue, speaker: str) -> str:
    start, end = (format_time(moment, point=".") for moment in (cue.start, cue.end))
    voice = _open_voice(speaker) if speaker else ""
    text = "\n".join(cue.lines).translate(ESCAPES)
    return f"{start} --> {end}\n{voice}{text}\n"


def _open_voice(speaker: str) -> str:
    """Return the tag; a name that ends in two dashes must not make the `-->` of a cue's times with it."""
    return f"<v {speaker.translate(ESCAPES).replace('--', '-&#45;')}>"
