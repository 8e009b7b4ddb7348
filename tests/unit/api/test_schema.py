"""Every event is as the published schema says, and no event is missing there."""

import json
from importlib.resources import files
from typing import get_args

import jsonschema
import pytest

from streamer.core.encoding import encode_event
from streamer.core.events import Cause, Dtmf, EndReason, Event, LegEnded, Trouble
from tests.unit.store.sqlite.calls import ZERO
from tests.unit.test_docs import _make

SCHEMA = json.loads(files("streamer.api").joinpath("events.schema.json").read_text())


def validate(event):
    jsonschema.validate(encode_event(event), SCHEMA, format_checker=jsonschema.FormatChecker())


def describe(event):
    return next(one for one in SCHEMA["oneOf"] if one["title"] == encode_event(event)["event"])


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("kind", get_args(Event))
def test_every_event_is_in_the_schema_with_all_of_its_fields(kind):
    event = _make(kind)
    if kind is Dtmf:
        event = Dtmf("c1", "caller", "5", 1.5, ZERO)
    encoded = encode_event(event)
    if kind.__name__ in ("Partial", "Final"):
        encoded["utterance"] = 1
    jsonschema.validate(_positive(encoded), SCHEMA)
    assert encoded.keys() <= describe(event)["properties"].keys()


def _positive(encoded):
    for name in ("rate", "utterance"):
        for place in (encoded, *encoded.get("legs", ())):
            if place.get(name) == 0:
                place[name] = 1
    return encoded


def test_fields_that_are_there_at_times_are_in_the_schema():
    validate(LegEnded("c1", "caller", EndReason.LOST, "", Cause(16, "Normal")))
    validate(Dtmf("c1", "caller", None, 1.5, ZERO, "3132"))
    validate(Trouble(None, "the disk is full"))


def test_the_schema_refuses_what_is_no_event():
    for wrong in ({"event": "final"}, {"event": "gossip"}, {}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)
