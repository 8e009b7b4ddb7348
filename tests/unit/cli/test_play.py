"""`streamer play` as a pipe gets it."""

import sys

import pytest

from streamer.cli.play import run_play
from streamer.config import Settings
from streamer.errors import NotFoundError, UsageError
from streamer.media.wav import HEADER_SIZE, parse_header
from tests.unit.calls.test_sound import RATE, record, samples


def listen(recordings, **options):
    flags = {"start": None, "leg": "", **options}
    return run_play(Settings(recordings=str(recordings)), "last", **flags)


@pytest.fixture
def call(recordings):
    return record(recordings, samples(100, count=3 * RATE), samples(7, count=RATE))


def test_a_call_is_a_wav_of_its_length(call, recordings, capsysbinary):
    assert listen(recordings) == 0
    wav = capsysbinary.readouterr().out
    assert parse_header(wav).data_size == len(wav) - HEADER_SIZE == 6 * RATE
    assert wav[HEADER_SIZE:][:4] == samples(107, count=2).tobytes()


@pytest.mark.parametrize("start", ["0:02", "2", "2.0", "0:00:02"])
def test_it_begins_where_it_is_told_to_with_the_leg_that_is_named(
    call, recordings, capsysbinary, start
):
    listen(recordings, start=start, leg="caller")
    assert capsysbinary.readouterr().out[HEADER_SIZE:] == samples(100).tobytes()


def test_what_cannot_be_played_is_said(call, recordings, capsysbinary):
    with pytest.raises(UsageError, match="behind the end, which is at 3 s"):
        listen(recordings, start="0:03")
    with pytest.raises(NotFoundError, match="its legs are caller, agent"):
        listen(recordings, leg="nobody")
    assert capsysbinary.readouterr().out == b""


def test_a_terminal_is_refused(call, recordings, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(UsageError, match=r"pipe it into a player, as streamer play last \| aplay"):
        listen(recordings)
