"""What `watch` and `serve` print when they are piped: settled lines are data, everything else is talk."""

from streamer.cli.watch import choose_printer
from streamer.core.events import Final, Listening, Segment, Word

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
