"""The listener itself, in this process."""

import asyncio
import errno
import json
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from streamer.bus import Bus
from streamer.core.events import CallStarted
from streamer.errors import RecordingError
from streamer.recording.writer import create_recording
from streamer.sources.inbound import Admitted
from streamer.tap import inbound as listener
from streamer.tap.inbound import ListenAddress, Listener, ListenPlan
from streamer.wire.audiosocket import Terminated
from tests.fakes.replay import PATIENCE_S, until
from tests.fakes.serving import call, close_callers

SECOND = b"\x00\x10\x00\xf0" * 4000


@asynccontextmanager
async def listening(recordings, runtime_dir, **options) -> AsyncIterator[tuple[Listener, int, Bus]]:
    """Listen on any port; calls that are live at the end are left."""
    plan = ListenPlan(
        (ListenAddress("audiosocket", "127.0.0.1", 0),),
        recordings,
        admit=lambda uuid: Admitted("caller", str(uuid)),
        new_playback=lambda: None,
        fills_silence=True,
        format=None,
        most_calls=10,
        grace_s=options.get("grace_s"),
        keeper_patience_s=10,
        runtime_dir=runtime_dir,
    )
    bus, address = Bus(), asyncio.get_running_loop().create_future()
    one = Listener(plan, bus, clock=time.monotonic)
    running = asyncio.ensure_future(one.run(lambda _, where: address.set_result(where)))
    try:
        yield one, int((await address).rpartition(":")[2]), bus
        one.stopping.set()
        async with asyncio.timeout(PATIENCE_S):
            await running
    finally:
        running.cancel()
        await close_callers()


async def test_a_call_that_cannot_be_recorded_goes_on_until_the_grace_is_over(
    recordings, runtime_dir, monkeypatch
):
    def fail(*_, **__):
        raise RecordingError("no space")

    monkeypatch.setattr(listener, "create_recording", fail)
    async with listening(recordings, runtime_dir, grace_s=0.0) as (one, port, bus):
        with bus.subscribe() as events:
            caller = await call(port)
            caller.identify()
            caller.speak(SECOND)
            async for event in events:
                assert "cannot be recorded, but continues" in str(event)
                break
        assert not any(isinstance(message, Terminated) for message in caller.messages)
        one.stopping.set()
        await until(lambda: isinstance(caller.messages[-1], Terminated))


async def test_a_disk_that_cannot_be_asked_for_the_stop_file_ends_no_call(
    recordings, runtime_dir, monkeypatch
):
    asked = []
    exists = Path.exists

    def ask(path):
        if path.name == "stop":
            asked.append(path)
            raise OSError(errno.EIO, "Input/output error")
        return exists(path)

    monkeypatch.setattr(Path, "exists", ask)
    async with listening(recordings, runtime_dir) as (_, port, bus):
        with bus.subscribe() as events:
            caller = await call(port)
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
    async with listening(recordings, runtime_dir) as (_, port, _bus):
        caller = await call(port)
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
    monkeypatch.setattr(listener, "KEEPER_REST_S", 0.01)
    runtime_dir.chmod(0o755)  # a folder that no keeper trusts
    async with listening(recordings, runtime_dir) as (one, port, bus):
        caller = await call(port)
        caller.identify()
        caller.speak(SECOND)
        await until(lambda: len(caller.messages) > 3)
        assert not one._has_keeper.is_set()
        runtime_dir.chmod(0o700)
        await until(lambda: one._keeper and one._keeper.answered)
        caller.hang_up()
