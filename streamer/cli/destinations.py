"""Where `transcribe` puts its texts: on stdout, into one file, or into a folder with a file for each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from streamer.cli import output
from streamer.cli.files import check_new
from streamer.cli.text_files import write_text
from streamer.core.reasons import find_cause
from streamer.core.transcript import Transcript
from streamer.core.untrusted import one_line
from streamer.errors import RecordingError, UsageError
from streamer.exporters import EXPORTERS, Exporter
from streamer.exporters.several import Several

_STDOUT = Path("-")


class Destination(Protocol):
    """Takes the text of each file that has one, in order."""

    def check(self, file: Path) -> None:
        """Find out, before work is spent on a file, that its text has a place.

        Raises:
            UsageError: It must not be written.
        """

    def take(self, file: Path, transcript: Transcript) -> None:
        """Write the text of one file.

        Raises:
            RecordingError: The disk does not take it.
            BrokenPipeError: The reader of stdout has gone.
        """


def open_destination(
    files: Sequence[Path],
    target: Path | None,
    format_name: str | None,
    *,
    is_single: bool,
    force: bool,
) -> Destination:
    """Choose where the texts of these files go; the target of a single one chooses its format too.

    Raises:
        UsageError: There is no such format, or the target cannot be written.
        RecordingError: Its folder cannot.
    """
    if target == _STDOUT:
        target = None
    is_file = target is not None and is_single and _names_format(target)
    if format_name is None:
        format_name = target.suffix[1:].lower() if target and is_file else "txt"
    if format_name not in EXPORTERS:
        raise UsageError(f"unknown format {format_name}; choose one of {', '.join(EXPORTERS)}")
    if target is None:
        render = EXPORTERS[format_name]
        return _Printed(render) if is_single else _PrintedInARow(Several(format_name))
    if is_file:
        check_new(target, force=force)
        return _OneFile(target, format_name)
    return _Folder(target, files, format_name, force=force)


def _names_format(target: Path) -> bool:
    return target.suffix[1:].lower() in EXPORTERS and not os.path.isdir(target)  # noqa: PTH112 - of a closed folder it is no error


class _Printed:
    def __init__(self, render: Exporter) -> None:
        self._render = render

    def check(self, file: Path) -> None:
        """Stdout has a place for everything."""

    def take(self, file: Path, transcript: Transcript) -> None:
        if text := self._render(transcript).rstrip("\n"):
            output.data(text)


class _PrintedInARow:
    def __init__(self, several: Several) -> None:
        self._several = several
        self._beginning = several.begin()

    def check(self, file: Path) -> None:
        """Stdout has a place for everything."""

    def take(self, file: Path, transcript: Transcript) -> None:
        text = self._beginning + self._several.add(str(file), transcript)
        self._beginning = ""
        if text:
            output.data(text.removesuffix("\n"))


class _OneFile:
    def __init__(self, path: Path, format_name: str) -> None:
        self._path = path
        self._format = format_name

    def check(self, file: Path) -> None:
        """It was checked before anything began."""

    def take(self, file: Path, transcript: Transcript) -> None:
        write_text(self._path, self._format, transcript)


class _Folder:
    """A text for each file, by its name without the suffix; the path of each is printed when it is written.

    A folder that is not there is made with the first text: until then it is only tried whether it can be.
    """

    def __init__(
        self, folder: Path, files: Sequence[Path], format_name: str, *, force: bool
    ) -> None:
        self._folder = folder
        self._format = format_name
        self._names = _choose_names(files, format_name)
        self._force = force
        self._written: set[Path] = set()
        lacking = _list_lacking(folder)
        try:
            _make_folder(folder)
        finally:
            with suppress(OSError):  # another process has use for it already
                for each in lacking:
                    each.rmdir()

    def check(self, file: Path) -> None:
        path = self._folder / self._names[file]
        if os.path.lexists(path) and not self._force and file not in self._written:
            raise UsageError(
                f"{path} exists; overwrite it with --force, or name another folder with -o"
            )

    def take(self, file: Path, transcript: Transcript) -> None:
        path = self._folder / self._names[file]
        _make_folder(self._folder)
        write_text(path, self._format, transcript)
        self._written.add(file)
        output.data(one_line(str(path)))


def _list_lacking(folder: Path) -> list[Path]:
    """Return the folder and those above it as far as they are not there, the folder itself first."""
    return [each for each in (folder, *folder.parents) if not os.path.lexists(each)]


def _make_folder(folder: Path) -> None:
    """Make a folder that can be written to, unless it is there.

    Raises:
        UsageError: It cannot be made.
        RecordingError: It cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise UsageError(
            f"{folder} is not a folder; name a folder with -o, or for a single text a file such as x.srt"
        ) from error
    except OSError as error:
        raise UsageError(
            f"the folder {folder} cannot be made ({find_cause(error)}); name another one with -o"
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RecordingError(f"the folder {folder} cannot be written; name another one with -o")


def _choose_names(files: Sequence[Path], format_name: str) -> dict[Path, str]:
    """Return a name for each file's text that no other has, also where a disk knows no capitals."""
    taken: set[str] = set()
    names: dict[Path, str] = {}
    for file in dict.fromkeys(files):
        number, name = 1, f"{file.stem}.{format_name}"
        while name.casefold() in taken:
            number += 1
            name = f"{file.stem}-{number}.{format_name}"
        taken.add(name.casefold())
        names[file] = name
    return names
