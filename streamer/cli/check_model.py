"""`streamer models check`: try a model on this machine, say what was found, and remember it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from streamer.cli import output
from streamer.cli.signals import run_to_end
from streamer.config import Settings
from streamer.core.encoding import encode_time
from streamer.errors import ExitCode
from streamer.speech.check.findings import Findings, explain
from streamer.speech.check.memory import remember
from streamer.speech.check.trial import try_model
from streamer.speech.engine.models import NO_MODEL, InstalledModel, choose_model
from streamer.speech.recognisers import RECOGNISERS, OpenRecogniser

_ENDING = "stopping the speech engine"


def run_check(
    settings: Settings,
    name: str,
    *,
    as_json: bool,
    recognisers: Mapping[str, OpenRecogniser] = RECOGNISERS,
) -> int:
    """Check a model, that which calls use if none is named, and print what was found.

    Raises:
        NotFoundError: It is not installed.
        ModelError: It is broken, or cannot be loaded here.
    """
    model = choose_model(name, settings.models_dir)
    if model is None:
        return output.fail(NO_MODEL, ExitCode.NOT_FOUND)
    return run_to_end(
        _check(settings, model, recognisers["local"], as_json=as_json), ending=_ENDING
    )


async def _check(
    settings: Settings, model: InstalledModel, open_recogniser: OpenRecogniser, *, as_json: bool
) -> int:
    output.talk(f"checking {model.name} with a minute of speech")
    async with open_recogniser(settings, model, output.talk) as recogniser:
        recogniser.start()
        findings = await try_model(model, recogniser)
    await asyncio.to_thread(remember, settings, model, findings)
    if as_json:
        output.json_line(encode_findings(findings))
    else:
        for line in explain(findings):
            output.data(line)
    return ExitCode.DONE if findings.is_fit else ExitCode.FAILED


def encode_findings(findings: Findings) -> dict[str, str | float | int]:
    """Return what `--json` prints of a check."""
    return {
        "name": findings.name,
        "encoder_window": str(findings.encoder_window),
        "wer": findings.wer,
        "wer_difference": findings.wer_difference,
        "real_time_factor": findings.real_time_factor,
        "calls": findings.calls,
        "checked_at": encode_time(findings.checked_at),
    }
