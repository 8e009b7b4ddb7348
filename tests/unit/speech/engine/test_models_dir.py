"""A folder of models of the user's own, before the Hugging Face cache."""

import errno
import json
from pathlib import Path

import pytest

from streamer.errors import ModelError, NotFoundError
from streamer.speech.engine import download
from streamer.speech.engine.download import pull_model
from streamer.speech.engine.models import (
    choose_model,
    demo_path,
    list_models,
    models_folder,
    resolve_model,
)
from tests.fakes.command_line import run_here


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))


def put_model(folder):
    folder.mkdir(parents=True)
    for file in demo_path().iterdir():
        (folder / file.name).symlink_to(file)


@pytest.fixture
def models_dir(tmp_path):
    folder = tmp_path / "models"
    put_model(folder / "small")
    put_model(folder / "ours")
    put_model(folder / "acme--whisper-calls")
    (folder / "empty").mkdir()
    (folder / "notes.txt").write_text("no model")
    return folder


def test_each_model_is_found_by_the_name_of_its_folder(models_dir):
    for name in ("small", "ours", "acme--whisper-calls"):
        assert resolve_model(name, str(models_dir)).path == models_dir / name
    assert resolve_model("acme/whisper-calls", str(models_dir)).path.parent == models_dir
    assert {model.name for model in list_models(str(models_dir))} == {
        *("demo", "small", "ours", "acme--whisper-calls")
    }
    chosen = choose_model("", str(models_dir))
    assert chosen is not None
    assert chosen.path.parent == models_dir


def test_an_alias_finds_the_folder_of_the_same_model(models_dir):
    put_model(models_dir / "large-v3-turbo")
    assert resolve_model("turbo", str(models_dir)).path == models_dir / "large-v3-turbo"


@pytest.mark.parametrize("name", ["medium", "empty", ".", "..", "../models/ours", "nobody/x"])
def test_what_is_not_in_the_folder_is_not_found(models_dir, name):
    with pytest.raises(NotFoundError):
        resolve_model(name if name not in (".", "..") else f"{name}x", str(models_dir))
    with pytest.raises(NotFoundError):
        resolve_model("ours")


def test_a_folder_that_is_not_there_holds_no_model(tmp_path):
    assert [model.name for model in list_models(str(tmp_path / "none"))] == ["demo"]
    assert models_folder("~/x").is_absolute()


@pytest.mark.parametrize(("name", "folder"), [("tiny", "tiny"), ("acme/whisper", "acme--whisper")])
def test_a_model_is_pulled_into_the_folder(tmp_path, monkeypatch, name, folder):
    asked = []

    def fetch(repository, target):
        asked.append(repository)
        put_model(target)
        return target

    monkeypatch.setattr(download, "_download", fetch)
    assert pull_model(name, str(tmp_path / "m")).path == tmp_path / "m" / folder
    assert asked == [{"tiny": "Systran/faster-whisper-tiny"}.get(name, name)]


def test_a_folder_of_another_user_hides_its_models_and_breaks_nothing(models_dir, monkeypatch):
    is_file = Path.is_file

    def refuse(path):
        if path.is_relative_to(models_dir):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refuse)
    assert [model.name for model in list_models(str(models_dir))] == ["demo"]
    with pytest.raises(ModelError, match="ours cannot be read: permission denied; .* its owner"):
        resolve_model("ours", str(models_dir))


async def test_the_commands_take_the_folder_from_flag_and_environment(models_dir, monkeypatch):
    code, out, _ = await run_here("models", "list", "--models-dir", str(models_dir), "--json")
    assert code == 0
    listed = {line["name"]: line["path"] for line in map(json.loads, out.splitlines())}
    assert listed["ours"] == str(models_dir / "ours")
    code, out, _ = await run_here("models", "path", "ours", "--models-dir", str(models_dir))
    assert (code, out) == (0, f"{models_dir / 'ours'}\n")
    monkeypatch.setenv("STREAMER_MODELS_DIR", str(models_dir))
    code, out, err = await run_here("models")
    assert code == 0
    assert "ours" in out
    assert f"models are kept in {models_dir}" in err
    code, _, err = await run_here(
        "config", "check", env={"STREAMER_MODELS_DIR": str(models_dir), "STREAMER_MODEL": "ours"}
    )
    assert code == 0, err
