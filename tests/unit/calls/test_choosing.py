"""Calls are picked out by who called whom and by the keys that were pressed, whether or not the store knows them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from streamer.calls.catalog import list_entries
from streamer.calls.choosing import ANYBODY, Parties, narrow
from streamer.calls.encoding import encode_entry
from streamer.core.audio import Leg
from streamer.core.events import Dtmf, EndReason
from streamer.recording.writer import create_recording
from streamer.store import EVERYTHING, Filter
from streamer.store.sqlite.store import open_reader, open_store


@pytest.fixture
async def called(recordings):
    """A call of which the store knows, and one of which it does not."""
    facts = {"from": "+4930100", "to": "800"}
    known = create_recording(
        recordings, source="s", url="", legs=(Leg("caller", "u", number="+4930100"),), facts=facts
    )
    for second, digit in enumerate("12#"):
        at = known.call.started_at + timedelta(seconds=second)
        known.note_digit(0, Dtmf(known.call.id, "caller", digit, float(second), at))
    other = create_recording(
        recordings, source="s", url="", legs=(Leg("caller", "u"),), facts={"from": "200"}
    )
    async with open_store(recordings / "s.sqlite3") as store:
        await store.keep_call(known.call, known.folder, known.paths)
    for recording in (known, other):
        recording.finish(EndReason.HANG_UP)
    return known.call, other.call


async def pick(recordings, parties, filter=EVERYTHING):
    async with open_reader(recordings / "s.sqlite3") as reader:
        chosen = await narrow(reader, recordings, filter, parties)
        return {entry.call.id: entry for entry in await list_entries(reader, recordings, chosen)}


@pytest.mark.parametrize(
    ("parties", "which"),
    [
        (ANYBODY, {0, 1}),
        (Parties(caller="4930"), {0}),
        (Parties(caller="00"), {0, 1}),
        (Parties(called="800"), {0}),
        (Parties(digits="2#"), {0}),
        (Parties(digits="9"), set()),
        (Parties(caller="200", called="800"), set()),
    ],
)
async def test_only_calls_of_those_parties_are_left(recordings, called, parties, which):
    assert set(await pick(recordings, parties)) == {called[number].id for number in which}


async def test_the_other_conditions_stay(recordings, called):
    later = Filter(since=called[0].started_at + timedelta(hours=1))
    assert await pick(recordings, Parties(caller="00"), later) == {}


async def test_json_says_who_called_whom_and_what_was_pressed(recordings, called):
    fields = encode_entry((await pick(recordings, ANYBODY))[called[0].id])
    assert (fields["from"], fields["to"], fields["digits"]) == ("+4930100", "800", "12#")
    unknown = encode_entry((await pick(recordings, ANYBODY))[called[1].id])
    assert (unknown["from"], unknown["to"], unknown["direction"]) == ("200", None, None)
