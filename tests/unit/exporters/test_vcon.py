"""A vCon is what the draft of the IETF asks for, whatever was said."""

import json
import uuid
from dataclasses import replace
from datetime import datetime

import jsonschema
from hypothesis import given

from streamer.core.audio import Leg
from streamer.exporters.vcon import render
from tests.unit.exporters.calls import NOTHING_SAID, call, say, transcripts

TIME = {"type": "string", "format": "date-time"}
INDEX = {"type": "integer", "minimum": 0}
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["vcon", "uuid", "created_at", "parties"],
    "additionalProperties": False,
    "properties": {
        "vcon": {"const": "0.4.0"},
        "uuid": {"type": "string", "format": "uuid"},
        "created_at": TIME,
        "subject": {"type": "string"},
        "parties": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"tel": {"type": "string"}, "name": {"type": "string"}},
            },
        },
        "dialog": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "start", "parties", "body", "encoding"],
                "additionalProperties": False,
                "properties": {
                    "type": {"const": "text"},
                    "start": TIME,
                    "duration": {"type": "number", "minimum": 0},
                    "parties": {"type": "array", "items": INDEX},
                    "originator": INDEX,
                    "mediatype": {"const": "text/plain"},
                    "body": {"type": "string"},
                    "encoding": {"const": "none"},
                },
            },
        },
        "analysis": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "vendor", "body", "encoding"],
                "additionalProperties": False,
                "properties": {
                    "type": {"const": "transcript"},
                    "dialog": {"type": "array", "items": INDEX},
                    "mediatype": {"const": "application/json"},
                    "vendor": {"type": "string"},
                    "product": {"type": "string"},
                    "schema": {"const": "streamer-transcript/1"},
                    "body": {"type": "string"},
                    "encoding": {"const": "json"},
                },
            },
        },
    },
}
"""What of the draft streamer writes."""


def read(transcript):
    document = json.loads(render(transcript))
    jsonschema.validate(document, SCHEMA, format_checker=jsonschema.FormatChecker())
    parties = len(document["parties"])
    for line in document["dialog"]:
        assert max(line["parties"]) < parties
    for made in document["analysis"]:
        assert all(n < len(document["dialog"]) for n in made.get("dialog", []))
        assert json.loads(made["body"])["format"] == "streamer-transcript"
    return document


def test_lines_have_their_moments_and_parties_their_numbers():
    legs = (Leg("caller", "PJSIP/1", number="+4930123", name="Ann"), Leg("agent", "PJSIP/2"))
    said = call(say("Hello there.", at=1.5), say("Yes.", leg="agent", at=4), legs=legs)
    document = read(said)
    assert document["parties"] == [{"tel": "+4930123", "name": "Ann"}, {"name": "agent"}]
    first, second = document["dialog"]
    assert (first["body"], first["parties"], first["duration"]) == ("Hello there.", [0], 0.8)
    assert datetime.fromisoformat(first["start"]) == datetime.fromisoformat(
        "2025-03-01T14:30:01.500+02:00"
    )
    assert second["originator"] == 1
    assert uuid.UUID(document["uuid"]).version == 5
    assert read(said) == document
    assert read(replace(said, call_id="another"))["uuid"] != document["uuid"]


def test_a_call_that_began_nobody_knows_when_has_its_words_in_the_analysis():
    document = read(replace(call(say("Hello.")), started_at=None))
    assert document["dialog"] == []
    [made] = document["analysis"]
    assert "dialog" not in made
    assert json.loads(made["body"])["segments"][0]["text"] == "Hello."


def test_a_call_on_which_nothing_was_said_is_one_too():
    assert len(read(NOTHING_SAID)["parties"]) == 2


@given(transcripts)
def test_hostile_calls_make_vcons(transcript):
    read(transcript)
