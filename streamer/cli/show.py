"""`streamer show` and `streamer export`: what was said on one call."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.calls.catalog import Entry, find_entry
from streamer.calls.encoding import encode_entry
from streamer.calls.transcripts import read_transcript
from streamer.cli import output
from streamer.cli.calls import show_legs
from streamer.cli.files import check_new
from streamer.cli.moments import show_moment
from streamer.cli.text_files import write_text
from streamer.config import Settings
from streamer.core.alert import Alert, Severity
from streamer.core.encoding import encode_event, encode_segment
from streamer.core.events import Segment, Word
from streamer.core.transcript import DOUBTFUL, Transcript, format_position, show_alert, show_mark
from streamer.core.untrusted import printable
from streamer.errors import ExitCode, RecordingError, UsageError
from streamer.exporters import EXPORTERS
from streamer.store import TroubleRow, open_reader

if TYPE_CHECKING:
    from rich.text import Text

_LONGEST = 10_000
_SURE = 0.8
"""Probability below which a word is dim; one below `DOUBTFUL` is underlined too."""

_SEVERE = {Severity.INFO: "blue", Severity.WARNING: "yellow", Severity.CRITICAL: "bold red"}

_COLOURS = ("cyan", "magenta", "green", "yellow")

_STDOUT = Path("-")
_AUDIO_SUFFIX = "wav"


def run_show(settings: Settings, name: str, *, as_json: bool) -> int:
    """Print a call and what was said on it.

    Raises:
        StreamerError: There is no such call, or the database cannot be read.
    """
    entry, transcript, troubles = asyncio.run(_read(settings, name))
    if as_json:
        _print_json(entry, transcript)
        return ExitCode.DONE
    _describe(entry)
    if output.is_terminal():
        _print_in_colours(transcript)
    elif text := EXPORTERS["txt"](transcript).rstrip("\n"):
        output.data(text)
    for trouble in troubles:
        output.talk(f"{show_moment(trouble.at)} {trouble.message}")
    return ExitCode.DONE


def _print_json(entry: Entry, transcript: Transcript) -> None:
    output.json_line(encode_entry(entry))
    for segment in transcript.spoken:
        speaker = transcript.name(segment.leg)
        output.json_line(encode_segment(segment) | {"speaker": speaker})
    for span in transcript.unclear:
        output.json_line(encode_event(span) | {"speaker": transcript.name(span.leg)})
    for hold in transcript.holds:
        output.json_line(encode_event(hold) | {"speaker": transcript.name(hold.leg)})
    for alert in transcript.alerts:
        output.json_line(encode_event(alert))
    for mark in transcript.marks:
        output.json_line(encode_event(mark))


def _print_in_colours(transcript: Transcript) -> None:
    ranks = {label: n for n, label in enumerate(transcript.speakers)}
    for segment in transcript.lines:
        colour = _COLOURS[ranks[segment.leg] % len(_COLOURS)]
        output.show(_draw(segment, transcript.name(segment.leg), colour))
    for alert in transcript.alerts:
        output.show(_draw_alert(alert))
    for mark in transcript.marks:
        output.data(printable(f"mark: {show_mark(mark)}", limit=_LONGEST))


def run_export(
    settings: Settings,
    name: str,
    *,
    format_name: str | None,
    output_path: Path | None,
    force: bool,
    is_audio: bool,
) -> int:
    """Print a call's transcript in a format, or write it, or its audio, to a file.

    Raises:
        StreamerError: There is no such call or format, or the file exists already.
    """
    if output_path == _STDOUT:
        if is_audio:
            raise UsageError("--audio needs -o FILE.wav; `streamer play` writes audio to a pipe")
        output_path = None
    if format_name is None and not is_audio and output_path is not None:
        suffix = output_path.suffix.lower().removeprefix(".")
        format_name, is_audio = suffix if suffix in EXPORTERS else None, suffix == _AUDIO_SUFFIX
    if is_audio == (format_name is not None):
        raise UsageError(
            f"choose what to export: --format {'|'.join(EXPORTERS)}, --audio, or -o with a name such as call.srt"
        )
    if format_name is not None and format_name not in EXPORTERS:
        raise UsageError(f"unknown format {format_name}; choose one of {', '.join(EXPORTERS)}")
    if is_audio and output_path is None:
        raise UsageError("--audio needs -o FILE.wav")
    if is_audio and output_path is not None and _names_another(output_path):
        raise UsageError(f"audio is written as WAV; name {output_path.stem}.wav with -o")
    if output_path is not None:
        check_new(output_path, force=force)
    entry, transcript, _ = asyncio.run(_read(settings, name))
    if is_audio:
        assert output_path
        return _export_audio(entry, output_path)
    assert format_name
    if output_path is None:
        output.data(EXPORTERS[format_name](transcript).removesuffix("\n"))
    else:
        write_text(output_path, format_name, transcript)
    return ExitCode.DONE


async def _read(settings: Settings, name: str) -> tuple[Entry, Transcript, list[TroubleRow]]:
    async with open_reader(settings) as reader:
        entry = await find_entry(reader, Path(settings.recordings), name)
        troubles = await reader.read_troubles(entry.call.id)
        return entry, await read_transcript(reader, entry), troubles


def _names_another(path: Path) -> bool:
    """Say whether a file is named after another format than WAV."""
    return path.suffix.lower() not in ("", f".{_AUDIO_SUFFIX}") and not path.is_char_device()


def _export_audio(entry: Entry, path: Path) -> int:
    from streamer.recording.mixdown import write_mixdown
    from streamer.recording.reader import list_leg_wavs

    legs = [files for files in list_leg_wavs(entry.call.folder) if files]
    if not legs:
        raise RecordingError(f"the recordings of {entry.call.id} no longer exist")
    if any(path.samefile(wav) for files in legs for wav in files if path.exists()):
        raise UsageError(f"{path} is a recording of this call; name another file with -o")
    write_mixdown(legs, path)
    return ExitCode.DONE


def _describe(entry: Entry) -> None:
    call = entry.call
    length = "" if call.duration_s is None else f", {format_position(call.duration_s)} long"
    reason = f", {call.reason.value}" if call.reason else ""
    remark = f", {entry.remark}" if entry.remark else ""
    output.talk(
        f"{call.id}, {show_moment(call.started_at)}{length}, {entry.state.value}{remark}{reason}: {show_legs(entry)}"
    )


def _draw(segment: Segment, speaker: str, colour: str) -> Text:
    from rich.text import Text

    line = Text(f"[{format_position(segment.start_s)}] ", style="dim")
    line.append(f"{printable(speaker)}: ", style=f"not dim bold {colour}")
    for number, word in enumerate(segment.words):
        blank = "" if number == 0 or word.is_joined else " "
        line.append(blank + printable(word.text, limit=_LONGEST), style=_shade(word))
    return line


def _draw_alert(alert: Alert) -> Text:
    from rich.text import Text

    line = printable(f"{alert.severity.sign} {show_alert(alert)}", limit=_LONGEST)
    return Text(line, style=_SEVERE[alert.severity])


def _shade(word: Word) -> str:
    """Return the style of a word by its probability: a doubtful word is dim, and underlined for terminals without dim."""
    if word.probability < DOUBTFUL:
        return "dim underline"
    return "not dim" if word.probability >= _SURE else "dim"
