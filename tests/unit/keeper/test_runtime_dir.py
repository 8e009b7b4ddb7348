import os
import stat
import tempfile
from pathlib import Path

import pytest

from streamer.errors import KeeperError
from streamer.keeper import runtime_dir as folders
from streamer.keeper.client import open_keeper
from streamer.keeper.runtime_dir import LONGEST_SOCKET_PATH, default_runtime_dir, make_private
from streamer.recording.locks import runtime_note_path


@pytest.fixture
def tmp(runtime_dir, monkeypatch):
    """What /tmp is to the test."""
    monkeypatch.setattr(tempfile, "tempdir", str(runtime_dir))
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    return runtime_dir


@pytest.fixture
def usual(tmp):
    return tmp / f"streamer-{os.getuid()}"


@pytest.fixture
def note(tmp_path):
    """The note of recordings whose path is too long for any socket."""
    recordings = tmp_path / ("r" * (150 - len(str(tmp_path)) - 1))
    assert len(str(recordings)) == 150
    return runtime_note_path(recordings)


def is_private(directory: Path) -> bool:
    return stat.S_IMODE(directory.lstat().st_mode) == 0o700


def test_a_unit_has_the_folder_of_its_unit_then_that_of_the_session_then_one_in_tmp(
    usual, tmp, monkeypatch
):
    assert default_runtime_dir() == usual
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp / "session"))
    assert default_runtime_dir() == tmp / "session" / "streamer"
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{tmp / 'unit'}:{tmp / 'other'}")
    assert default_runtime_dir() == tmp / "unit" / "keeper"
    assert all(map(is_private, (usual, tmp / "session/streamer", tmp / "unit/keeper")))


def test_the_folder_of_a_service_is_found_from_outside_its_unit(tmp, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp / "session"))
    monkeypatch.setattr(folders, "SERVICE_RUNTIME", tmp / "run" / "streamer")
    places = [tmp / "session/streamer/keeper", tmp / "run/streamer/keeper"]
    for place in places:
        place.mkdir(parents=True, mode=0o700)
    (tmp / "session/streamer").chmod(0o700)
    assert set(places) <= set(folders.list_runtime_dirs())
    places[1].chmod(0o755)
    assert places[1] not in folders.list_runtime_dirs()


def foreign(usual: Path, kind: str, tmp: Path) -> None:
    """Put there what somebody else could have."""
    match kind:
        case "open":
            usual.mkdir(mode=0o755)
            usual.chmod(0o755)
        case "link":
            (tmp / "mine").mkdir(mode=0o700)
            usual.symlink_to(tmp / "mine")
        case _:
            usual.touch()


@pytest.mark.parametrize("kind", ["open", "link", "file"])
def test_what_somebody_else_has_put_into_tmp_is_passed_over(kind, usual, tmp, note):
    foreign(usual, kind, tmp)
    made = default_runtime_dir(note)
    assert made.parent == tmp
    assert made != usual
    assert is_private(made)
    assert default_runtime_dir(note) == made
    assert stat.S_IMODE(note.stat().st_mode) == 0o600


def test_without_a_note_it_is_an_error_that_says_what_to_do(usual, tmp):
    foreign(usual, "open", tmp)
    with pytest.raises(KeeperError, match="no other user may enter"):
        default_runtime_dir()


@pytest.mark.parametrize("noted", ["/tmp", "relative", "", "\0", "/" + "x" * 200, "/nonexistent"])
def test_a_note_that_names_no_private_folder_is_replaced(noted, usual, tmp, note):
    foreign(usual, "open", tmp)
    note.parent.mkdir(parents=True)
    note.write_text(noted)
    made = default_runtime_dir(note)
    assert made.parent == tmp
    assert note.read_text() == f"{made}\n"


def test_a_note_that_is_a_link_is_not_followed(usual, tmp, note):
    foreign(usual, "open", tmp)
    note.parent.mkdir(parents=True)
    note.symlink_to(tmp / "target")
    with pytest.raises(KeeperError, match="runtime_dir"):
        default_runtime_dir(note)
    assert not (tmp / "target").exists()


def test_a_folder_whose_socket_would_have_too_long_a_path_is_passed_over(
    usual, tmp, tmp_path, monkeypatch
):
    long = tmp_path / ("x" * LONGEST_SOCKET_PATH)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    assert default_runtime_dir() == usual
    assert not long.exists()
    with pytest.raises(KeeperError, match="107 bytes"):
        make_private(long)


async def test_a_keeper_of_recordings_with_a_long_path_is_found_again(usual, tmp, note):
    foreign(usual, "open", tmp)
    async with open_keeper(note=note) as one, open_keeper(note=note) as other:
        assert one._identity == other._identity
