"""What was found, with the lines of the call beside it."""

import json
import sys

import pytest

from streamer.cli.search import run_search
from streamer.config import Settings
from streamer.store import EVERYTHING
from streamer.store.sqlite.store import open_store
from tests.unit.store.sqlite.calls import keep, make_call, say


@pytest.fixture
async def recordings(recordings):
    recordings.mkdir()
    async with open_store(recordings / "streamer.sqlite3") as store:
        hostile = say("no \x1b[31mmore [bold]coats", leg="agent", utterance=2, at=9)
        lines = [say("hello", leg="agent", at=2), say("any red coat", at=5), hostile]
        await keep(store, make_call(1), *lines, say("red hat then", utterance=7, at=31))
    return recordings


def printed(recordings, capsys, query, *, context=None, as_json=False):
    run_search(
        Settings(recordings=str(recordings)),
        query,
        EVERYTHING,
        limit=50,
        offset=0,
        context=context,
        as_json=as_json,
    )
    return capsys.readouterr().out.splitlines()


def cut(lines):
    """Lines from the place in the call on."""
    return [line.partition(" [")[2] or line for line in lines]


BESIDE = [
    "0:02] agent- hello",
    "0:05] caller: any red coat",
    "0:09] agent- no [31mmore [bold]coats",
    "0:31] caller: red hat then",
]


def test_a_pipe_gets_the_lines_that_were_found_alone(recordings, capsys):
    found = printed(recordings, capsys, "red")
    assert cut(found) == [BESIDE[3], BESIDE[1]]
    assert printed(recordings, capsys, "red", context=0) == found


def test_lines_beside_have_a_hyphen_and_no_line_stands_twice(recordings, capsys):
    assert cut(printed(recordings, capsys, "red", context=1)) == BESIDE
    assert cut(printed(recordings, capsys, "coat", context=5)) == [
        *BESIDE[:3],
        BESIDE[3].replace("caller:", "caller-"),
    ]


def test_lines_that_do_not_follow_each_other_are_parted(recordings, capsys):
    passages = cut(printed(recordings, capsys, "hello OR hat", context=1))
    assert passages == [
        BESIDE[2],
        BESIDE[3],
        "--",
        BESIDE[0].replace("agent-", "agent:"),
        BESIDE[1].replace("caller:", "caller-"),
    ]


def test_json_lists_the_lines_that_were_found_alone(recordings, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    hits = [json.loads(line) for line in printed(recordings, capsys, "red", as_json=True)]
    assert [hit["text"] for hit in hits] == ["red hat then", "any red coat"]
    assert set(hits[0]) == {"call", "leg", "speaker", "channel", "utterance", "start", "end", "at", "language", "text", "spans"}  # fmt: skip


def test_a_terminal_shows_the_lines_beside_dim(recordings, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("NO_COLOR", raising=False)
    lines = printed(recordings, capsys, "coat")
    assert [line.startswith("\x1b[2m") for line in lines] == [True] * 3
    assert lines[0].endswith("agent- hello\x1b[0m")
    assert lines[1].endswith("caller: \x1b[0many red \x1b[1;7mcoat\x1b[0m")
    assert "\x1b[31m" not in lines[2]
