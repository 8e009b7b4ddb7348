"""Models are found by name, folder or cache; a broken one is told apart from one that is not installed, and nothing is loaded."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from streamer.errors import ExitCode, ModelError, NotFoundError
from streamer.speech.engine import models
from streamer.speech.engine.models import (
    InstalledModel,
    check_model,
    default_model,
    demo_path,
    list_models,
    longest_utterance,
    read_longest_window,
    resolve_model,
)


def make_model(folder: Path, *, size: int = 10, spec: str = "WhisperSpec") -> Path:
    """Write what looks like a converted model to whoever does not load it."""
    folder.mkdir(parents=True)
    name = spec.encode() + b"\0"
    (folder / "model.bin").write_bytes(struct.pack("<IH", 6, len(name)) + name + bytes(size))
    for file in ("config.json", "tokenizer.json"):
        (folder / file).write_text("{}")
    (folder / "vocabulary.json").write_text("[]")
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch) -> Path:
    """An empty Hugging Face cache, and a demo model that is not there."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(models, "demo_path", lambda: tmp_path / "assets" / "demo")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "hub"


def install(cache: Path, repository: str, **how) -> Path:
    folder = cache / f"models--{repository.replace('/', '--')}"
    snapshot = make_model(folder / "snapshots" / "abc123", **how)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc123")
    return snapshot


def test_a_directory_is_a_model(tmp_path):
    folder = make_model(tmp_path / "my model")
    model = resolve_model(str(folder))
    assert (model.name, model.path) == (str(folder), folder)
    assert model.size == sum(file.stat().st_size for file in folder.iterdir())


def test_a_relative_directory_is_remembered_as_an_absolute_one(tmp_path):
    make_model(tmp_path / "mine")
    assert resolve_model("mine").path == tmp_path / "mine"


def test_a_name_is_looked_up_in_the_cache(cache):
    snapshot = install(cache, "Systran/faster-whisper-small")
    assert resolve_model("small").path == snapshot


def test_a_repository_of_the_cache_can_be_named_itself(cache):
    snapshot = install(cache, "somebody/whisper-ct2")
    assert resolve_model("somebody/whisper-ct2").path == snapshot


def test_the_demo_model_is_part_of_the_package(tmp_path):
    make_model(tmp_path / "assets" / "demo")
    assert resolve_model("demo").path == tmp_path / "assets" / "demo"


def test_where_the_demo_model_is_does_not_depend_on_the_working_directory():
    assert demo_path().parts[-4:] == ("streamer", "assets", "models", "demo")


def test_a_known_name_that_is_not_installed_says_how_to_install_it():
    with pytest.raises(NotFoundError, match="`streamer models pull small` installs it") as raised:
        resolve_model("small")
    assert raised.value.exit_code is ExitCode.NOT_FOUND


@pytest.mark.parametrize(
    ("name", "hint"), [("smal", "did you mean small?"), ("qqq", "models list")]
)
def test_an_unknown_name_is_not_found(name, hint):
    with pytest.raises(NotFoundError) as raised:
        resolve_model(name)
    assert hint in str(raised.value)


def test_the_cache_is_where_the_hub_library_keeps_it(tmp_path, monkeypatch):
    monkeypatch.delenv("HF_HUB_CACHE")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    snapshot = install(tmp_path / "home" / "hub", "Systran/faster-whisper-tiny")
    assert resolve_model("tiny").path == snapshot
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    snapshot = install(tmp_path / "xdg" / "huggingface" / "hub", "Systran/faster-whisper-tiny")
    assert resolve_model("tiny").path == snapshot


@pytest.mark.parametrize("file", ["model.bin", "config.json", "tokenizer.json", "vocabulary.json"])
def test_a_missing_file_is_named_and_nothing_is_downloaded_in_its_place(tmp_path, file):
    folder = make_model(tmp_path / "m")
    (folder / file).unlink()
    with pytest.raises(ModelError, match=f"has no {file}") as raised:
        resolve_model(str(folder))
    assert raised.value.exit_code is ExitCode.FAILED
    assert "\n" not in str(raised.value)


def test_a_vocabulary_in_the_older_format_will_do(tmp_path):
    folder = make_model(tmp_path / "m")
    (folder / "vocabulary.json").rename(folder / "vocabulary.txt")
    check_model(folder)


@pytest.mark.parametrize(
    "content", [b"", b"\x06\x00", bytes(40), b"PK\x03\x04 a zip file", b"\xff" * 600]
)
def test_a_corrupt_model_file_is_said_in_one_line(tmp_path, content):
    folder = make_model(tmp_path / "m")
    (folder / "model.bin").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.bin is broken|not a Whisper model") as raised:
        check_model(folder)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", ["{", "[1]", "", "\udcff"])
def test_a_corrupt_tokenizer_is_said_in_one_line(tmp_path, content):
    folder = make_model(tmp_path / "m")
    (folder / "tokenizer.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match=r"tokenizer\.json is broken"):
        check_model(folder)


def test_a_model_that_is_no_whisper_is_refused(tmp_path):
    folder = make_model(tmp_path / "m", spec="TransformerSpec")
    with pytest.raises(ModelError, match="not a Whisper model but a TransformerSpec"):
        check_model(folder)


def test_a_broken_model_of_the_cache_can_be_pulled_again(cache):
    (install(cache, "Systran/faster-whisper-base") / "config.json").unlink()
    with pytest.raises(ModelError, match="`streamer models pull base` installs it again"):
        resolve_model("base")


def test_installed_models_are_listed_once_each_smallest_first_and_broken_ones_left_out(
    cache, tmp_path
):
    make_model(tmp_path / "assets" / "demo", size=5)
    install(cache, "Systran/faster-whisper-large-v3", size=300)
    install(cache, "Systran/faster-whisper-tiny", size=20)
    (install(cache, "Systran/faster-whisper-base", size=50) / "tokenizer.json").unlink()
    assert [model.name for model in list_models()] == ["demo", "tiny", "large-v3"]


def test_the_default_is_the_largest_that_is_not_the_demo(cache, tmp_path):
    make_model(tmp_path / "assets" / "demo", size=500)
    assert default_model() is None
    install(cache, "Systran/faster-whisper-tiny", size=20)
    install(cache, "Systran/faster-whisper-base", size=50)
    chosen = default_model()
    assert chosen is not None
    assert chosen.name == "base"


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        ('{"chunk_length": 10}', 10),
        ("{}", 30),
        ("[]", 30),
        ("{", 30),
        ('{"chunk_length": null}', 30),
    ],
)
def test_how_much_a_model_reads_at_once_is_in_its_files(tmp_path, content, seconds):
    model = resolve_model(str(make_model(tmp_path / "m")))
    assert read_longest_window(model) == 30 * 16_000
    (model.path / "preprocessor_config.json").write_text(content)
    assert read_longest_window(model) == seconds * 16_000


def test_an_utterance_never_fills_the_window_of_its_model(tmp_path):
    model = resolve_model(str(make_model(tmp_path / "m")))
    assert longest_utterance(model) == 14 * 16_000
    (model.path / "preprocessor_config.json").write_text('{"chunk_length": 10}')
    assert longest_utterance(model) == 8 * 16_000
    assert longest_utterance(model, 7 * 16_000) == 7 * 16_000


def test_looking_for_models_loads_nothing_heavy():
    script = (
        "import sys; from streamer.speech.engine.models import list_models; list_models();"
        "sys.exit(bool({'numpy', 'ctranslate2', 'huggingface_hub'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_names_are_those_of_the_library_that_loads_them():
    script = (
        "import json, sys; from faster_whisper.utils import _MODELS; json.dump(_MODELS, sys.stdout)"
    )
    library = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert json.loads(library.stdout) == dict(models.NAMES)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"feature_size": 10**9}, "feature_size must be 80 or 128"),
        ({"feature_size": True}, "feature_size must be 80 or 128"),
        ({"chunk_length": 10**12}, "chunk_length must be 1 to 30"),
        ({"chunk_length": 0}, "chunk_length must be 1 to 30"),
        ({"chunk_length": 1e400}, "chunk_length must be 1 to 30"),
        ({"chunk_length": "x" * 1000}, "chunk_length must be 1 to 30, not xxxxxxxxxxxxxxxxxxxx;"),
        ({"hop_length": 1}, "hop_length must be 160"),
        ({"n_fft": 10**9}, "n_fft must be 400"),
        ({"sampling_rate": 8000}, "sampling_rate must be 16000"),
    ],
)
def test_a_number_that_cannot_be_meant_is_named_before_a_library_believes_it(
    tmp_path, fields, named
):
    folder = make_model(tmp_path / "model")
    (folder / "preprocessor_config.json").write_text(json.dumps(fields))
    with pytest.raises(ModelError) as error:
        resolve_model(str(folder))
    assert named in str(error.value)
    assert "\n" not in str(error.value)
    assert longest_utterance(InstalledModel("x", folder, 0)) == 14 * 16_000


def test_a_file_of_any_size_is_not_read_whole(tmp_path):
    folder = make_model(tmp_path / "model")
    with (folder / "tokenizer.json").open("wb") as file:
        file.truncate(1 << 40)  # a hole
    with pytest.raises(ModelError, match="has more than"):
        resolve_model(str(folder))


def test_a_file_nested_without_end_is_broken(tmp_path):
    folder = make_model(tmp_path / "model")
    (folder / "config.json").write_text("[" * 100_000)
    with pytest.raises(ModelError, match="config.json is broken"):
        resolve_model(str(folder))
