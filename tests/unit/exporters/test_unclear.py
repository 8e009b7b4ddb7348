"""Speech without words has its place in every format."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from streamer.core.events import Unclear
from streamer.exporters import EXPORTERS
from tests.unit.exporters.calls import SECOND, call, say

TRANSCRIPT = replace(
    call(say("Hello?"), say("Bye.", at=9)),
    unclear=(Unclear("c1", "caller", 2 * SECOND, 5 * SECOND),),
)


@pytest.mark.parametrize(
    ("format_name", "line"),
    [
        ("txt", "[0:02] caller: [unclear]"),
        ("csv", "20250301T143000-ab12,caller,,2.000,5.000,,[unclear],caller"),
        ("srt", "00:00:02,000 --> 00:00:05,000"),
        ("vtt", "00:00:02.000 --> 00:00:05.000"),
    ],
)
def test_it_is_a_line_where_it_was_said(format_name: str, line: str):
    text = EXPORTERS[format_name](TRANSCRIPT)
    assert line in text.splitlines()
    assert text.index("Hello?") < text.index("[unclear]") < text.index("Bye.")


def test_json_has_it_beside_the_segments():
    document = json.loads(EXPORTERS["json"](TRANSCRIPT))
    assert document["unclear"] == [
        {"leg": "caller", "start": 2.0, "end": 5.0, "start_sample": 32_000, "end_sample": 80_000}
    ]
    assert len(document["segments"]) == 2
