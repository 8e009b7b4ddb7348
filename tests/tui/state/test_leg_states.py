"""What goes on on a leg is told by its files: audio, holds, lags, and what is being said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from streamer.calls.catalog import read_entry
from streamer.core.events import EndReason, Hold, Word
from streamer.core.words import encode_words
from streamer.recording.private_files import replace_json
from streamer.recording.writer import create_recording
from tests.fakes.stage import LEGS
from tui.state.leg_states import NO_AUDIO_S, LegState, LegWatch


class Clock:
    now = 50.0

    def __call__(self):
        return self.now


@pytest.fixture
def recording(recordings):
    recording = create_recording(recordings, source="s", url="", legs=LEGS)
    yield recording
    recording.finish(EndReason.HANG_UP)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watch(clock):
    return LegWatch(clock)


def grow(recording, leg="caller", size=4_000):
    with (recording.folder / f"{leg}.wav").open("ab") as file:
        file.write(bytes(size))


def say(recording, text, *, leg="caller", utterance=1, end=16_000):
    word = Word(text, 0, end, 0.9)
    said = {
        "utterance": utterance,
        "start": 0,
        "end": end,
        "committed": encode_words([word], digits=4),
        "tentative": [],
    }
    replace_json(recording.folder / f"{leg}.partial.json", said)


def look(watch, recording, lags=None, *, is_transcribed=True, **changes):
    entry = replace(read_entry(recording.folder), **changes)
    live = watch.look(entry, lags or {}, is_transcribed=is_transcribed)
    watch.forget()
    return live


def states(live):
    return [leg.state for leg in live.legs]


def test_a_leg_has_audio_as_long_as_its_wav_grows(watch, recording, clock):
    grow(recording)
    assert states(look(watch, recording)) == [LegState.NO_SPEECH, LegState.NO_AUDIO]
    clock.now += NO_AUDIO_S + 1
    grow(recording, "agent")
    caller, agent = look(watch, recording).legs
    assert (caller.state, agent.state) == (LegState.NO_AUDIO, LegState.NO_SPEECH)
    assert caller.since_s == NO_AUDIO_S + 1


def test_audio_goes_on_in_the_next_wav(watch, recording, clock):
    grow(recording)
    look(watch, recording)
    clock.now += NO_AUDIO_S + 1
    (recording.folder / "caller.2.wav").write_bytes(bytes(4_000))
    assert states(look(watch, recording))[0] is LegState.NO_SPEECH


def test_who_speaks_is_told_by_what_is_being_said_until_that_is_settled(watch, recording, clock):
    grow(recording)
    say(recording, "Hello")
    live = look(watch, recording)
    assert (states(live)[0], live.said) == (LegState.SPEAKING, "Hello")
    entry = read_entry(recording.folder)
    settled = replace(
        entry.call.legs[0], progress=replace(entry.call.legs[0].progress, utterance=1)
    )
    call = replace(entry.call, legs=(settled, entry.call.legs[1]))
    live = look(watch, recording, call=call)
    assert (states(live)[0], live.said) == (LegState.NO_SPEECH, "")


def test_the_newest_of_what_is_being_said_is_shown(watch, recording):
    say(recording, "Hello", end=16_000)
    say(recording, "there", leg="agent", end=32_000)
    assert look(watch, recording).said == "there"


@pytest.mark.parametrize(
    ("lags", "is_transcribed", "state"),
    [
        ({}, False, LegState.NO_TEXT),
        ({"caller": 7.0}, True, LegState.BEHIND),
        ({"agent": 7.0}, True, LegState.NO_SPEECH),
    ],
)
def test_words_that_are_late_or_that_nobody_makes_say_so(
    watch, recording, lags, is_transcribed, state
):
    grow(recording)
    live = look(watch, recording, lags, is_transcribed=is_transcribed)
    assert states(live)[0] is state
    assert live.legs[0].lag_s == lags.get("caller", 0.0)


def test_a_party_on_hold_is_on_hold_until_it_is_taken_back(watch, recording):
    grow(recording)
    at = recording.call.started_at
    held = Hold(recording.call.id, "caller", True, 1.0, at)
    back = Hold(recording.call.id, "caller", False, 2.0, at + timedelta(seconds=1))
    assert states(look(watch, recording, holds=(held,)))[0] is LegState.ON_HOLD
    assert states(look(watch, recording, holds=(held, back)))[0] is LegState.NO_SPEECH
