"""What holds for every format."""

from __future__ import annotations

import pytest
from hypothesis import given

from streamer.exporters import EXPORTERS
from tests.unit.exporters.calls import NOTHING_SAID, call, is_harmless, say, transcripts

every_format = pytest.mark.parametrize("name", EXPORTERS)


def test_the_formats_are_those_of_the_command_line():
    assert list(EXPORTERS) == ["txt", "srt", "vtt", "json", "csv"]


@every_format
def test_what_was_said_is_in_it(name):
    assert "cancel my account" in EXPORTERS[name](call(say("I want to cancel my account.")))


@every_format
def test_a_call_without_a_word_ends_with_one_line_end_too(name):
    text = EXPORTERS[name](NOTHING_SAID)
    assert text.endswith("\n")
    assert not text.endswith(("\n\n", "\n\r\n"))


@every_format
@given(transcript=transcripts)
def test_no_text_makes_a_document_harmful_or_change_from_one_time_to_the_next(name, transcript):
    text = EXPORTERS[name](transcript)
    assert is_harmless(text)
    assert text.endswith("\n")
    assert not text.endswith(("\n\n", "\n\r\n"))
    assert EXPORTERS[name](transcript) == text
    assert text.encode().decode() == text
