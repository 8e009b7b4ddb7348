"""`streamer watch --json` without a channel: all calls of all processes, for scripts; nothing is transcribed for it."""

import asyncio
import errno
import json
import signal
from pathlib import Path

import pytest

from streamer.core.audio import Leg
from streamer.core.events import EndReason
from streamer.recording.folder import CallFolder
from streamer.recording.writer import create_recording
from tests.fakes.command_line import run_here
from tests.fakes.recorder import run_streamer, start_streamer
from tests.fakes.replay import until
from tests.integration.test_watch import arguments, demo_pbx, events_of

LEGS = (Leg("caller", "PJSIP/100-0000001a", 8000),)


def begin(recordings):
    return create_recording(recordings, source="audiosocket", url="", legs=LEGS)


async def next_line(process):
    assert process.stdout is not None
    return (await process.stdout.readline()).decode()


async def next_event(process):
    return json.loads(await next_line(process))


async def test_every_call_is_told_to_its_end_and_ctrl_c_is_no_failure(recordings):
    live = begin(recordings)
    process = await start_streamer(["watch", "--json", "--recordings", str(recordings)])
    assert (await next_event(process))["call"] == live.call.id
    later = begin(recordings)
    told = [await next_event(process)]
    live.append(0, [b"\0" * 1600])
    for call in (later, live):
        call.finish(EndReason.HANG_UP)
    while sum(event["event"] == "call_ended" for event in told) < 2:
        told.append(await next_event(process))
    assert {e["call"] for e in told if e["event"] == "call_started"} == {later.call.id}
    assert {e["call"] for e in told if e["event"] == "call_ended"} == {live.call.id, later.call.id}
    assert not any(CallFolder(call.folder).is_transcribed() for call in (live, later))
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 0, err
    assert f"Showing all calls recorded into {recordings}" in err.decode()


async def test_whoever_looks_makes_no_folder_and_waits_for_one(recordings):
    process = await start_streamer(["watch", "--plain", "--recordings", str(recordings)])
    assert process.stderr is not None
    assert (await process.stderr.readline()).startswith(b"Showing all calls")
    assert not recordings.exists()
    recordings.mkdir()
    call = begin(recordings)
    assert call.call.id.encode() in await process.stderr.readline()
    call.finish(EndReason.HANG_UP)
    process.send_signal(signal.SIGTERM)
    await process.wait()
    assert process.returncode == 128 + signal.SIGTERM


async def test_recordings_that_cannot_be_read_are_no_recordings_without_calls(recordings):
    recordings.symlink_to(recordings)
    code, out, err = await run_here("watch", "--plain", "--recordings", str(recordings))
    assert (code, out) == (1, "")
    assert f"{recordings} cannot be read: it is a symbolic link" in err


async def test_recordings_of_another_user_are_said_to_be_so(recordings, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    code, out, err = await run_here("calls", "--recordings", str(recordings))
    assert (code, out) == (1, "")
    assert "cannot be opened (permission denied); run this as its owner, or name another" in err


async def test_a_closed_stdout_ends_it_quietly(recordings):
    process = await start_streamer(["watch", "--json", "--recordings", str(recordings)])
    assert process.stdout is not None
    assert process.stderr is not None
    await process.stderr.readline()
    process.stdout._transport.close()  # type: ignore[attr-defined]
    recordings.mkdir()
    call = begin(recordings)
    try:
        await until(lambda: process.returncode is not None)
    finally:
        call.finish(EndReason.HANG_UP)
    assert process.returncode == 0


@pytest.mark.slow
async def test_words_of_another_process_are_told_as_that_tells_them(recordings, short_call):
    follower = await start_streamer(["watch", "--json", "--recordings", str(recordings)])
    assert follower.stderr is not None
    await follower.stderr.readline()
    told = []

    async def read():
        assert follower.stdout is not None
        async for line in follower.stdout:
            told.append(json.loads(line))  # noqa: PERF401 - they are looked at meanwhile

    reading = asyncio.ensure_future(read())
    async with demo_pbx(short_call) as pbx:
        code, out, err = await run_streamer(*arguments(pbx, recordings, "--json"))
    assert code == 0, err
    await until(lambda: any(event["event"] == "call_ended" for event in told))
    follower.send_signal(signal.SIGINT)
    assert await follower.wait() == 0
    await reading
    finals = [event for event in events_of(out) if event["event"] == "final"]
    assert finals
    assert sorted(
        (e for e in told if e["event"] == "final"), key=lambda e: (e["leg"], e["utterance"])
    ) == sorted(finals, key=lambda e: (e["leg"], e["utterance"]))
