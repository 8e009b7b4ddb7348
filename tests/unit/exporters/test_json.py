"""JSON loses nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import given

from streamer.core.audio import AudioLoss, Leg
from streamer.core.encoding import encode_segment
from streamer.core.events import Segment, Word
from streamer.core.transcript import Transcript
from streamer.exporters.json import render
from tests.unit.exporters.calls import NOTHING_SAID, call, say, transcripts


def read_back(text: str) -> Transcript:
    document = json.loads(text)
    started_at = document["started_at"]
    return Transcript(
        document["call"],
        document["source"],
        started_at and datetime.fromisoformat(started_at),
        tuple(Leg(leg["leg"], leg["channel"], leg["rate"]) for leg in document["legs"]),
        tuple(read_segment(segment) for segment in document["segments"]),
        {leg["leg"]: leg["speaker"] for leg in document["legs"]},
    )


def read_segment(fields: dict[str, Any]) -> Segment:
    words = tuple(
        Word(w["word"], w["start_sample"], w["end_sample"], w["probability"], w["joined"])
        for w in fields["words"]
    )
    start, end = fields["start_sample"], fields["end_sample"]
    return Segment(fields["leg"], fields["utterance"], start, end, words, fields["language"])


def as_written(transcript: Transcript) -> Transcript:
    """Return the transcript with the places that are written: three of a probability, milliseconds of the day."""
    segments = tuple(
        replace(s, words=tuple(replace(w, probability=round(w.probability, 3)) for w in s.words))
        for s in transcript.segments
    )
    moment = transcript.started_at
    if moment is not None:
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    names = {leg.label: transcript.name(leg.label) for leg in transcript.legs}
    return replace(transcript, segments=segments, started_at=moment, names=names)


def test_a_call_says_where_it_came_from_and_when_with_its_offset():
    document = json.loads(render(call(say("Hello there.", at=1))))
    assert document["format"] == "streamer-transcript"
    assert document["version"] == 1
    assert document["call"] == "20250301T143000-ab12"
    assert document["source"] == "stream-channel"
    assert document["started_at"] == "2025-03-01T14:30:00.000+02:00"
    assert document["duration"] == 1.8
    assert document["sample_rate"] == 16000
    assert document["legs"][0] == {
        "leg": "caller",
        "channel": "PJSIP/1-0001",
        "rate": 16000,
        "speaker": "caller",
        "lost_seconds": None,
        "missing_seconds": None,
    }


def test_a_leg_says_what_its_recording_lacks_if_that_is_known():
    transcript = replace(call(say("Hello there.")), losses={"caller": AudioLoss(12.0, 0.34567)})
    one, other = json.loads(render(transcript))["legs"]
    assert (one["lost_seconds"], one["missing_seconds"]) == (12.0, 0.346)
    assert (other["lost_seconds"], other["missing_seconds"]) == (None, None)


def test_a_leg_keeps_its_label_beside_the_name_of_its_speaker():
    document = json.loads(render(call(say("Hello there."), names={"caller": "Ann Lee"})))
    assert [leg["leg"] for leg in document["legs"]] == ["caller", "agent"]
    assert [leg["speaker"] for leg in document["legs"]] == ["Ann Lee", "agent"]
    assert document["segments"][0]["leg"] == "caller"


def test_times_are_in_seconds_and_in_samples():
    segment = json.loads(render(call(say("Hello there.", at=1))))["segments"][0]
    assert (segment["start"], segment["end"]) == (1.0, 1.8)
    assert (segment["start_sample"], segment["end_sample"]) == (16000, 28800)
    assert segment["words"][1] == {
        "word": "there.",
        "start": 1.4,
        "end": 1.8,
        "start_sample": 22400,
        "end_sample": 28800,
        "probability": 0.9,
        "joined": False,
    }


def test_a_segment_has_every_field_of_its_final_event():
    said = say("Hello there.", at=1)
    segment = json.loads(render(call(said)))["segments"][0]
    final = encode_segment(said)
    for word, of_final in zip(segment.pop("words"), final.pop("words"), strict=True):
        assert word.items() >= of_final.items()
    assert segment.items() >= final.items()


def test_a_call_without_a_word_has_no_segments():
    document = json.loads(render(NOTHING_SAID))
    assert (document["segments"], document["duration"]) == ([], 0.0)


@given(transcripts)
def test_every_call_can_be_read_back(transcript):
    assert read_back(render(transcript)) == as_written(transcript)


def test_position_0_is_said_with_its_offset():
    spoken = call(say("Hello there.", at=1))
    assert json.loads(render(spoken))["zero_at"] is None
    zero_at = datetime.fromisoformat("2025-03-01T14:30:08.500+02:00")
    document = json.loads(render(replace(spoken, zero_at=zero_at)))
    assert document["started_at"] == "2025-03-01T14:30:00.000+02:00"
    assert document["zero_at"] == "2025-03-01T14:30:08.500+02:00"
