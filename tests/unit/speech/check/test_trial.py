"""A model is tried on the same speech both ways."""

import pytest

from streamer.errors import ModelError
from streamer.speech.base import EncoderWindow, WindowKind
from streamer.speech.check.clips import clips_folder, read_clips
from streamer.speech.check.trial import try_model
from streamer.speech.engine.models import DEMO, InstalledModel, resolve_model
from tests.fakes.reading import ReadingRecogniser

MOST_S = 60.0
MOST_BYTES = 500_000


def _lose_in_short(window, words):
    return words[:-3] if window is EncoderWindow.SHORT else words


async def test_a_model_that_is_right_both_ways_gets_short_windows(tmp_path):
    recogniser = ReadingRecogniser()
    findings = await try_model(InstalledModel("small", tmp_path, 1), recogniser)
    assert (findings.name, findings.encoder_window) == ("small", EncoderWindow.SHORT)
    assert (findings.wer, findings.wer_difference, findings.calls) == (0.0, 0.0, 10)
    assert {w.kind for w in recogniser.windows} == {WindowKind.PARTIAL}
    assert all(w.has_timestamps for w in recogniser.windows)
    assert len(recogniser.windows) == 2 * len(read_clips())


async def test_a_model_that_short_windows_harm_gets_full_ones(tmp_path):
    findings = await try_model(
        InstalledModel("small", tmp_path, 1), ReadingRecogniser(_lose_in_short)
    )
    assert findings.encoder_window is EncoderWindow.FULL
    assert findings.wer_difference > 10
    assert findings.calls == 1


async def test_the_bundled_model_is_tried_as_it_was_made():
    recogniser = ReadingRecogniser(_lose_in_short)
    findings = await try_model(resolve_model(DEMO), recogniser)
    assert findings.encoder_window is EncoderWindow.SHORT
    assert not any(w.has_timestamps for w in recogniser.windows)


async def test_a_model_that_lacks_the_language_of_the_clips_is_not_judged(tmp_path):
    vocabulary = "\n".join(["<|es|>", *map(str, range(60_000))])
    (tmp_path / "vocabulary.txt").write_text(vocabulary)
    with pytest.raises(ModelError, match="cannot be checked"):
        await try_model(InstalledModel("spanish", tmp_path, 1), ReadingRecogniser())


def test_the_bundled_speech_is_short_small_and_comes_with_its_licence():
    folder = clips_folder()
    clips = read_clips()
    assert 40 < sum(clip.duration_s for clip in clips) <= MOST_S
    assert max(clip.duration_s for clip in clips) < 8
    assert sum(file.stat().st_size for file in folder.iterdir()) < MOST_BYTES
    assert {path.name for path in folder.glob("*.wav")} == {clip.name for clip in clips}
    assert "Attribution-ShareAlike 3.0" in (folder / "LICENSE").read_text()
    assert "CC" in (folder / "LICENSE").read_text()
    assert "Allison Smith" in (folder / "NOTICE").read_text()
    assert "check/NOTICE" in (folder.parent / "NOTICE").read_text()
