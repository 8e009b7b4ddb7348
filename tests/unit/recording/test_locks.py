import subprocess
import sys

from streamer.recording.locks import channel_lock_path, is_locked, read_note, take_lock


def test_only_one_holds_a_lock(tmp_path):
    path = tmp_path / "lock"
    lock = take_lock(path)
    assert lock is not None
    assert is_locked(path)
    assert take_lock(path) is None
    lock.release()
    lock.release()
    assert not is_locked(path)
    again = take_lock(path)
    assert again is not None
    again.release()


def test_a_lock_is_not_inherited_by_a_child(tmp_path):
    path = tmp_path / "lock"
    lock = take_lock(path)
    assert lock is not None
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        lock.release()
        assert not is_locked(path)
        child.communicate(b"\n")


def test_the_holder_leaves_a_note(tmp_path):
    path = tmp_path / "lock"
    assert read_note(path) == ""
    lock = take_lock(path)
    assert lock is not None
    lock.note("20261120-130538-k3f9")
    lock.note("other")
    assert read_note(path) == "other"
    lock.release()
    lock.note("too late")
    assert read_note(path) == "other"


def test_a_hostile_channel_name_names_no_path(tmp_path):
    path = channel_lock_path(tmp_path, url="ws://pbx/ws", channel="../../etc/passwd")
    assert path.parent == tmp_path / ".locks"
    assert path != channel_lock_path(tmp_path, url="ws://other/ws", channel="../../etc/passwd")
