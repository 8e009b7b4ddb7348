"""What holds for every format."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given

from streamer.core.audio import Leg
from streamer.core.events import Hold
from streamer.exporters import EXPORTERS
from tests.unit.exporters.calls import NOTHING_SAID, call, is_harmless, say, transcripts

every_format = pytest.mark.parametrize("name", EXPORTERS)


def test_the_formats_are_those_of_the_command_line():
    assert list(EXPORTERS) == ["txt", "srt", "vtt", "json", "csv", "vcon"]


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


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_party_is_called_as_the_pbx_tells_it_unless_a_user_has_named_it(name):
    legs = (
        Leg("caller", "PJSIP/1", number="+4930123"),
        Leg("agent", "PJSIP/2", number="200", name="Ann\x1b Lee"),
        Leg("leg3", "PJSIP/3", number="300", name="Bo"),
    )
    said = (say("Hello.", leg=leg.label, at=n) for n, leg in enumerate(legs))
    text = EXPORTERS[name](call(*said, legs=legs, names={"leg3": "Mr Wu"}))
    assert all(shown in text for shown in ("+4930123", "Ann Lee", "Mr Wu"))
    assert ("Bo" in text) == (name in ("json", "vcon")), "a vCon holds the other"


def test_json_has_what_the_pbx_tells_of_a_party():
    legs = (Leg("caller", "PJSIP/1"), Leg("agent", "PJSIP/2", number="200", name="Ann Lee"))
    first, second = json.loads(EXPORTERS["json"](call(legs=legs)))["legs"]
    assert (second["leg"], second["number"], second["name"]) == ("agent", "200", "Ann Lee")
    assert not {"number", "name"} & set(first)


def test_parties_whom_the_pbx_calls_the_same_have_their_labels():
    legs = tuple(Leg(label, "x", number="100") for label in ("caller", "callee"))
    text = EXPORTERS["txt"](call(say("Hello."), legs=legs))
    assert text == "[0:00] caller: Hello.\n"


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_hold_is_a_line_of_its_own_between_those_around_it(name):
    at = datetime(2025, 3, 1, tzinfo=UTC)
    holds = tuple(
        Hold("c", "caller", held, start, at) for held, start in ((False, 4.0), (True, 2.0))
    )
    said = call(say("Wait."), say("Back.", at=6))
    text = EXPORTERS[name](replace(said, holds=holds))
    if name == "json":
        assert [hold["held"] for hold in json.loads(text)["holds"]] == [True, False]
    else:
        places = [text.index(word) for word in ("Wait.", "[on hold]", "[off hold]", "Back.")]
        assert places == sorted(places)
