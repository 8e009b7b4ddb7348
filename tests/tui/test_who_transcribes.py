"""What the screens say of a call that this process makes no text of: who does, or that nobody does."""

import os
from typing import Any

import pytest

from streamer.core.events import EndReason
from streamer.recording.folder import CallFolder
from streamer.recording.writer import create_recording
from tests.fakes.stage import LEGS, SECOND, keep_past_call, open_stage
from tui.state.download import ModelDownload

OFFER = "No speech model"
LACKING: dict[str, Any] = {"model": "", "lack": "no speech model is installed", "offer": "small"}


@pytest.fixture
async def stage(recordings, monkeypatch):
    monkeypatch.chdir(recordings.parent)
    async with open_stage(recordings, shows_calls=True, **LACKING) as stage:
        yield stage


async def open_call_with_audio(stage):
    recording = create_recording(stage.recordings, source="s", url="", legs=LEGS)
    for leg in range(len(LEGS)):
        recording.append(leg, [SECOND])
        recording.demand(leg)
    await stage.sees("1 live")
    return recording


async def test_a_call_that_another_process_transcribes_says_so_and_warns_of_nothing(stage):
    recording = await open_call_with_audio(stage)
    lock = CallFolder(recording.folder).take_transcriber_lock()
    assert lock
    lock.note(f"serve {os.getpid() + 1}")
    await stage.pilot.press("enter")
    await stage.sees("text by serve")
    await stage.look()
    await stage.look()
    assert OFFER not in stage.text()
    lock.release()
    recording.finish(EndReason.STOPPED)


async def test_a_live_call_that_nobody_transcribes_offers_a_model_until_that_is_read(stage):
    recording = await open_call_with_audio(stage)
    await stage.sees(OFFER)
    await stage.pilot.press("enter")
    await stage.sees("no model")
    for _ in range(6):
        await stage.look()
    await stage.sees(OFFER)
    await stage.pilot.press("x")
    await stage.look()
    assert OFFER not in stage.text()
    recording.finish(EndReason.STOPPED)


async def test_calls_that_are_over_warn_of_nothing(stage):
    await keep_past_call(stage)
    await stage.sees("complete")
    for _ in range(3):
        await stage.calls_screen._refresh()
    assert OFFER not in stage.text()
    await stage.pilot.press("enter")
    await stage.sees("Thank you for calling")
    await stage.look()
    assert "no model" not in stage.text()
    assert OFFER not in stage.text()


async def test_m_downloads_in_the_background_and_says_why_that_failed(stage):
    say = stage.app.open_calls.download._say
    command = ["sh", "-c", "echo the hub cannot be reached >&2; exit 4"]
    stage.app.open_calls.download = ModelDownload(say, command)
    await stage.pilot.press("M")
    await stage.sees("Download failed: the hub cannot be reached  x dismiss")
