"""Texts of several files are one document, and each says whose it is."""

import csv
import io
import json

import pytest
import srt
import webvtt

from streamer.exporters import EXPORTERS
from streamer.exporters.several import Several
from tests.unit.exporters.calls import call, say

FILES = {
    "a.wav": call(say("First file.", at=1), say("Yes.", leg="agent", at=3)),
    "silent.wav": call(),
    "b <2>\x1b[2J --> & 'c'.wav": call(say("Second file.", at=1)),
}


def join(format_name):
    several = Several(format_name)
    return several.begin() + "".join(several.add(file, call) for file, call in FILES.items())


def test_each_line_of_text_names_its_file_and_so_does_one_without_words():
    lines = join("txt").splitlines()
    assert lines[0].startswith("a.wav: [0:01] ")
    assert lines[2] == "silent.wav:"
    assert lines[3].startswith("b <2>")
    assert "\x1b" not in join("txt")


def test_json_is_one_object_a_line_that_begins_with_its_file():
    objects = [json.loads(line) for line in join("json").splitlines()]
    assert [o["file"] for o in objects] == list(FILES)
    assert all(next(iter(o)) == "file" and o["format"] == "streamer-transcript" for o in objects)


def test_csv_has_one_header_and_a_column_of_files():
    header, *rows = csv.reader(io.StringIO(join("csv"), newline=""))
    assert header[0] == "file"
    assert {len(row) for row in rows} == {len(header)}
    assert [row[0] for row in rows][:2] == ["a.wav", "a.wav"]
    assert len(rows) == 3


def test_numbers_of_subrip_go_on_and_each_cue_names_its_file():
    cues = list(srt.parse(join("srt")))
    assert [cue.index for cue in cues] == [1, 2, 3]
    assert [cue.content.split("\n")[0] for cue in cues][:2] == ["a.wav", "a.wav"]
    assert "-->" not in "".join(cue.content for cue in cues).replace("--›", "")


def test_webvtt_has_one_beginning_and_numbers_that_go_on():
    text = join("vtt")
    cues = webvtt.from_string(text).captions
    assert text.count("WEBVTT") == 1
    assert [cue.identifier for cue in cues] == ["1", "2", "3"]
    assert cues[0].text.startswith("a.wav\n")
    assert len(cues) == 3


@pytest.mark.parametrize("format_name", ["srt", "vtt"])
def test_nothing_said_at_all_is_a_valid_document(format_name):
    several = Several(format_name)
    text = several.begin() + several.add("silent.wav", FILES["silent.wav"])
    assert text == {"srt": "", "vtt": "WEBVTT\n\n"}[format_name]


def test_a_format_of_somebody_else_stands_under_the_name_of_its_file(monkeypatch):
    monkeypatch.setitem(EXPORTERS, "loud", lambda transcript: "WORDS\n")
    several = Several("loud")
    assert several.begin() + several.add("a.wav", FILES["a.wav"]) == "==> a.wav <==\nWORDS\n"
