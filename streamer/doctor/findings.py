"""What a check has found; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from streamer.errors import ExitCode


class Level(StrEnum):
    """How bad it is: nothing to do, something to know, or something that does not work."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check, and what to do about it; strings may be untrusted."""

    check: str
    level: Level
    message: str
    remedy: str = ""
    is_unreachable: bool = False
    """A PBX that is set up cannot be asked."""


def ok(check: str, message: str) -> Finding:
    """Return that all is well."""
    return Finding(check, Level.OK, message)


def warn(check: str, message: str, remedy: str) -> Finding:
    """Return something to know."""
    return Finding(check, Level.WARNING, message, remedy)


def fault(check: str, message: str, remedy: str) -> Finding:
    """Return something that does not work."""
    return Finding(check, Level.ERROR, message, remedy)


def choose_exit_code(findings: Iterable[Finding]) -> ExitCode:
    """Return the exit code of the worst finding."""
    kept = list(findings)
    if any(finding.is_unreachable for finding in kept):
        return ExitCode.UNREACHABLE
    is_bad = any(finding.level is Level.ERROR for finding in kept)
    return ExitCode.FAILED if is_bad else ExitCode.DONE


def split_advice(text: str) -> tuple[str, str]:
    """Return what happened and what to do, which our messages have in one sentence."""
    places = [place for mark in ("; ", ": check ", ": see ") if (place := text.find(mark)) >= 0]
    if not places:
        return text, ""
    place = min(places)
    return text[:place], text[place + 2 :].strip()
