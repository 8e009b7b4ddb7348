"""What libraries are given while they are imported."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from streamer.speech.private_import import private_temporary_folder


def test_two_threads_that_import_at_once_have_a_folder_each_and_leave_none(monkeypatch):
    monkeypatch.delenv("TMPDIR", raising=False)
    is_first_inside, may_first_leave = Event(), Event()

    def first():
        with private_temporary_folder():
            is_first_inside.set()
            may_first_leave.wait()
            return os.environ["TMPDIR"]

    def second():
        is_first_inside.wait()
        may_first_leave.set()
        with private_temporary_folder():
            assert Path(os.environ["TMPDIR"]).is_dir()
            return os.environ["TMPDIR"]

    with ThreadPoolExecutor(2) as threads:
        folders = [future.result() for future in [threads.submit(first), threads.submit(second)]]
    assert len(set(folders)) == 2
    assert not any(Path(folder).exists() for folder in folders)
    assert "TMPDIR" not in os.environ
