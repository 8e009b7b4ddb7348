"""What a check found is found again, as long as it is about the same weights on the same terms."""

import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from streamer.config import Settings
from streamer.speech.base import EncoderWindow
from streamer.speech.check import memory
from streamer.speech.check.findings import Findings
from streamer.speech.check.memory import checks_path, hash_weights, recall, recall_latest, remember
from streamer.speech.engine.models import InstalledModel

FOUND = Findings(
    "small", EncoderWindow.FULL, 1.5, 12.0, 0.4, 3, datetime(2026, 11, 28, 12, tzinfo=UTC)
)


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"weights")
    return InstalledModel("small", folder, 7)


def test_findings_are_remembered(model):
    assert recall(Settings(), model) is None
    remember(Settings(), model, FOUND)
    assert recall(Settings(), model) == FOUND


def test_the_same_weights_elsewhere_are_known_once_they_are_hashed(model, tmp_path):
    remember(Settings(), model, FOUND)
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "model.bin").write_bytes(b"weights")
    other = InstalledModel(str(copy), copy, 7)
    assert recall(Settings(), other) is None
    hash_weights(other)
    assert recall(Settings(), other) == replace(FOUND, name=str(copy))


@pytest.mark.parametrize("changed", [{"device": "cpu"}, {"compute_type": "float32"}])
def test_another_device_or_number_format_is_another_model(model, changed):
    remember(Settings(), model, FOUND)
    assert recall(Settings(**changed), model) is None


def test_another_version_checks_again(model, monkeypatch):
    remember(Settings(), model, FOUND)
    monkeypatch.setattr(memory, "__version__", "99")
    assert recall(Settings(), model) is None


def test_weights_that_have_changed_are_hashed_again(model):
    path = model.path / "model.bin"
    remember(Settings(), model, FOUND)
    before = hash_weights(model)
    path.write_bytes(b"WEIGHTS")
    os.utime(path, ns=(1, 1))
    assert recall(Settings(), model) is None
    assert hash_weights(model) != before


def test_a_hash_is_made_once(model):
    before = hash_weights(model)
    path = model.path / "model.bin"
    state = path.stat()
    path.write_bytes(b"WEIGHTS")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert hash_weights(model) == before


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"hashes": 1}', '{"hashes": {}, "checks": {"x": 1}}']
)
def test_a_file_that_is_not_ours_is_nothing_found_and_is_written_anew(model, text):
    checks_path().parent.mkdir(parents=True, exist_ok=True)
    checks_path().write_text(text)
    assert recall(Settings(), model) is None
    remember(Settings(), model, FOUND)
    assert recall(Settings(), model) == FOUND


def test_a_finding_that_lacks_a_field_is_nothing_found(model):
    remember(Settings(), model, FOUND)
    checks_path().write_text(checks_path().read_text().replace('"calls"', '"kalls"'))
    assert recall(Settings(), model) is None


def test_a_cache_that_cannot_be_written_costs_only_the_memory(model):
    checks_path().parent.parent.mkdir(parents=True, exist_ok=True)
    checks_path().parent.write_text("a file where a folder should be")
    remember(Settings(), model, FOUND)
    assert recall(Settings(), model) is None


def test_a_model_that_is_gone_was_not_checked(tmp_path):
    assert recall(Settings(), InstalledModel("small", tmp_path / "gone", 7)) is None


def test_a_list_shows_the_latest_finding_whatever_the_settings(model, monkeypatch):
    assert recall_latest(model) is None
    later = replace(FOUND, checked_at=datetime(2026, 11, 29, tzinfo=UTC), calls=1)
    remember(Settings(device="cpu"), model, later)
    remember(Settings(), model, FOUND)
    assert recall_latest(model) == later
    monkeypatch.setattr(memory, "__version__", "99")
    assert recall_latest(model) is None
