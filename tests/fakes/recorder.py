"""A real `streamer record` process beside a stand-in PBX that the test drives by hand."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from streamer.simulator.script import ChannelScript, EndKind, script_pcm
from streamer.simulator.stream_channel import StreamChannelSimulator, open_simulator
from tests.fakes import warm
from tests.fakes.replay import PATIENCE_S, VirtualClock, until

SECOND = b"\x00\x10\x00\xf0" * 8000
"""One second of a loud tone in slin16."""

LONG_CALL_S = 60
"""Long enough to fill every buffer between the PBX and a client that does not read."""

LATE_S = 20.0
"""When a tap that does not react is taken for dead: never because others keep the machine busy."""

STOPPED_S = 3.0
"""The same where a test stops it."""

LOOKS_OFTEN_S = 5.0
"""The same where the keeper dies, which a tap notices the sooner the shorter this is."""


@dataclass
class LiveCall:
    """A call whose frames are sent when the test says so."""

    simulator: StreamChannelSimulator
    clock: VirtualClock
    process: asyncio.subprocess.Process
    recordings: Path

    def send_until(self, seconds: float) -> None:
        """Let the call's first `seconds` be spoken; what was spoken before must have been read by now."""
        self.simulator.advance(self.clock.now)
        self.clock.now = 1000.0 + seconds
        self.simulator.advance(self.clock.now)

    async def everything_is_read(self) -> None:
        await until(lambda: self.simulator.unread_bytes == 0)

    async def frames_are_recorded(self, seconds: float) -> Path:
        await until(lambda: any(wav.stat().st_size >= 44 + seconds * 32_000 for wav in self.wavs()))
        return self.wavs()[0]

    def wavs(self) -> list[Path]:
        return sorted(self.recordings.glob("*/*.wav"))

    async def hang_up(self) -> None:
        """Speak to the end and wait until every socket is closed."""
        self.send_until(LONG_CALL_S + 1)
        await until(lambda: self.simulator.connections == 0)

    async def ends(self) -> tuple[int, str, str]:
        async with asyncio.timeout(PATIENCE_S):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode(), err.decode()


def environment(runtime_dir: Path, *, patience_s: float = LATE_S) -> dict[str, str]:
    return {
        **os.environ,
        "STREAMER_RUNTIME_DIR": str(runtime_dir),
        "STREAMER_KEEPER_PATIENCE": str(patience_s),
    }


async def start_streamer(
    arguments: Sequence[str], *, is_fresh: bool = False, **options
) -> asyncio.subprocess.Process:
    """Start `python -m streamer`, by a fork where that is the same, unless it is to be a fresh interpreter."""
    pipe = asyncio.subprocess.PIPE
    options = {"stdin": asyncio.subprocess.DEVNULL, "stdout": pipe, "stderr": pipe, **options}
    if not is_fresh and warm.is_apt(options):
        return await warm.start_warm(arguments, **options)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streamer", *arguments, **options
    )


async def run_streamer(*arguments: str, **options) -> tuple[int, str, str]:
    process = await start_streamer(arguments, **options)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def long_script(name: str = "PJSIP/100-0000001a;1", **options) -> ChannelScript:
    return script_pcm(SECOND * LONG_CALL_S, name=name, unique_id=f"id-{name}", **options)


@asynccontextmanager
async def recording_call(
    recordings: Path,
    *arguments: str,
    end: EndKind = EndKind.HANG_UP,
    answers: bool = True,
    **options,
) -> AsyncIterator[LiveCall]:
    """Start `streamer record` on a long call and wait until it is attached."""
    clock = VirtualClock()
    simulator = StreamChannelSimulator(
        [[long_script(end=end)]], clock=clock, send_buffer=65536, answers=answers
    )
    async with open_simulator(simulator, is_paced=False):
        url = f"ws://127.0.0.1:{simulator.port}/ws"
        flags = ["--url", url, "--recordings", str(recordings), *arguments]
        process = await start_streamer(["record", "PJSIP/100-0000001a;1", *flags], **options)
        try:
            await until(lambda: simulator.attachments == 1 or process.returncode is not None)
            simulator.advance(clock.now)
            yield LiveCall(simulator, clock, process, recordings)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            await process.communicate()
            simulator.hang_up()
            await until(lambda: simulator.connections == 0)
