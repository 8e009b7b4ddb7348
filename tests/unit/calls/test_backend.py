"""How legs are transcribed follows from the settings, and from what the model knows."""

import pytest

from streamer.calls.backend import plan_speech
from streamer.config import Settings
from streamer.errors import UsageError
from streamer.speech.engine.models import DEMO, resolve_model
from tests.seams.scripted_recogniser import MODEL


@pytest.mark.parametrize(
    ("setting", "language", "languages"),
    [("en", "en", ("en",)), ("en,es", None, ("en", "es")), ("auto", None, ())],
)
def test_one_language_is_pinned_and_of_several_one_is_detected(setting, language, languages):
    plan = plan_speech(Settings(language=setting), MODEL)
    assert (plan.language, plan.languages) == (language, languages)


def test_the_only_language_of_several_that_the_model_knows_is_pinned():
    plan = plan_speech(Settings(language="es,en"), resolve_model(DEMO))
    assert (plan.language, plan.languages) == ("en", ("en",))


def test_settings_that_cannot_be_meant_are_refused():
    with pytest.raises(UsageError, match="encoder_window must be auto, short or full, not long"):
        plan_speech(Settings(encoder_window="long"), MODEL)
    with pytest.raises(UsageError, match="unknown language"):
        plan_speech(Settings(language="x1"), MODEL)
