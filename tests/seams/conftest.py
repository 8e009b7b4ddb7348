import pytest

from streamer.calls import transcription
from tests.unit.speech.test_transcriber import LoudIsSpeech


@pytest.fixture(autouse=True)
def _loud_is_speech(monkeypatch):
    """Let sessions tell speech by its loudness, which needs no model."""
    monkeypatch.setattr(transcription, "_import_vad", lambda: lambda read_rate: LoudIsSpeech())
