"""Looks for the model, and for what is known of it; one of which nothing is known is tried for some seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from streamer.config import Settings
from streamer.doctor.words import ModelFacts
from streamer.errors import ModelError
from streamer.speech.check.clips import LANGUAGE
from streamer.speech.check.findings import Findings
from streamer.speech.check.memory import recall, recall_latest
from streamer.speech.check.trial import try_model
from streamer.speech.engine.absence import find_wanted
from streamer.speech.engine.model_advice import read_machine, suggest_smaller
from streamer.speech.engine.model_languages import read_languages
from streamer.speech.engine.models import NO_TEXT, InstalledModel, is_bundled
from streamer.speech.recognisers import RECOGNISERS, OpenRecogniser

TRIAL_S = 30.0
_CLIPS = 3


async def gather_model(
    settings: Settings, *, recognisers: Mapping[str, OpenRecogniser] = RECOGNISERS
) -> ModelFacts:
    """Return whether calls get words, and how fast."""
    wanted = await asyncio.to_thread(find_wanted, settings.model, settings.models_dir)
    if wanted.model is None:
        return ModelFacts(wanted.name, bool(wanted.name), wanted.lack.replace(NO_TEXT, ""))
    model = wanted.model
    if is_bundled(model):
        return ModelFacts(model.name, is_demo=True)
    if known := recall(settings, model) or recall_latest(model):
        return _describe(settings, model, known)
    if LANGUAGE not in await asyncio.to_thread(read_languages, model):
        return ModelFacts(model.name)
    try:
        async with asyncio.timeout(TRIAL_S):
            return await _try(settings, model, recognisers["local"])
    except TimeoutError:
        return ModelFacts(model.name)
    except ModelError as error:
        return ModelFacts(model.name, trouble=str(error))


async def _try(
    settings: Settings, model: InstalledModel, open_recogniser: OpenRecogniser
) -> ModelFacts:
    """Read some clips: enough to know how fast it is, too few to say how right."""
    async with open_recogniser(settings, model, lambda _: None) as recogniser:
        recogniser.start()
        findings = await try_model(model, recogniser, most_clips=_CLIPS)
    return _describe(settings, model, findings, is_short=True)


def _describe(
    settings: Settings, model: InstalledModel, findings: Findings, *, is_short: bool = False
) -> ModelFacts:
    smaller = None
    if not findings.calls:
        smaller = suggest_smaller(model.size, read_machine(looks_for_gpu=False), settings.language)
    return ModelFacts(
        model.name,
        calls=findings.calls,
        wer=findings.wer,
        is_right=is_short or findings.is_right,
        smaller=smaller.name if smaller else "",
    )
