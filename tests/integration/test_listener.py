"""The listener itself, in this process."""

import asyncio
import errno
import json
import os
import threading
from functools import partial

from streamer.core.events import CallStarted
from streamer.errors import RecordingError
from streamer.recording.writer import create_recording
from streamer.tap import inbound as listener, protection
from streamer.wire.audiosocket import Terminated
from tests.fakes.listening import listening
from tests.fakes.replay import PATIENCE_S, until
from tests.fakes.serving import call

SECOND = b"\x00\x10\x00\xf0" * 4000


async def test_a_call_that_cannot_be_recorded_goes_on_until_the_grace_is_over(
    recordings, runtime_dir, monkeypatch
):
    def fail(*_, **__):
        raise RecordingError("no space")

    monkeypatch.setattr(listener, "create_recording", fail)
    async with listening(recordings, runtime_dir, grace_s=0.0) as here:
        with here.bus.subscribe() as events:
            caller = await call(here.port)
            caller.identify()
            caller.speak(SECOND)
            async for event in events:
                assert "cannot be recorded, but continues" in str(event)
                break
        assert not any(isinstance(message, Terminated) for message in caller.messages)
        here.listener.stopping.set()
        await until(lambda: isinstance(caller.messages[-1], Terminated))


async def test_a_disk_that_cannot_be_asked_for_the_stop_file_ends_no_call(
    recordings, runtime_dir, monkeypatch
):
    asked = []

    def fail(ask, path, **options):
        if str(path).endswith("/stop"):
            asked.append(path)
            raise OSError(errno.EIO, "Input/output error")
        return ask(path, **options)

    for name in ("stat", "lstat"):
        monkeypatch.setattr(os, name, partial(fail, getattr(os, name)))
    async with listening(recordings, runtime_dir) as here:
        with here.bus.subscribe() as events:
            caller = await call(here.port)
            caller.identify()
            caller.speak(SECOND)
            async for event in events:
                if isinstance(event, CallStarted):
                    break
        await until(lambda: len(asked) > 1)
        caller.speak(SECOND)
        caller.hang_up()
    (path,) = recordings.glob("*/call.json")
    described = json.loads(path.read_text())
    assert (described["reason"], described["legs"][0]["bytes"]) == ("hang-up", 2 * len(SECOND))


async def test_a_folder_that_takes_its_time_keeps_no_other_call_waiting(
    recordings, runtime_dir, monkeypatch
):
    is_slow, may_go_on = threading.Event(), threading.Event()

    def create(*arguments, **options):
        is_slow.set()
        may_go_on.wait(30)
        return create_recording(*arguments, **options)

    monkeypatch.setattr(listener, "create_recording", create)
    async with listening(recordings, runtime_dir) as here:
        caller = await call(here.port)
        caller.identify()
        caller.speak(SECOND)
        await until(is_slow.is_set)
        heard = len(caller.received)
        await until(lambda: len(caller.received) > heard)
        caller.speak(SECOND)
        caller.hang_up()
        may_go_on.set()
    (path,) = recordings.glob("*/call.json")
    described = json.loads(path.read_text())
    assert (described["reason"], described["legs"][0]["bytes"]) == ("hang-up", 2 * len(SECOND))


async def test_a_call_that_comes_before_there_is_a_keeper_is_held_as_soon_as_there_is_one(
    recordings, runtime_dir, monkeypatch
):
    monkeypatch.setattr(protection, "REST_S", 0.01)
    runtime_dir.chmod(0o755)  # a folder that no keeper trusts
    async with listening(recordings, runtime_dir) as here:
        caller = await call(here.port)
        caller.identify()
        caller.speak(SECOND)
        await until(lambda: len(caller.messages) > 3)
        assert here.listener.protection.keeper is None
        runtime_dir.chmod(0o700)
        async with asyncio.timeout(PATIENCE_S):
            keeper = await here.listener.protection.wait()
        await until(lambda: keeper.answered)
        caller.hang_up()
