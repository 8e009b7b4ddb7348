"""Which models are installed, and where; looks at files only and never at the network.

A model is named by a directory, by `demo` (it comes with this package), by the name of its folder in the user's folder of models, by
one of `NAMES`, or by the `owner/name` of a repository; the last two may lie in that folder or in the Hugging Face cache. `models_dir`
is that folder, empty if there is none. Nothing here loads a model.
"""

from __future__ import annotations

import difflib
import importlib.resources
import os
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from streamer.core.events import SPEECH_RATE
from streamer.core.reasons import ContentError, explain, find_cause
from streamer.errors import ModelError, NotFoundError
from streamer.speech.audio.segmenter import LONGEST
from streamer.speech.engine.model_numbers import (
    DEFAULT_CHUNK_S,
    PREPROCESSOR,
    read_model_json,
    read_numbers,
)

DEMO = "demo"

PULL = "`streamer models pull`"
"""What gets a model for whoever has none: it says which one follows calls on this machine."""

NO_TEXT = ", so this process makes no text"
"""What the lack of a model means for live calls."""

NO_MODEL = f"no speech model is installed; install one with {PULL}"

NO_MODEL_FOR_CALLS = (
    f"no speech model is installed{NO_TEXT}; install one with {PULL},"
    " then make the text with `streamer resume --all`"
)

NAMES: Mapping[str, str] = {
    "tiny": "Systran/faster-whisper-tiny",
    "tiny.en": "Systran/faster-whisper-tiny.en",
    "base": "Systran/faster-whisper-base",
    "base.en": "Systran/faster-whisper-base.en",
    "small": "Systran/faster-whisper-small",
    "small.en": "Systran/faster-whisper-small.en",
    "medium": "Systran/faster-whisper-medium",
    "medium.en": "Systran/faster-whisper-medium.en",
    "large-v1": "Systran/faster-whisper-large-v1",
    "large-v2": "Systran/faster-whisper-large-v2",
    "large-v3": "Systran/faster-whisper-large-v3",
    "distil-small.en": "Systran/faster-distil-whisper-small.en",
    "distil-medium.en": "Systran/faster-distil-whisper-medium.en",
    "distil-large-v2": "Systran/faster-distil-whisper-large-v2",
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "large": "Systran/faster-whisper-large-v3",
}
"""The names that faster-whisper knows, and the repositories that `streamer models pull` takes them from; aliases last."""

_FILES = ("model.bin", "config.json", "tokenizer.json")
_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
_SPEC = "WhisperSpec"
_LONGEST_SPEC_NAME = 256


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model on this machine; `size` is in bytes of all its files."""

    name: str
    path: Path
    size: int


def resolve_model(name: str, models_dir: str = "") -> InstalledModel:
    """Return the model that the user named.

    Raises:
        NotFoundError: It is not installed, or there is no such model.
        ModelError: It is installed, but a file is missing or broken, or another user's.
    """
    try:
        path = _find(name, models_dir)
        check_model(path)
    except PermissionError as error:
        raise ModelError(f"the model {name} cannot be read: {explain(error)}") from error
    return InstalledModel(name, path, _count_bytes(path))


def list_models(models_dir: str = "") -> list[InstalledModel]:
    """Return the models that are installed under a name, smallest first; broken ones are left out."""
    found: dict[Path, InstalledModel] = {}
    for name in (DEMO, *_list_folders(models_dir), *NAMES):
        with suppress(NotFoundError, PermissionError):
            path = _find(name, models_dir)
            if path not in found and _is_whole(path):
                found[path] = InstalledModel(name, path, _count_bytes(path))
    return sorted(found.values(), key=lambda model: model.size)


def models_folder(models_dir: str = "") -> Path:
    """Return where `streamer models pull` puts models."""
    return Path(models_dir).expanduser().absolute() if models_dir else _cache_dir()


def choose_model(name: str, models_dir: str = "") -> InstalledModel | None:
    """Return the model that is named, else the largest installed one that is not the demo's, else None.

    Raises:
        NotFoundError: The named one is not installed.
    """
    return resolve_model(name, models_dir) if name else default_model(models_dir)


def default_model(models_dir: str = "") -> InstalledModel | None:
    """Return the largest installed model that is not the demo's; None if there is no other."""
    return max(
        (model for model in list_models(models_dir) if model.name != DEMO),
        key=lambda model: model.size,
        default=None,
    )


def is_bundled(model: InstalledModel) -> bool:
    """Say whether it is the model that comes with this package, which was trained otherwise than Whisper's."""
    return model.path == demo_path()


def read_longest_window(model: InstalledModel) -> int:
    """Return how many samples a model takes at once, without loading it: 30 s unless its files say otherwise."""
    numbers = {}
    with suppress(OSError, ValueError):  # loading it says what is wrong
        numbers = read_numbers(model.path)
    return numbers.get("chunk_length", DEFAULT_CHUNK_S) * SPEECH_RATE


def longest_utterance(model: InstalledModel, wanted: int = LONGEST) -> int:
    """Return how many samples an utterance may have: what is wanted, and never the whole of what the model takes at once.

    Words suffer at the end of a full window: the first bundled model took 10 s, and its errors rose from 2 to 11 % between 8 and 10 s.
    """
    return min(wanted, read_longest_window(model) * 8 // 10)


def demo_path() -> Path:
    """Return where the bundled model is, or would be."""
    return Path(str(importlib.resources.files("streamer"))) / "assets" / "models" / DEMO


def check_model(path: Path) -> None:
    """Look at a model's files without loading it, so that nothing is downloaded in place of a missing one.

    Raises:
        ModelError: A file is missing or broken, or it is no Whisper model.
    """
    for name in _FILES:
        if not (path / name).is_file():
            raise ModelError(f"the model {path} has no {name}; {_advice(path)}")
    if not any((path / name).is_file() for name in _VOCABULARIES):
        raise ModelError(f"the model {path} has no vocabulary.json; {_advice(path)}")
    for name in ("config.json", "tokenizer.json"):
        _check_json(path / name)
    _check_numbers(path)
    spec = _read_spec(path / "model.bin")
    if spec != _SPEC:
        raise ModelError(
            f"the model {path} is not a Whisper model but a {spec}; name another with --model"
        )


def _find(name: str, models_dir: str) -> Path:
    if name == DEMO:
        return demo_path()
    if models_dir and (path := _find_in_folder(name, models_folder(models_dir))):
        return path
    if name not in NAMES and Path(name).expanduser().is_dir():
        return Path(name).expanduser().absolute()
    repository = NAMES.get(name, name)
    path = _find_in_cache(repository) if repository.count("/") == 1 else None
    if path is None:
        raise NotFoundError(_not_installed(name))
    return path


def _not_installed(name: str) -> str:
    if name in NAMES:
        return f"the model {name} is not installed; `streamer models pull {name}` installs it"
    nearest = difflib.get_close_matches(name, (DEMO, *NAMES), n=1)
    hint = f"did you mean {nearest[0]}? " if nearest else ""
    return f"there is no model or directory {name}; {hint}`streamer models list` shows what is installed"


def name_folder(name: str) -> str:
    """Return the name of a model's folder among the user's models, a folder itself of `owner/name` being none."""
    return name.replace("/", "--")


def _find_in_folder(name: str, folder: Path) -> Path | None:
    """Return the folder of a model among the user's, also under another name that means the same repository."""
    aliases = [other for other, repository in NAMES.items() if repository == NAMES.get(name)]
    for each in (name, *aliases):
        path = folder / name_folder(each)
        if each not in ("", ".", "..") and (path / "model.bin").is_file():
            return path
    return None


def _list_folders(models_dir: str) -> list[str]:
    """Return the names of the folders among the user's models, as they may be written behind --model."""
    if not models_dir:
        return []
    try:
        paths = sorted(models_folder(models_dir).iterdir())
    except OSError:
        return []
    return [path.name for path in paths if path.name != DEMO and path.is_dir()]


def measure_download(name: str, models_dir: str = "") -> int:
    """Return how many bytes of a model are there, those of a download that goes on included; blocks."""
    folder = _cache_dir() / f"models--{NAMES.get(name, name).replace('/', '--')}" / "blobs"
    if models_dir:
        folder = models_folder(models_dir) / name_folder(name)
    size = 0
    with suppress(OSError):  # not begun, or a part was finished meanwhile
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return size


def _find_in_cache(repository: str) -> Path | None:
    """Return a repository's snapshot in the Hugging Face cache, by its documented layout."""
    folder = _cache_dir() / f"models--{repository.replace('/', '--')}"
    try:
        commit = (folder / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    snapshot = folder / "snapshots" / commit
    return snapshot if commit and (snapshot / "model.bin").exists() else None


def _cache_dir() -> Path:
    if hub := os.environ.get("HF_HUB_CACHE"):
        return Path(hub).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "huggingface" / "hub"


def _is_whole(path: Path) -> bool:
    try:
        check_model(path)
    except ModelError:
        return False
    return True


def _count_bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir() if file.is_file())


def _check_json(path: Path) -> None:
    try:
        read_model_json(path)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} is broken: {find_cause(error)}; {_advice(path.parent)}"
        ) from error


def _check_numbers(path: Path) -> None:
    try:
        read_numbers(path)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path / PREPROCESSOR} is broken: {find_cause(error)}; {_advice(path)}"
        ) from error


def _read_spec(path: Path) -> str:
    """Return the kind of model, which CTranslate2 writes after the version: 16 bits of length, then the name and a NUL."""
    try:
        with path.open("rb") as file:
            _, length = struct.unpack("<IH", file.read(6))
            if not 1 < length <= _LONGEST_SPEC_NAME:
                raise ContentError("its header names no kind of model")
            return file.read(length).rstrip(b"\0").decode("ascii")
    except (OSError, ValueError, struct.error) as error:
        raise ModelError(
            f"{path} is broken: {find_cause(error)}; {_advice(path.parent)}"
        ) from error


def _advice(path: Path) -> str:
    for name, repository in NAMES.items():
        if f"models--{repository.replace('/', '--')}" in path.parts:
            return f"`streamer models pull {name}` installs it again"
    return "name a directory that ct2-transformers-converter wrote, with its tokenizer.json"
