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
_ERASE_LINE = "\r\x1b[K"


class _Opening:
    """The line that stands on the terminal while a screen is being imported; whatever is printed next takes its place."""

    def __init__(self) -> None:
        self.is_shown = False

    def show(self) -> None:
        if not self.is_shown:
            self.is_shown = True
            self._write("streamer: opening...")

    def erase(self) -> None:
        if self.is_shown:
            self.is_shown = False
            self._write(_ERASE_LINE)

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            print(text, end="", file=sys.__stderr__, flush=True)


_opening = _Opening()


def can_show_screen() -> bool:
    """Say whether there is a terminal that a screen can be drawn on."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    is_terminal = all(stream is not None and stream.isatty() for stream in streams)
    return is_terminal and os.environ.get("TERM", "") not in ("", "dumb")


def say_opening() -> None:
    """Show at once that a screen is coming: what it needs takes a fifth of a second to import, and Textual as long again."""
    if can_show_screen():
        _opening.show()


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
    _opening.erase()
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
    _opening.erase()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(printable(message, limit=TALK_LIMIT) + "\n")
        sys.stderr.flush()


def can_ask() -> bool:
    """Say whether there is a terminal to ask a question on."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> bool:
    """Ask on stderr, so that stdout stays data; every answer but a yes is a no."""
    _opening.erase()
    sys.stderr.write(f"{printable(question, limit=TALK_LIMIT)} [y/N]: ")
    sys.stderr.flush()
    answer = ""
    try:
        answer = sys.stdin.readline()
    finally:
        if not answer.endswith("\n"):  # Ctrl-C or Ctrl-D: what follows has a line of its own
            sys.stderr.write("\n")
    return answer.strip().casefold() in {"y", "yes"}


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
