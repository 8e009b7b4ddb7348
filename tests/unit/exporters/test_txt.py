"""Plain text is a line for each utterance."""

from __future__ import annotations

from hypothesis import given

from streamer.exporters.txt import render
from tests.unit.exporters.calls import NOTHING_SAID, call, letters, said, say, transcripts


def test_each_utterance_is_a_line_with_its_time_and_speaker():
    transcript = call(
        say("Fine, thanks.", leg="agent", at=61.9), say("Hello, how are you?", at=0.8)
    )
    assert render(transcript) == (
        "[0:00] caller: Hello, how are you?\n[1:01] agent: Fine, thanks.\n"
    )


def test_a_speaker_is_called_by_name():
    text = render(call(say("Hello."), say("Hi.", leg="agent", at=2), names={"caller": "Ann Lee"}))
    assert text == "[0:00] Ann Lee: Hello.\n[0:02] agent: Hi.\n"


def test_from_one_hour_on_times_have_hours():
    assert render(call(say("Hello?", at=3599.9))).startswith("[59:59] ")
    assert render(call(say("Hello?", at=3661))).startswith("[1:01:01] ")


def test_an_utterance_of_no_words_has_no_line():
    assert render(call(say(""), say("Hello.", at=2))) == "[0:02] caller: Hello.\n"


def test_a_call_without_a_word_is_an_empty_line():
    assert render(NOTHING_SAID) == "\n"


@given(transcripts)
def test_every_utterance_is_one_line_with_all_its_text(transcript):
    lines = render(transcript).splitlines()
    assert len(lines) == max(1, len(list(transcript.spoken)))
    text = "".join(line.partition("] ")[2] for line in lines)
    labels = "".join(f"{transcript.name(segment.leg)}:" for segment in transcript.spoken)
    assert letters(text) == letters(labels + said(transcript))
