"""What happens to a call is read from its folder, each thing once, by whoever looks."""

import json
from datetime import UTC, datetime

import pytest

from streamer.core.audio import Leg
from streamer.core.encoding import encode_event, encode_time
from streamer.core.events import (
    CallEnded,
    CallStarted,
    Cause,
    Dtmf,
    EndReason,
    Hold,
    Lagging,
    LegAttached,
    LegEnded,
    Partial,
    Word,
)
from streamer.errors import RecordingError
from streamer.media.timeline import Noise, Silence
from streamer.recording.feed import Feed, follow
from streamer.recording.folder import CallFolder
from streamer.recording.live_status import LiveStatus
from streamer.recording.losses import read_noted
from streamer.recording.writer import create_recording

LEGS = (Leg("caller", "PJSIP/100-1", 8000), Leg("agent", "PJSIP/200-2", 8000))
PRESSED_AT = datetime(2026, 11, 18, 15, 2, 4, 250_000, UTC)


@pytest.fixture
def recording(recordings):
    recording = create_recording(recordings, source="stream-channel", url="", legs=LEGS)
    yield recording
    if CallFolder(recording.folder).is_live():
        recording.finish(EndReason.HANG_UP)


def note(recording):
    """Let `call.json` say at once what the recording knows; its worker would do so a moment later."""
    CallFolder(recording.folder).write(recording.describe())


def press(recording, *digits):
    """Let `call.json` say that digits were pressed, whatever they are."""
    fields = CallFolder(recording.folder).read()
    fields["legs"][0]["digits"] = [
        {"digit": digit, "start": start, "at": "2026-11-18T15:02:04.250Z"}
        for digit, start in digits
    ]
    CallFolder(recording.folder).write(fields)


def test_legs_attach_and_end_once(recording):
    feed = Feed(recording.folder)
    started = feed.started
    assert (started.folder, started.recordings) == (recording.folder, recording.paths)
    assert (started.call.id, started.call.legs) == (recording.call.id, LEGS)
    assert feed.look() == []
    recording.attach(0)
    note(recording)
    assert feed.look() == [LegAttached(recording.call.id, LEGS[0], recording.paths[0])]
    recording.end_leg(0, EndReason.HANG_UP, "it said goodbye", cause=Cause(16, "Normal Clearing"))
    note(recording)
    ended = LegEnded(
        recording.call.id,
        "caller",
        EndReason.HANG_UP,
        "it said goodbye",
        Cause(16, "Normal Clearing"),
    )
    assert feed.look() == [ended]
    assert feed.look() == []
    assert encode_event(ended) == {
        "event": "leg_ended",
        "call": recording.call.id,
        "leg": "caller",
        "reason": "hang-up",
        "message": "it said goodbye",
        "cause": 16,
        "cause_text": "Normal Clearing",
    }


def test_a_leg_that_joins_is_announced_with_all_that_is_known_of_it(recording):
    feed = Feed(recording.folder)
    joined = recording.add_leg(Leg("transfer", "PJSIP/300-3", 16_000, "+49 30 1"))
    note(recording)
    (event,) = feed.look()
    assert encode_event(event) == {
        "event": "leg_attached",
        "call": recording.call.id,
        "leg": "transfer",
        "channel": "PJSIP/300-3",
        "recording": str(recording.folder / "transfer.wav"),
        "rate": 16_000,
        "number": "+49 30 1",
    }
    assert feed.call.legs == (*LEGS, joined)


def test_labels_of_legs_that_join_are_never_taken_twice(recording):
    labels = [recording.add_leg(Leg("agent", f"PJSIP/{n}")).label for n in range(3)]
    assert labels == ["agent2", "agent3", "agent4"]


def test_a_refused_leg_is_told_only_once_another_is_there(recording):
    feed = Feed(recording.folder)
    recording.end_leg(0, EndReason.REFUSED, "no such channel")
    note(recording)
    assert feed.look() == [], "the folder may be gone in a moment"
    recording.attach(1)
    note(recording)
    assert {type(event) for event in feed.look()} == {LegEnded, LegAttached}


def test_whoever_looks_later_is_told_the_same(recording):
    recording.attach(0)
    recording.attach(1)
    recording.end_leg(1, EndReason.HANG_UP, "")
    note(recording)
    kinds = [(type(event), getattr(event, "leg", None)) for event in Feed(recording.folder).look()]
    assert kinds == [
        (LegAttached, LEGS[0]),
        (LegAttached, LEGS[1]),
        (LegEnded, "agent"),
    ]


def test_the_end_is_told_once_with_what_was_noted_last(recording):
    feed = Feed(recording.folder)
    feed.look()
    recording.append(0, [bytes(16_000)])
    recording.end_leg(0, EndReason.HANG_UP, "")
    recording.end_leg(1, EndReason.HANG_UP, "")
    recording.finish(EndReason.HANG_UP)
    events = feed.look()
    assert events[-1] == CallEnded(recording.call.id, EndReason.HANG_UP, 1.0)
    assert [type(event) for event in events[:-1]] == [LegEnded, LegEnded]
    assert feed.look() == []


async def test_partials_and_lags_are_those_of_the_process_that_transcribes(recording):
    lock = CallFolder(recording.folder).take_transcriber_lock()
    assert lock is not None
    status, feed = LiveStatus(recording.folder), Feed(recording.folder)
    partial = Partial(recording.call.id, "caller", 1, 0, 900, (Word("hello", 0, 900, 0.9),), ())
    status.post(partial)
    status.post(Lagging(recording.call.id, "agent", 7.5))
    assert status._writing is not None
    await status._writing
    assert set(map(type, feed.look())) == {Partial, Lagging}
    assert feed.look() == []
    lock.release()
    assert feed.look() == [Lagging(recording.call.id, "agent", 0.0)]
    feed = Feed(recording.folder)
    feed.shows_live_status = False
    assert feed.look() == []
    await status.clear()


async def test_following_ends_with_the_recording(recording):
    recording.append(0, [bytes(16_000)])
    recording.finish(EndReason.STOPPED)
    events = [event async for event in follow(recording.folder)]
    assert isinstance(events[0], CallStarted)
    assert events[-1] == CallEnded(recording.call.id, EndReason.STOPPED, 1.0)


async def test_a_folder_without_a_call_cannot_be_followed(tmp_path):
    with pytest.raises(RecordingError, match="call.json cannot be read"):
        _ = [event async for event in follow(tmp_path)]


def test_each_digit_is_told_once_with_its_time(recording):
    feed, call_id = Feed(recording.folder), recording.call.id
    assert feed.look() == []
    press(recording, ("5", 1.5))
    events = feed.look() + feed.look()
    press(recording, ("5", 1.5), ("#", 2.25))
    events += feed.look()
    assert events == [
        Dtmf(call_id, "caller", "5", 1.5, PRESSED_AT),
        Dtmf(call_id, "caller", "#", 2.25, PRESSED_AT),
    ]
    assert encode_event(events[1]) == {
        "event": "dtmf",
        "call": call_id,
        "leg": "caller",
        "digit": "#",
        "start": 2.25,
        "at": "2026-11-18T15:02:04.250Z",
    }


@pytest.mark.parametrize("digits", [None, [5, {}], [{"digit": "1"}]])
def test_a_recording_that_says_nothing_of_digits_has_none(recording, digits):
    feed = Feed(recording.folder)
    fields = CallFolder(recording.folder).read()
    fields["legs"][0]["digits"] = digits
    CallFolder(recording.folder).write(fields)
    assert feed.look() == []
    CallFolder(recording.folder).call_json.write_text("nothing")
    assert feed.look() == []
    CallFolder(recording.folder).call_json.write_text(json.dumps({"legs": [{"leg": "caller"}]}))
    assert feed.look() == []
    note(recording)


def test_a_key_that_is_none_is_told_with_what_came(recording):
    at = encode_time(PRESSED_AT)
    fields = CallFolder(recording.folder).read()
    fields["legs"][0]["digits"] = [
        {"digit": None, "raw": "66", "start": 1.5, "at": at},
        {"digit": None, "raw": "\x1b[2J", "start": 1.5, "at": at},
        {"digit": None, "raw": "", "start": 1.5, "at": at},
    ]
    CallFolder(recording.folder).write(fields)
    events = Feed(recording.folder).look()
    assert [(encode_event(event)["digit"], encode_event(event)["raw"]) for event in events] == [
        (None, "66"),
        (None, ""),
    ]


def test_a_digit_that_cannot_be_read_costs_no_other(recording):
    feed = Feed(recording.folder)
    press(recording, ("5", "soon"))
    assert feed.look() == []
    press(recording, ("5", "soon"), ("#", 2.25))
    assert feed.look() == [Dtmf(recording.call.id, "caller", "#", 2.25, PRESSED_AT)]
    assert feed.look() == []


def put_on_hold(recording, *holds):
    """Let `call.json` say that a leg was put on hold, whatever that is."""
    fields = CallFolder(recording.folder).read()
    fields["legs"][0]["holds"] = [
        {"held": held, "start": start, "at": "2026-11-18T15:02:04.250Z"} for held, start in holds
    ]
    CallFolder(recording.folder).write(fields)


def test_a_leg_has_no_words_while_it_is_on_hold(recording):
    feed = Feed(recording.folder)
    put_on_hold(recording, (True, 1.5), (False, 4.0), (True, "soon"), (True, float("nan")))
    assert [event.held for event in feed.look() if isinstance(event, Hold)] == [True, False]
    assert feed.wordless(0) == (Noise(1.5, 4.0),)
    put_on_hold(recording, (True, 1.5), (True, 2.0), (False, 4.0), (False, 5.0), (True, 9.0))
    feed.look()
    assert feed.wordless(0) == (Noise(1.5, 4.0), Noise(9.0, None))
    assert [hold.held for hold in read_noted(recording.folder).holds][-1:] == [True]


def kill(recording):
    """End a recording as if its tap were killed now: with the WAVs as they are, and `call.json` as it was."""
    old = CallFolder(recording.folder).read()
    recording.finish(EndReason.HANG_UP)
    CallFolder(recording.folder).write(old)


def test_a_call_whose_tap_was_killed_was_as_long_as_its_wavs(recording):
    recording.append(0, [bytes(2 * 8000)])
    note(recording)
    recording.append(0, [Silence(4000), b"\1\0" * 4000])
    recording.append(1, [b"\1\0" * 24_000])
    kill(recording)
    feed = Feed(recording.folder)
    ended = CallEnded(recording.call.id, EndReason.INTERRUPTED, 3.0)
    assert feed.look()[-1] == feed.read_end() == ended


def test_the_wav_says_the_rate_of_a_killed_call(recording):
    note(recording)
    recording.set_rate(1, 16_000)
    recording.append(1, [b"\1\0" * 24_000])
    kill(recording)
    assert Feed(recording.folder).read_end().duration == 1.5


def test_a_killed_call_without_its_wavs_was_as_long_as_was_noted(recording):
    recording.append(0, [b"\1\0" * 4000])
    note(recording)
    kill(recording)
    recording.paths[0].unlink()
    assert Feed(recording.folder).read_end().duration == 0.5


def test_a_call_that_ended_was_as_long_as_was_noted_whatever_is_on_disk(recording):
    recording.append(0, [b"\1\0" * 4000])
    recording.finish(EndReason.LOST)
    recording.paths[0].write_bytes(recording.paths[0].read_bytes()[:-400])
    assert Feed(recording.folder).read_end() == CallEnded(recording.call.id, EndReason.LOST, 0.5)
