"""How legs are transcribed follows from the settings, and from what the model knows."""

from datetime import UTC, datetime

import pytest

from streamer.bus import Bus
from streamer.calls import backend as backend_module
from streamer.calls.backend import open_backend, plan_speech
from streamer.config import Settings
from streamer.core.events import SPEECH_RATE, Trouble
from streamer.errors import StoreError, UsageError
from streamer.speech.base import EncoderWindow
from streamer.speech.check.findings import Findings
from streamer.speech.check.memory import remember
from streamer.speech.engine.models import DEMO, InstalledModel, resolve_model
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


def test_stock_weights_and_the_bundled_model_are_each_read_as_was_measured(tmp_path):
    bundled = plan_speech(Settings(), resolve_model(DEMO))
    stock = plan_speech(Settings(), InstalledModel("base", tmp_path, 1))
    assert bundled.encoder_window is stock.encoder_window is EncoderWindow.SHORT
    assert (bundled.has_timestamps, stock.has_timestamps) == (False, True)
    assert not bundled.carries_context
    assert bundled.longest < stock.longest < 30 * SPEECH_RATE
    asked = plan_speech(Settings(encoder_window="full"), InstalledModel("base", tmp_path, 1))
    assert asked.encoder_window is EncoderWindow.FULL


def test_what_a_check_found_of_these_weights_is_followed_unless_the_user_says_otherwise(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"weights")
    model = InstalledModel("small", tmp_path, 1)
    found = Findings(
        "small", EncoderWindow.FULL, 1.5, 12.0, 0.4, 3, datetime(2026, 11, 28, 12, tzinfo=UTC)
    )
    remember(Settings(), model, found)
    remember(Settings(), resolve_model(DEMO), found)
    assert plan_speech(Settings(), model).encoder_window is EncoderWindow.FULL
    assert (
        plan_speech(Settings(encoder_window="short"), model).encoder_window is EncoderWindow.SHORT
    )
    assert plan_speech(Settings(), resolve_model(DEMO)).encoder_window is EncoderWindow.SHORT


async def test_a_store_whose_disk_stays_full_is_not_waited_for_for_ever(monkeypatch):
    def refuse(settings):
        raise StoreError("the disk has no room for db; free some space", is_temporary=True)

    monkeypatch.setattr(backend_module, "open_store", refuse)
    bus = Bus()
    with bus.subscribe() as events:
        async with open_backend(Settings(), None, bus, patience_s=-1.0) as backend:
            assert await backend.opening is None
        bus.close()
        said = [event.message async for event in events if isinstance(event, Trouble)]
    assert said == ["no text: the disk has no room for db; free some space"]
