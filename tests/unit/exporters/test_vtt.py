"""Our WebVTT is read back by a parser that is not ours."""

from __future__ import annotations

import html

import webvtt
from hypothesis import given

from streamer.exporters.cues import build_cues
from streamer.exporters.vtt import render
from tests.unit.exporters.calls import CALLER, NOTHING_SAID, call, letters, said, say, transcripts


def read(text: str) -> webvtt.WebVTT:
    return webvtt.WebVTT.from_string(text, strict=True)


def test_cues_name_who_speaks_in_a_voice_tag():
    transcript = call(say("Hello?", at=0.8), say("Hello.", leg="agent", at=61.5, pace=2))
    assert render(transcript) == (
        "WEBVTT\n"
        "\n"
        "00:00:00.800 --> 00:00:01.800\n<v caller>Hello?\n"
        "\n"
        "00:01:01.500 --> 00:01:03.500\n<v agent>Hello.\n"
    )


def test_where_only_one_speaks_there_is_no_voice():
    assert "<v" not in render(call(say("Hello?"), legs=(CALLER,)))


def test_a_call_without_a_word_is_only_the_first_line():
    assert render(NOTHING_SAID) == "WEBVTT\n"
    assert len(read(render(NOTHING_SAID))) == 0


def test_text_that_looks_like_markup_is_escaped():
    text = render(call(say("a<b & c --> d", leg="<x>")))
    assert "<v &lt;x&gt;>a&lt;b &amp; c --&gt; d\n" in text
    assert text.count("-->") == 1


def test_a_label_and_its_tag_make_no_arrow():
    text = render(call(say("Hello.", leg="caller--")))
    assert text.count("-->") == 1
    assert html.unescape(read(text).captions[0].voice or "") == "caller--"


def test_a_name_and_its_tag_make_no_arrow_and_no_markup():
    names = {"caller": "<b>&Ann\n--"}
    text = render(call(say("Hello."), say("Hi.", leg="agent"), names=names))
    assert text.count("-->") == 2
    assert html.unescape(read(text).captions[0].voice or "") == "<b>&Ann --"


@given(transcripts)
def test_every_call_is_read_back_cue_for_cue(transcript):
    cues = build_cues(transcript)
    captions = read(render(transcript)).captions
    assert [html.unescape(caption.text) for caption in captions] == [
        "\n".join(cue.lines) for cue in cues
    ]
    assert [(c.start_time.in_milliseconds(), c.end_time.in_milliseconds()) for c in captions] == [
        (cue.start // 16, cue.end // 16) for cue in cues
    ]
    if len(transcript.speakers) > 1:
        assert [html.unescape(caption.voice or "") for caption in captions] == [
            transcript.name(cue.leg) for cue in cues
        ]


@given(transcripts)
def test_all_text_is_preserved(transcript):
    captions = read(render(transcript)).captions
    shown = "".join(html.unescape(caption.text) for caption in captions)
    assert letters(shown) == letters(said(transcript))
