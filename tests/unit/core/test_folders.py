"""Folders as people read them."""

from pathlib import Path

import pytest

from streamer.core import folders
from streamer.core.folders import say_no_calls, show_folder


@pytest.fixture(autouse=True)
def _places(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.parametrize(
    ("folder", "shown"),
    [
        ("recordings", "./recordings"),
        (".", "."),
        ("a/b", "./a/b"),
        ("/var/spool/calls", "/var/spool/calls"),
    ],
)
def test_a_folder_is_shown_from_here_where_it_lies_here(folder, shown):
    assert show_folder(folder) == shown


def test_a_folder_is_shown_from_home_where_it_lies_there():
    assert show_folder(Path.home() / "calls") == "~/calls"


def test_below_the_root_a_whole_path_is_shown(monkeypatch):
    monkeypatch.chdir("/")
    assert show_folder("/var/spool/calls") == "/var/spool/calls"


def test_a_working_folder_that_is_gone_harms_nothing(tmp_path):
    (tmp_path / "here").rmdir()
    assert show_folder("/var/spool/calls") == "/var/spool/calls"


def test_an_empty_folder_says_where_a_service_has_its_calls(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "SERVICE_STATE", tmp_path / "service")
    assert "streamer demo" in say_no_calls("recordings")
    (tmp_path / "service").mkdir()
    assert say_no_calls("recordings") == (
        f"No calls in ./recordings yet. The service has its own in {tmp_path}/service/recordings: run this as its user,"
        " with --recordings"
    )
    assert "streamer demo" in say_no_calls(tmp_path / "service" / "recordings")


@pytest.mark.parametrize("state", [".config", ".local/state"])
def test_an_empty_folder_says_where_ones_own_service_has_its_calls(state):
    own = Path.home() / state / "streamer" / "recordings"
    own.mkdir(parents=True)
    assert say_no_calls("recordings") == (
        f"No calls in ./recordings yet. The service has its own in {own}: run this with --recordings"
    )
    assert "streamer demo" in say_no_calls(own)


def test_an_empty_folder_says_what_makes_a_call():
    assert say_no_calls("recordings") == (
        "No calls in ./recordings yet. Try: streamer demo."
        " Record: streamer watch CHANNEL. Receive: streamer serve"
    )
