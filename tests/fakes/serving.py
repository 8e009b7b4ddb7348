"""A real `streamer serve` process, and callers that the test drives by hand."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import struct
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psutil

from streamer.media.wav import HEADER_SIZE
from streamer.simulator.audiosocket import Caller, run_callers
from streamer.simulator.caller import script_caller
from streamer.simulator.judge import Ending
from streamer.wire.audiosocket import Message, Parser, encode_audio, encode_identifier
from tests.fakes.recorder import start_streamer
from tests.fakes.replay import until


@dataclass
class Heard:
    """Calls that come in, and what is said of them."""

    recordings: Path
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def troubles(self) -> str:
        return "\n".join(event["message"] for event in self.of_kind("trouble"))

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    def calls(self) -> list[dict[str, Any]]:
        """What `call.json` says of each call, in order."""
        return [
            json.loads(path.read_text()) for path in sorted(self.recordings.glob("*/call.json"))
        ]

    def pcm(self, call: dict[str, Any]) -> bytes:
        return self.wav(call).read_bytes()[HEADER_SIZE:]

    def wav(self, call: dict[str, Any]) -> Path:
        return self.recordings / str(call["call"]) / str(call["legs"][0]["path"])

    async def ended(self, count: int = 1) -> None:
        await until(lambda: len(self.of_kind("call_ended")) >= count)


@dataclass
class Served(Heard):
    """A serve whose events are kept as they come."""

    process: asyncio.subprocess.Process = field(kw_only=True)

    @property
    def port(self) -> int:
        here = [e["address"] for e in self.of_kind("listening") if e["source"] == "audiosocket"]
        return int(here[-1].rpartition(":")[2])

    def listener(self) -> psutil.Process:
        """The process that holds the sockets."""
        (listener,) = find_listeners(self.recordings)
        return listener

    async def read(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            self.events.append(json.loads(line))


def find_listeners(recordings: Path) -> list[psutil.Process]:
    """Return the processes that listen for calls into a folder, by the lock that they hold open."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if "streamer.tap.inbound_process" in (process.info["cmdline"] or []):
            try:
                is_ours = any(
                    Path(file.path).is_relative_to(recordings) for file in process.open_files()
                )
            except psutil.Error:
                continue
            if is_ours:
                found.append(process)
    return found


@asynccontextmanager
async def serving(
    recordings: Path, *flags: str, accepts: bool = True, **options
) -> AsyncIterator[Served]:
    """Start to serve on any port, without a model unless `flags` name one, and wait until calls may come."""
    arguments = ["serve", "--audiosocket", "127.0.0.1:0", "--json"]
    arguments += ["--recordings", str(recordings), *flags]
    arguments += ["--accept-unknown"] if accepts else []
    process = await start_streamer(arguments, stderr=asyncio.subprocess.PIPE, **options)
    served = Served(recordings, process=process)
    reading = asyncio.ensure_future(served.read())
    try:
        await until(
            lambda: (
                any(e["source"] == "audiosocket" for e in served.of_kind("listening"))
                or process.returncode is not None
            )
        )
        yield served
    finally:
        await close_callers()
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGTERM)
            await process.wait()
        for listener in find_listeners(recordings):
            listener.kill()
        await reading
        if process.stderr:
            await process.stderr.read()


class HandCaller(asyncio.Protocol):
    """A connection on which the test says every byte; what comes back is kept."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.has_ended = False
        self.was_reset = False
        self.is_closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.has_ended = self.is_closed = True
        self.was_reset = exc is not None

    def eof_received(self) -> bool:
        self.has_ended = True
        return True

    @property
    def messages(self) -> list[Message]:
        return list(Parser().feed(bytes(self.received)))

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    def identify(self, uuid: UUID | None = None) -> UUID:
        uuid = uuid or uuid4()
        self.send(encode_identifier(uuid))
        return uuid

    def speak(self, pcm: bytes, rate: int = 8000) -> None:
        """Send audio in frames of 20 ms, all at once."""
        size = rate // 50 * 2
        for start in range(0, len(pcm), size):
            self.send(encode_audio(pcm[start : start + size], rate))

    def hang_up(self) -> None:
        """Say that nothing more comes; to close at once, with our answer unread, would drop what is on its way."""
        self.transport.write_eof()

    def reset(self) -> None:
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


_callers: list[HandCaller] = []


async def call(port: int) -> HandCaller:
    """Connect to a server; whoever opened the server closes the connection."""
    _, caller = await asyncio.get_running_loop().create_connection(HandCaller, "127.0.0.1", port)
    _callers.append(caller)
    return caller


async def close_callers() -> None:
    """Close what `call` has opened."""
    for caller in _callers:
        caller.transport.abort()
    await until(lambda: all(caller.is_closed for caller in _callers))
    _callers.clear()


async def play(served: Any, *scripts: Any, **options: Any) -> list[Any]:
    """Make a call of the stand-in PBX for each script, and wait for their ends."""
    callers = [Caller(script, uuid4(), **options) for script in scripts]
    return await run_callers(callers, host="127.0.0.1", port=served.port)


async def check_what_is_sent_is_recorded(served: Any, rate: int) -> None:
    """Send every byte there is at a rate, and compare the WAV with it."""
    pcm = bytes(range(256)) * (rate // 128)
    (result,) = await play(served, script_caller(pcm, rate=rate, name="a"))
    await served.ended()
    (recorded,) = served.calls()
    assert served.pcm(recorded) == pcm
    with wave.open(str(served.wav(recorded))) as wav:
        assert wav.getframerate() == rate
    assert served.of_kind("call_started")[0]["legs"][0]["rate"] == rate
    assert result.ending is Ending.HUNG_UP
    assert result.odd_rates == []
    assert result.returned.is_silent
