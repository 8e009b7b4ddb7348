"""`streamer doctor`: says what is wrong with a set-up, and what to do."""

from __future__ import annotations

import os
from collections.abc import Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any

from streamer.cli import output
from streamer.cli.places import find_places
from streamer.cli.signals import run_to_end
from streamer.config import Settings
from streamer.config.reading import load_settings
from streamer.core.untrusted import printable
from streamer.doctor.examination import Patient, examine, list_checks, list_late_checks
from streamer.doctor.findings import Finding, Level, choose_exit_code
from streamer.doctor.gather.listening import Listening
from streamer.doctor.gather.settings import read_settings
from streamer.doctor.hearing import judge_hearing
from streamer.errors import UsageError
from streamer.wire.protocols import ARI

_MARKS = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.ERROR: ("✗", "red")}
_PLAIN_MARKS = {Level.OK: "ok", Level.WARNING: "warning", Level.ERROR: "error"}

_LIMIT = 1000
_ENDING = "deleting what was made in the PBX"


def run_doctor(config: Path | None, flags: dict[str, Any], *, as_json: bool) -> int:
    """Look at everything, print a line for each check, and return the exit code of the worst."""
    environment = dict(os.environ)
    settings, trouble = read_settings(config, environment, flags)
    patient = Patient(settings, _find_listening(settings), config, environment, trouble)
    return _run(_examine(patient, as_json=as_json))


def run_hearing(config: Path | None, flags: dict[str, Any], channel: str, *, as_json: bool) -> int:
    """Listen to a channel's call for 3 s through ARI, and print a line for each party.

    Raises:
        UsageError: ARI is not set up.
        NotFoundError: There is no such channel.
        UnreachableError: ARI cannot be asked.
    """
    settings = load_settings(config=config, environment=os.environ, flags=flags)
    return _run(_listen(settings, channel, as_json=as_json), ending=_ENDING)


def _run(work: Coroutine[Any, Any, int], *, ending: str = "") -> int:
    try:
        return run_to_end(work, ending=ending)
    except BrokenPipeError:
        return output.close_quietly()


async def _listen(settings: Settings, channel: str, *, as_json: bool) -> int:
    from streamer.doctor.gather.hearing import LISTEN_S, listen_to

    def tell() -> None:
        output.talk(f"listening to {channel} for {LISTEN_S:.0f} s; the call is not changed")

    findings = list(
        judge_hearing(await listen_to(settings, channel, listen_s=LISTEN_S, on_found=tell))
    )
    for finding in findings:
        _show(finding, as_json=as_json)
    return choose_exit_code(findings)


async def _examine(patient: Patient, *, as_json: bool) -> int:
    findings = []
    for checks in (list_checks(patient), list_late_checks(patient)):
        async with aclosing(examine(checks)) as found:
            async for finding in found:
                findings.append(finding)
                _show(finding, as_json=as_json)
    return choose_exit_code(findings)


def _find_listening(settings: Settings) -> Listening:
    try:
        places = find_places(settings, audiosocket=(), websocket=(), register=())
    except UsageError as error:
        return Listening(trouble=str(error))
    ours = (one for one in places.addresses if one.source != ARI.name)  # there the PBX listens
    return Listening((*ours, *places.registrations), places.cert, places.key)


def _show(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        output.json_line(encode_finding(finding))
    elif output.is_terminal():
        _draw(finding)
    else:
        output.data("\n".join(_list_lines(finding, _PLAIN_MARKS[finding.level])))


def encode_finding(finding: Finding) -> dict[str, str]:
    """Return a finding as `--json` prints it."""
    return {
        "check": finding.check,
        "level": str(finding.level),
        "message": finding.message,
        "remedy": finding.remedy,
    }


def _list_lines(finding: Finding, mark: str) -> list[str]:
    lines = [f"{mark} {finding.check}: {printable(finding.message, limit=_LIMIT)}"]
    if finding.remedy:
        lines.append(f"  {printable(finding.remedy, limit=_LIMIT)}")
    return lines


def _draw(finding: Finding) -> None:
    from rich.text import Text

    mark, colour = _MARKS[finding.level]
    mark = mark if output.can_print(mark) else _PLAIN_MARKS[finding.level]
    first, *rest = _list_lines(finding, mark)
    text = Text(first)
    text.stylize(colour, 0, len(mark))
    text.stylize("bold", len(mark) + 1, len(mark) + 1 + len(finding.check))
    for line in rest:
        text.append(f"\n{line}", "dim")
    output.show(text)
