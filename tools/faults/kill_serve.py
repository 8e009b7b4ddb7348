"""One `kill -9` while `serve` has calls: of its listener, of itself or of its engine."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import psutil

from streamer.core.audio import SLIN16_RATE
from streamer.recording.folder import CallFolder
from streamer.simulator.audiosocket import Caller, CallResult, run_callers
from streamer.simulator.caller import script_caller
from streamer.simulator.judge import Ending
from tools.faults.kept import Kept, Sent, compare_audio, compare_words, find_call
from tools.faults.kill_watch import SECONDS
from tools.faults.watched import BEGIN_S, END_S, Viewer, viewing
from tools.played import LABELS, play_tracks
from tools.processes import (
    ENGINE,
    LISTENER,
    find_children,
    find_working,
    recordings_of,
    resume_all,
    until,
)


async def kill_in_serve(folder: Path, victim: str, at_s: float) -> Kept:
    """Kill it when so much has been said, let the calls go on as far as they can, and see what is kept."""
    kept, tracks = Kept(), play_tracks(SECONDS)
    flags = ["--audiosocket", "127.0.0.1:0", "--accept-unknown", "--model", "demo"]
    try:
        async with viewing("serve", *flags, folder=folder) as viewer:
            await until(lambda: bool(viewer.of_kind("listening")), BEGIN_S)
            calls = _Calls(tracks, viewer)
            await calls.have_spoken(at_s)
            victims = await _find(victim, viewer, folder)
            calls.note_what_was_sent()
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            results = await calls.end()
            await until(lambda: not _are_live(folder), END_S)
            if victim != "backend":
                await until(lambda: len(viewer.of_kind("call_ended")) == len(tracks), END_S)
    finally:
        await _end_listeners(folder)
    expected = Ending.TERMINATED if victim == "listener" else Ending.HUNG_UP
    late_s = max(result.lateness_s for result in results)
    kept.losses += [
        f"a call ended otherwise: {r.ending.name}" for r in results if r.ending is not expected
    ]
    await _compare(folder, calls, viewer, kept, is_whole=victim != "listener")
    if kept.losses and late_s > LATE_S:
        kept.losses.append(f"the stand-in PBX itself was up to {late_s:.2f} s late meanwhile")
    return kept


LATE_S = 0.1
"""A stand-in that is later than that makes holes, in whose place there is silence."""


class _Calls:
    """A call for each track, all at once."""

    def __init__(self, tracks: Sequence[bytes], viewer: Viewer) -> None:
        self.uuids = [uuid4() for _ in tracks]
        self.tracks = tracks
        self.sent_s: dict[UUID, float] = {}
        self._began: dict[UUID, float] = {}
        address = viewer.of_kind("listening")[-1]["address"]
        callers = [
            Caller(script_caller(track, rate=SLIN16_RATE, name=label), uuid)
            for track, label, uuid in zip(tracks, LABELS, self.uuids, strict=True)
        ]
        self._calling = asyncio.ensure_future(
            run_callers(
                callers,
                host="127.0.0.1",
                port=int(address.rpartition(":")[2]),
                on_connected=self._note_begin,
            )
        )

    def _note_begin(self, caller: Caller) -> None:
        self._began[caller.uuid] = time.monotonic()

    async def have_spoken(self, seconds: float) -> None:
        """Wait until so much of each has been sent."""
        await until(lambda: len(self._began) == len(self.tracks), BEGIN_S)
        await asyncio.sleep(seconds)

    def note_what_was_sent(self) -> None:
        """Take note of how long each has spoken."""
        now = time.monotonic()
        self.sent_s = {uuid: now - began for uuid, began in self._began.items()}

    async def end(self) -> list[CallResult]:
        """Wait for their ends."""
        return await self._calling


async def _find(victim: str, viewer: Viewer, folder: Path) -> list[int]:
    if victim == "backend":
        return [viewer.process.pid]
    recordings = recordings_of(folder)
    if victim == "listener":
        found = await asyncio.to_thread(find_working, LISTENER, recordings)
    else:
        await until(lambda: bool(find_children(viewer.process, ENGINE)), BEGIN_S)
        found = await asyncio.to_thread(find_children, viewer.process, ENGINE)
    return [process.pid for process in found]


def _are_live(folder: Path) -> bool:
    calls = recordings_of(folder).glob("*/call.json")
    return any(CallFolder(path.parent).is_live() for path in calls)


async def _end_listeners(folder: Path) -> None:
    """End what a `serve` that was killed has left listening."""
    for listener in find_working(LISTENER, recordings_of(folder)):
        with suppress(psutil.Error):
            listener.terminate()
    await until(lambda: not find_working(LISTENER, recordings_of(folder)), END_S)


async def _compare(
    folder: Path, calls: _Calls, viewer: Viewer, kept: Kept, *, is_whole: bool
) -> None:
    sent = []
    for number, (uuid, track) in enumerate(zip(calls.uuids, calls.tracks, strict=True)):
        call = find_call(folder, uuid=str(uuid))
        until_s = None if is_whole else calls.sent_s[uuid]
        sent.append((call["call"], [Sent(number, track, until_s)]))
        compare_audio(folder, call, sent[-1][1], kept)
    if code := await resume_all(folder):
        kept.losses.append(f"`resume --all` ended with {code}")
    await compare_words(folder, sent, viewer.of_kind("final"), kept)
