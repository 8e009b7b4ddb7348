"""`streamer report`: calls, alerts and quality of a time, as text or as a page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from streamer.calls.choosing import Parties
from streamer.calls.report import txt
from streamer.calls.report.composing import Period, ReportedCall, compose
from streamer.calls.report.document import Report
from streamer.calls.report.reading import read_calls
from streamer.cli import output
from streamer.cli.files import check_new
from streamer.config import Settings
from streamer.core.folders import show_folder
from streamer.errors import ExitCode, UsageError
from streamer.recording.private_files import open_private
from streamer.store import Filter, open_reader

FORMATS = ("txt", "html")

_STDOUT = Path("-")


def run_report(
    settings: Settings,
    filter: Filter,
    parties: Parties,
    *,
    format_name: str | None,
    output_path: Path | None,
    force: bool,
) -> int:
    """Print a report, or write it to a file that only its owner can read; no calls are no error.

    Raises:
        StreamerError: There is no such format, the file exists already, or the database cannot be read.
    """
    path = None if output_path == _STDOUT else output_path
    render = _choose_renderer(format_name, path)
    if path is not None:
        check_new(path, force=force)
    calls = asyncio.run(_read(settings, filter, parties))
    if not calls:
        output.talk(f"No call in {show_folder(settings.recordings)} matches")
    document = render(compose(calls, Period(filter.since, filter.until, datetime.now(UTC))))
    if path is None:
        output.data(document.removesuffix("\n"))
        return ExitCode.DONE
    with open_private(path) as file:
        file.write(document.encode())
    return ExitCode.DONE


def _choose_renderer(format_name: str | None, path: Path | None) -> Callable[[Report], str]:
    chosen = format_name or ("txt" if path is None else path.suffix.lower().removeprefix("."))
    if chosen not in FORMATS:
        wrong = f"unknown format {format_name}" if format_name else f"{path} tells no format"
        raise UsageError(f"{wrong}; choose one with --format {'|'.join(FORMATS)}")
    if chosen == "txt":
        return txt.render
    from streamer.calls.report import html

    return html.render


async def _read(settings: Settings, filter: Filter, parties: Parties) -> list[ReportedCall]:
    async with open_reader(settings) as reader:
        found = read_calls(reader, Path(settings.recordings), filter, parties)
        return [call async for call in found]
