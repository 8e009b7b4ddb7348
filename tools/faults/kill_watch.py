"""One `kill -9` in a call that is watched: of the screen, the backend without a screen, the engine or the tap."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tools.faults.kept import Kept, Sent, compare_audio, compare_words, find_call
from tools.faults.watched import BEGIN_S, Viewer, WatchedCall, playing, viewing
from tools.processes import (
    ENGINE,
    TAP,
    environment,
    find_children,
    find_working,
    recordings_of,
    resume_all,
    until,
)
from tools.terminal import open_terminal

SECONDS = 18.0


async def kill_in_watch(folder: Path, victim: str, at_s: float) -> Kept:
    """Kill it when so much has been said, let the call go on to its end, and see what is kept."""
    kept = Kept()
    async with playing(folder, SECONDS) as call, AsyncExitStack() as stack:
        watch = ["watch", *call.arguments, "--model", "demo"]
        victims: list[int] = []
        if victim == "screen":
            terminal = await stack.enter_async_context(
                open_terminal(*watch, env=environment(folder))
            )
            victims = [terminal.process.pid]
            await call.has_begun()
        viewer = await stack.enter_async_context(viewing(*watch, folder=folder))
        await call.has_begun()
        victims = victims or await find_victims(victim, viewer, folder)
        await call.has_spoken(at_s)
        sent_s = call.sent_s
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        await call.has_ended()
        await viewer.process.wait()
    _compare_tap(folder, call, sent_s if victim == "tap" else None, kept)
    kept.losses += [f"the call was harmed: {report}" for report in call.pbx.reports]
    await _compare_text(folder, call, viewer.of_kind("final"), kept)
    return kept


async def find_victims(victim: str, viewer: Viewer, folder: Path) -> list[int]:
    """Return the processes of the call that a name means, once they are there."""
    if victim == "backend":
        return [viewer.process.pid]

    def look() -> list[int]:
        if victim == "tap":
            return [tap.pid for tap in find_working(TAP, recordings_of(folder))]
        return [engine.pid for engine in find_children(viewer.process, ENGINE)]

    await until(lambda: bool(look()), BEGIN_S)
    return await asyncio.to_thread(look)


def _legs(call: WatchedCall, until_s: float | None) -> Sequence[Sent]:
    return [Sent(number, track, until_s) for number, track in enumerate(call.tracks)]


def _compare_tap(folder: Path, call: WatchedCall, until_s: float | None, kept: Kept) -> None:
    compare_audio(folder, find_call(folder), _legs(call, until_s), kept)


async def _compare_text(
    folder: Path, call: WatchedCall, finals: Sequence[dict[str, Any]], kept: Kept
) -> None:
    if code := await resume_all(folder):
        kept.losses.append(f"`resume --all` ended with {code}")
    sent = [(call.call_folder.call_id, _legs(call, None))]
    await compare_words(folder, sent, finals, kept)
