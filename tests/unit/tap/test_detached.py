import logging

import pytest

from streamer.tap import detached
from streamer.tap.detached import LogTail


@pytest.fixture
def log(tmp_path):
    """A logger whose lines look as those of a detached process, and its file."""
    path = tmp_path / "a.log"
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter(detached._LINE))
    logger = logging.getLogger("streamer.somewhere")
    logger.addHandler(handler)
    yield logger, path
    logger.removeHandler(handler)
    handler.close()


def test_warnings_are_read_once_and_only_those_that_come_later(log):
    logger, path = log
    logger.warning("long ago")
    tail = LogTail(path)
    logger.setLevel(logging.INFO)
    logger.info("nobody minds")
    logger.warning("listener: no call from %s: [red]", "192.0.2.7")
    try:
        raise ValueError("2026-01-01 oh")
    except ValueError:
        logger.exception("a call failed")
    assert tail.read() == ["listener: no call from 192.0.2.7: [red]", "a call failed"]
    assert tail.read() == []


def test_a_warning_is_one_line_whatever_is_in_it(log):
    logger, path = log
    tail = LogTail(path)
    forged = "a\u2028\x85\r2026-11-20 10:00:00,000 WARNING x: forged"
    logger.warning(forged)
    assert tail.read() == [forged]


def test_a_log_that_is_emptied_is_read_from_its_beginning(log):
    logger, path = log
    logger.warning("long ago")
    tail = LogTail(path)
    path.write_bytes(b"")
    tail.read()
    logger.warning("new")
    assert tail.read() == ["new"]


def test_half_a_line_waits_for_its_end(log):
    logger, path = log
    tail = LogTail(path)
    logger.warning("first")
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    assert tail.read() == []
    path.write_bytes(whole)
    assert tail.read() == ["first"]


def test_a_line_without_an_end_does_not_stop_the_others(log, monkeypatch):
    monkeypatch.setattr(detached, "_MOST_TAILED", 64)
    logger, path = log
    tail = LogTail(path)
    logger.warning("x" * 200)
    logger.warning("y")
    assert "y" in [line for _ in range(9) for line in tail.read()]


def test_a_log_that_is_not_there_says_nothing(tmp_path):
    tail = LogTail(tmp_path / "none.log")
    assert tail.read() == []
