"""Who has an address, told by notes in the runtime folder that last as long as their holders."""

import json
from dataclasses import replace

import pytest

from streamer.recording.locks import make_lock_folder, take_lock
from streamer.tap.addresses import leader_lock_path
from streamer.tap.listeners import (
    ListenerNote,
    describe_listener,
    find_listener,
    note_listener,
)


@pytest.fixture
def note(recordings):
    return ListenerNote("audiosocket", "127.0.0.1:9092", str(recordings), "127.0.0.1:9093")


def find(host, port, *, recordings, runtime_dir):
    other = find_listener(host, port, recordings=recordings, runtime_dir=runtime_dir)
    return other and other.note


@pytest.mark.parametrize(
    ("address", "host", "port", "is_in_the_way"),
    [
        ("127.0.0.1:9092", "127.0.0.1", 9092, True),
        ("127.0.0.1:9092", "localhost", 9092, True),
        ("127.0.0.1:9092", "0.0.0.0", 9092, True),
        ("0.0.0.0:9092", "127.0.0.1", 9092, True),
        ("[::]:9092", "127.0.0.1", 9092, True),
        ("[::]:9092", "::1", 9092, True),
        ("127.0.0.1:9092", "127.0.0.1", 9091, False),
        ("127.0.0.2:9092", "127.0.0.1", 9092, False),
        ("127.0.0.1:9092", "127.0.0.1", 9093, True),
        ("127.0.0.1:9092", "no.such.host.invalid", 9092, False),
        ("127.0.0.1:9092", "two..dots", 9092, False),
    ],
)
def test_addresses_that_overlap_are_in_the_way(
    note, recordings, runtime_dir, address, host, port, is_in_the_way
):
    note = replace(note, address=address)
    held = note_listener(note, runtime_dir=runtime_dir)
    assert held
    found = find(host, port, recordings=recordings, runtime_dir=runtime_dir)
    assert found == (note if is_in_the_way else None)
    held.close()
    held.close()
    assert find(host, port, recordings=recordings, runtime_dir=runtime_dir) is None


def test_of_several_the_one_that_was_named_is_found(note, recordings, runtime_dir):
    notes = [replace(note, address=a, registration="") for a in ("127.0.0.1:9092", "[::1]:9092")]
    held = [note_listener(one, runtime_dir=runtime_dir) for one in notes]
    assert all(held)
    for host, one in zip(("127.0.0.1", "::1"), notes, strict=True):
        assert find(host, 9092, recordings=recordings, runtime_dir=runtime_dir) == one


def test_a_request_reaches_the_holder_and_no_later_one(note, recordings, runtime_dir):
    held = note_listener(note, runtime_dir=runtime_dir)
    other = find_listener("127.0.0.1", 9092, recordings=recordings, runtime_dir=runtime_dir)
    assert held
    assert other
    assert not held.is_stop_requested()
    other.request_stop()
    assert held.is_stop_requested()
    assert other.is_listening()
    held.close()
    assert not other.is_listening()
    other.request_stop()
    later = note_listener(note, runtime_dir=runtime_dir)
    assert later
    assert not later.is_stop_requested()


@pytest.mark.parametrize(
    "content", ["", "nothing", "[]", '{"source": "x"}', '{"more": 1}', json.dumps({"source": 5})]
)
def test_a_note_that_cannot_be_read_is_nobodys(recordings, runtime_dir, content):
    lock = take_lock(runtime_dir / "listener-x")
    assert lock
    lock.note(content)
    assert find("127.0.0.1", 9092, recordings=recordings, runtime_dir=runtime_dir) is None


def test_where_there_is_no_folder_for_notes_nothing_fails(note, recordings, tmp_path):
    for folder in (tmp_path / "file" / "nowhere", tmp_path / "open"):
        (tmp_path / "file").touch()
        (tmp_path / "open").mkdir(mode=0o755, exist_ok=True)
        assert note_listener(note, runtime_dir=folder) is None
        assert find("127.0.0.1", 9092, recordings=recordings, runtime_dir=folder) is None


def test_a_folder_that_is_not_there_yet_is_made(note, recordings, runtime_dir):
    folder = runtime_dir / "new"
    held = note_listener(note, runtime_dir=folder)
    assert held
    assert find("127.0.0.1", 9092, recordings=recordings, runtime_dir=folder) == note


def test_the_usual_folder_is_found_without_a_setting(note, recordings, runtime_dir, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_dir))
    held = note_listener(note, runtime_dir=None)
    assert held
    assert find("127.0.0.1", 9092, recordings=recordings, runtime_dir=None) == note


def test_whose_a_listener_is_is_said_with_the_remedy(note, recordings):
    left = describe_listener(note)
    assert str(recordings) in left
    assert "left over" in left
    assert "`streamer stop --listener 127.0.0.1:9092`" in left
    make_lock_folder(recordings)
    lock = take_lock(leader_lock_path(recordings, note.source, note.address))
    assert lock
    led = describe_listener(note)
    assert "leave that `serve`" in led
    assert "stop --listener" not in led
