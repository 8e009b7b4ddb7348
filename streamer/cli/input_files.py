"""Which files a user means by names of files and folders, and by patterns that no shell has filled in."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from streamer.core.reasons import explain
from streamer.errors import NotFoundError, StreamerError, UsageError
from streamer.media.opened import check_file

_ENDINGS = (
    "3gp aac ac3 aif aiff al alaw alw amr ape asf au avi caf flac flv g722 g723 g726 g726-16 g726-24"
    " g726-32 g726-40 g729 gsm m4a m4b m4v mka mkv mov mp2 mp3 mp4 mpeg mpg mts mu oga ogg ogv opus"
    " pcm raw sln sln8 sln12 sln16 sln24 sln32 sln44 sln48 sln96 sln192 spx ts tta ul ulaw ulw vox"
    " w64 wav wav49 weba webm wma wmv wv"
)
SUFFIXES = frozenset(_ENDINGS.split())
"""What audio ends in; of a folder no other file is taken. A file that is named itself may be called anything."""

_WILD = frozenset("*?[")


def list_inputs(arguments: Iterable[Path]) -> list[Path | StreamerError]:
    """Return the files, or why there are none, in the order of the arguments; those of a folder by name, with its folders."""
    return [each for argument in arguments for each in _expand(argument)]


def _expand(argument: Path) -> Iterator[Path | StreamerError]:
    if os.path.isdir(argument):  # noqa: PTH112 - a name that is too long is no error
        found = list(_walk(argument))
        yield from sorted(each for each in found if isinstance(each, Path))
        yield from (each for each in found if isinstance(each, StreamerError))
        if not found:
            yield UsageError(f"no audio files in the folder {argument}")
    elif os.path.lexists(argument) or not _WILD & set(str(argument)):
        yield _find_fault(argument) or argument
    else:
        yield from _fill_in(argument)


def _fill_in(pattern: Path) -> Iterator[Path | StreamerError]:
    names = glob.glob(str(pattern), recursive=True)  # noqa: PTH207 - of a Path they are relative only
    found = sorted(map(Path, names))
    if not found:
        yield NotFoundError(f"no file matches {pattern}")
    for path in found:
        if not path.is_dir():
            yield path


def _find_fault(file: Path) -> StreamerError | None:
    """Return why a file cannot be read, as far as that shows from outside."""
    try:
        check_file(file, missing=NotFoundError)
    except StreamerError as error:
        return error
    return None


def _walk(folder: Path) -> Iterator[Path | StreamerError]:
    """Yield the audio files of a folder, and what is no file or folder that can be read."""
    closed: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(place, name)
            if not name.startswith(".") and path.suffix[1:].lower() in SUFFIXES:
                yield _find_fault(path) or path
    for error in closed:
        yield UsageError(f"the folder {error.filename} cannot be read: {explain(error)}")
