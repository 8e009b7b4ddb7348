"""Idle connections without a token to the port of `watch --web`, more than it may open files.

Beside them two healthy calls, one that has begun before and one that begins meanwhile, each opened in a tab, so that it is transcribed.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from streamer.config import Settings
from tools.attack.sockets import crowd_in
from tools.attack.target import ATTACK_S, BEGIN_S, HEAD_START_S, Judgement, describe, limit_files
from tools.bench.gold import load_gold
from tools.played import LABELS, play_tracks, write_call
from tools.processes import end, recordings_of, start_streamer, until
from tools.recorded import count_words, is_transcribed, read_calls, read_pcm, read_segments

CALLS = ("early", "late")
SECONDS = 28.0
"""How long each call is; its last words may be cut."""

LATE_S = 8.0
"""When the second call begins, after the attack."""

MOST_FILES = 96
MOST_GAP_S = 5.0
LEAST_WORDS = 0.9
_END_S = 30.0


@dataclass
class _Scene:
    """What is attacked, and who is healthy beside it."""

    folder: Path
    url: str
    link: str

    async def record(self, call: str) -> asyncio.subprocess.Process:
        """Begin a call."""
        legs = [f"{label}=Simulated/{call};{n}" for n, label in enumerate(LABELS, start=1)]
        return await start_streamer("record", *legs, "--url", self.url, folder=self.folder)

    async def open_tab(self, seconds: float) -> asyncio.subprocess.Process:
        """Open a tab for so long."""
        tab = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tools.attack.tab", str(seconds)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert tab.stdin is not None
        tab.stdin.write(self.link.encode() + b"\n")
        return tab


async def judge() -> Judgement:
    """Attack a `watch --web` of its own, and say what healthy calls and tabs lost."""
    done: dict[str, int] = {"files that it may open": MOST_FILES}
    with tempfile.TemporaryDirectory(prefix="st-") as name:
        async with _setting_up(Path(name)) as scene:
            recorders = [await scene.record(CALLS[0])]
            await until(lambda: len(read_calls(recordings_of(scene.folder))) == 1, BEGIN_S)
            tabs = [await scene.open_tab(HEAD_START_S + ATTACK_S)]
            await asyncio.sleep(HEAD_START_S)
            attacking = asyncio.ensure_future(crowd_in(urlsplit(scene.link).port or 0, done))
            await asyncio.sleep(LATE_S)
            recorders.append(await scene.record(CALLS[1]))
            await until(lambda: len(read_calls(recordings_of(scene.folder))) == 2, BEGIN_S)
            tabs.append(await scene.open_tab(ATTACK_S - LATE_S))
            seen = [json.loads((await tab.communicate())[0]) for tab in tabs]
            attacking.cancel()
            await asyncio.wait([attacking])
            await asyncio.gather(*(recorder.communicate() for recorder in recorders))
            losses = [*_find_lost_tabs(seen), *await _find_lost_calls(scene.folder)]
    heard = f"{max(tab['gap_s'] for tab in seen):.2f} s without news in a tab"
    whole = sum(tab["is_whole"] for tab in seen)
    return Judgement(describe(done), f"2 calls, {whole} of 2 tabs", heard, losses)


@asynccontextmanager
async def _setting_up(folder: Path) -> AsyncIterator[_Scene]:
    files = [folder / f"{call}.wav" for call in CALLS]
    for file in files:
        write_call(file, SECONDS)
    async with AsyncExitStack() as stack:
        pbx = await start_streamer(
            *("simulate", *map(str, files), "--port", "0"),
            folder=folder,
            stderr=asyncio.subprocess.PIPE,
        )
        stack.push_async_callback(end, pbx)
        assert pbx.stderr is not None
        (url,) = re.findall(r"ws://\S+/ws", (await pbx.stderr.readline()).decode())
        web = await start_streamer(
            *("watch", "--web", "--port", "0", "--model", "demo"),
            folder=folder,
            preexec_fn=lambda: limit_files(MOST_FILES),
        )
        stack.push_async_callback(end, web)
        assert web.stdout is not None
        link = (await web.stdout.readline()).decode().strip()
        yield _Scene(folder, url, link)


def _find_lost_tabs(seen: list[dict[str, Any]]) -> list[str]:
    losses = []
    for call, tab in zip(CALLS, seen, strict=True):
        if not tab["has_call"]:
            losses.append(f"the tab of the {call} call could not be opened")
        elif not tab["is_whole"] or tab["gap_s"] > MOST_GAP_S:
            losses.append(f"the tab of the {call} call stood still for {tab['gap_s']:.1f} s")
    return losses


async def _find_lost_calls(folder: Path) -> list[str]:
    recordings, losses = recordings_of(folder), []
    settings, gold, sent = Settings(recordings=str(recordings)), load_gold(), play_tracks(SECONDS)
    for call in read_calls(recordings):
        recorded = tuple(read_pcm(recordings, call, leg) for leg in call["legs"])
        if recorded != sent:
            losses.append(f"{call['call']} is not recorded as it was sent")
        if not await _gets_text(settings, call["call"]):
            losses.append(f"{call['call']} is not transcribed to its end")
        segments = await read_segments(settings, call["call"])
        for leg, said in zip(LABELS, gold.words, strict=True):
            heard = [segment for segment in segments if segment.leg == leg]
            right, count = count_words(said, heard, until_s=SECONDS - 1)
            if right < LEAST_WORDS * count:
                losses.append(f"{call['call']} has {right} of the {count} words of the {leg}")
    return losses


async def _gets_text(settings: Settings, call_id: str) -> bool:
    """Wait until all words of a call are kept; say whether they ever are."""
    try:
        async with asyncio.timeout(_END_S):
            while not await is_transcribed(settings, call_id):  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.2)
    except TimeoutError:
        return False
    return True
