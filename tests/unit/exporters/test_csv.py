"""CSV is what every reader of RFC 4180 takes, and no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given

from streamer.core.events import Segment, Word
from streamer.exporters.csv import HEADER, defuse, render
from tests.unit.exporters.calls import NOTHING_SAID, call, say, texts, transcripts

TEXT = HEADER.index("text")


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_each_utterance_is_a_row_under_the_header():
    transcript = call(say('He said "no", twice.', at=1), say("Oh.", leg="agent", at=3.5))
    assert render(transcript) == (
        "call,leg,utterance,start,end,language,text,speaker\r\n"
        '20250301T143000-ab12,caller,1,1.000,2.600,en,"He said ""no"", twice.",caller\r\n'
        "20250301T143000-ab12,agent,1,3.500,3.900,en,Oh.,agent\r\n"
    )


def test_a_call_without_a_word_is_the_header():
    assert read(render(NOTHING_SAID)) == [list(HEADER)]


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
def test_a_cell_that_could_be_a_formula_is_text(sign):
    rows = read(render(call(say(f"{sign}1+1"))))
    assert rows[1][TEXT] == f"'{sign}1+1"


@pytest.mark.parametrize("lead", ["\t", "\r", "\n", " ", "\x00", "\u202e"])
def test_nothing_in_front_hides_a_formula(lead):
    rows = read(render(call(Segment("caller", 1, 0, 1, (Word(f"{lead}=1+1", 0, 1, 0.9),)))))
    assert rows[1][TEXT] == "'=1+1"


@pytest.mark.parametrize("text", ["a;=1", "a; -1", 'a;"=1'])
def test_a_semicolon_that_some_spreadsheets_cut_at_begins_no_formula(text):
    defused = defuse(text)
    assert defused.replace("'", "") == text
    assert re.split(r';[ "]*', defused)[1].startswith("'")


def test_a_name_is_a_cell_of_its_own_and_no_formula():
    rows = read(render(call(say("Hello."), names={"caller": "=Ann"})))
    assert (rows[1][1], rows[1][-1]) == ("caller", "'=Ann")


def test_ordinary_text_is_left_alone():
    assert defuse("one + one = two; that's it - ok @ home") == (
        "one + one = two; that's it - ok @ home"
    )


@given(texts)
def test_defusing_only_adds_apostrophes(text):
    assert defuse(text).replace("'", "") == text.replace("'", "")


@given(transcripts)
def test_every_call_reads_back_cell_for_cell_and_no_cell_begins_a_formula(transcript):
    header, *rows = read(render(transcript))
    assert header == list(HEADER)
    assert [row[1] for row in rows] == [defuse(segment.leg) for segment in transcript.spoken]
    assert [row[TEXT] for row in rows] == [defuse(segment.text) for segment in transcript.spoken]
    assert not any(cell.startswith(tuple("=+-@\t\r")) for row in rows for cell in row)


@given(transcripts)
def test_lines_end_as_the_rfc_says(transcript):
    text = render(transcript)
    assert text.count("\n") == text.count("\r\n") == 1 + len(list(transcript.spoken))
