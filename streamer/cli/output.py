"""The only module that prints: data to stdout, talk to stderr, and nothing that a terminal obeys to either."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from streamer.core.reasons import explain
from streamer.core.untrusted import escape_json, printable
from streamer.errors import ExitCode, RecordingError

if TYPE_CHECKING:
    from rich.console import RenderableType

TALK_LIMIT = 1000
"""Characters of one line of talk."""


def data(text: str) -> None:
    """Print a line of data at once; it is ours, so it is not escaped.

    Raises:
        BrokenPipeError: The reader of stdout has gone.
        RecordingError: It is a file on a disk that does not take it.
    """
    with _writing_stdout():
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


@contextlib.contextmanager
def _writing_stdout() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        close_quietly()
        raise RecordingError(f"stdout cannot be written: {explain(error)}") from error


def raw(content: bytes) -> None:
    """Write bytes that are no text, such as audio, at once.

    Raises:
        BrokenPipeError: The reader of stdout has gone.
        RecordingError: It is a file on a disk that does not take it.
    """
    with _writing_stdout():
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


def json_line(value: object) -> None:
    """Print one JSON object on a line; what a terminal would obey is escaped in it.

    Raises:
        BrokenPipeError: The reader of stdout has gone.
        RecordingError: It is a file on a disk that does not take it.
    """
    data(escape_json(json.dumps(value, ensure_ascii=False)))


def is_terminal() -> bool:
    """Say whether stdout is a terminal."""
    return sys.stdout.isatty()


def can_print(text: str) -> bool:
    """Say whether stdout has all characters of a text."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


def show(drawing: RenderableType) -> None:
    """Print one of rich's tables or coloured texts on a terminal; its strings must be harmless already.

    Raises:
        BrokenPipeError: The reader of stdout has gone.
        RecordingError: It is a file on a disk that does not take it.
    """
    from rich.console import Console

    with _writing_stdout():
        Console(highlight=False, markup=False, emoji=False).print(drawing)
        sys.stdout.flush()


def talk(message: str) -> None:
    """Print one line on stderr, made harmless; does nothing if the terminal is gone."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(printable(message, limit=TALK_LIMIT) + "\n")
        sys.stderr.flush()


def can_ask() -> bool:
    """Say whether there is a terminal to ask a question on."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> bool:
    """Ask on stderr, so that stdout stays data; every answer but a yes is a no."""
    sys.stderr.write(f"{printable(question, limit=TALK_LIMIT)} [y/N]: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in {"y", "yes"}


def fail(message: str, code: ExitCode) -> ExitCode:
    """Print why a command fails, in one line, and return its exit code."""
    talk(f"streamer: {message}")
    return code


def fill_closed_descriptors() -> None:
    """Open /dev/null where stdin, stdout or stderr were closed, so that no socket takes their place."""
    names = ("stdin", "stdout", "stderr")
    for descriptor, name in enumerate(names):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest that is free, which is this one
            setattr(sys, name, os.fdopen(opened, "w" if descriptor else "r"))


def leave_at_once(code: int) -> NoReturn:
    """End the process although a thread hangs in a write to stdout that has no reader."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


def be_writable() -> None:
    """Let no character be an error where stdout or stderr are not UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def close_quietly() -> ExitCode:
    """End after a closed stdout: what Python would flush at its end goes nowhere."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.DONE
