"""Our SubRip is read back by a parser that is not ours."""

from __future__ import annotations

from datetime import timedelta

import srt
from hypothesis import given

from streamer.exporters.cues import build_cues
from streamer.exporters.srt import LOOKALIKES, render
from tests.unit.exporters.calls import CALLER, NOTHING_SAID, call, letters, say, transcripts


def test_a_name_stands_for_its_label_and_styles_nothing():
    names = {"caller": "<i>Ann", "agent": "A name that is rather long"}
    text = render(call(say("Hello?"), say("Hello.", leg="agent", at=5), names=names))
    assert "\n‹i›Ann: Hello?\n" in text
    assert "\nA name that is …: Hello.\n" in text


def test_cues_are_numbered_and_name_who_speaks():
    transcript = call(say("Hello?", at=0.8), say("Hello.", leg="agent", at=61.5, pace=2))
    assert render(transcript) == (
        "1\n00:00:00,800 --> 00:00:01,800\ncaller: Hello?\n"
        "\n"
        "2\n00:01:01,500 --> 00:01:03,500\nagent: Hello.\n"
    )


def test_where_only_one_speaks_nobody_is_named():
    assert "caller" not in render(call(say("Hello?"), legs=(CALLER,)))


def test_a_call_without_a_word_is_an_empty_line():
    assert render(NOTHING_SAID) == "\n"
    assert list(srt.parse(render(NOTHING_SAID))) == []


def test_what_players_read_as_style_or_times_is_only_text():
    text = render(call(say("<i> {\\an8} 00:00:01,000 --> 00:00:02,000"), legs=(CALLER,)))
    assert text.count("-->") == 1
    assert "‹i› ❴\\an8❵" in text


@given(transcripts)
def test_every_call_is_read_back_cue_for_cue(transcript):
    cues = build_cues(transcript, is_labelled=len(transcript.speakers) > 1)
    subtitles = list(srt.parse(render(transcript)))
    assert [subtitle.index for subtitle in subtitles] == list(range(1, len(cues) + 1))
    assert [subtitle.content for subtitle in subtitles] == [
        "\n".join(cue.lines).translate(LOOKALIKES) for cue in cues
    ]
    assert [(s.start, s.end) for s in subtitles] == [
        (timedelta(milliseconds=cue.start // 16), timedelta(milliseconds=cue.end // 16))
        for cue in cues
    ]
    assert all(subtitle.start < subtitle.end for subtitle in subtitles)


@given(transcripts)
def test_all_text_is_preserved(transcript):
    contents = "".join(subtitle.content for subtitle in srt.parse(render(transcript)))
    words = "".join(segment.text for segment in transcript.spoken).translate(LOOKALIKES)
    assert not letters(words) - letters(contents)
