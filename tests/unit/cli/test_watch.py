"""What `watch` and `serve` print when they are piped: settled lines are data, everything else is talk."""

from datetime import UTC, datetime

import pytest

from streamer.cli.watch import choose_printer
from streamer.core.audio import Leg
from streamer.core.events import (
    Call,
    CallStarted,
    Final,
    Hold,
    LegAttached,
    Listening,
    Segment,
    Unclear,
    Word,
)
from streamer.recording.speaker_names import write_names

FINAL = Final(
    "20261120-130500-abcd",
    Segment("caller", 1, 81_600, 120_000, (Word("Hello.", 81_600, 120_000, 0.9),)),
)


def test_a_line_of_one_call_does_not_name_it(capsys):
    choose_printer(as_json=False)(FINAL)
    assert capsys.readouterr().out == "[0:05] caller: Hello.\n"


def test_where_many_calls_are_printed_each_line_names_its_own(capsys):
    choose_printer(as_json=False, names_calls=True)(FINAL)
    assert capsys.readouterr().out == "20261120-130500-abcd [0:05] caller: Hello.\n"


def test_where_calls_may_come_is_said_but_is_no_data(capsys):
    choose_printer(as_json=False)(Listening("audiosocket", "127.0.0.1:9092"))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "listening for audiosocket at 127.0.0.1:9092\n"


@pytest.mark.parametrize("as_json", [True, False])
def test_the_folder_of_recordings_is_named_once_for_all_listeners(capsys, as_json):
    printed = choose_printer(as_json=as_json, recordings="rec")
    for source in ("audiosocket", "websocket"):
        printed(Listening(source, "127.0.0.1:9092"))
    assert capsys.readouterr().err.count("recordings: ") == 1


def test_a_line_calls_its_speaker_as_the_pbx_or_the_user_does(capsys, tmp_path):
    printed = choose_printer(as_json=False)
    legs = (Leg("caller", "x", number="+4930123"),)
    call = Call(FINAL.call_id, "test", legs, datetime.now(UTC))
    printed(CallStarted(call, tmp_path, (tmp_path / "caller.wav",)))
    printed(LegAttached(call.id, Leg("callee", "y", name="Ann\x1bLee"), tmp_path / "callee.wav"))
    printed(FINAL)
    printed(Hold(call.id, "callee", True, 6.0, datetime.now(UTC)))
    printed(Unclear(call.id, "callee", 112_000, 128_000))
    write_names(tmp_path, {"caller": "Mr Wu"})
    printed(FINAL)
    assert capsys.readouterr().out.splitlines() == [
        "[0:05] +4930123: Hello.",
        "[0:06] Ann\\x1bLee: [on hold]",
        "[0:07] Ann\\x1bLee: [unclear]",
        "[0:05] Mr Wu: Hello.",
    ]
