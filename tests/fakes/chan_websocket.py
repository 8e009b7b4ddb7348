"""A channel of chan_websocket as Asterisk was measured, driven by a test over the client of `websockets`; and the listener it calls."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from streamer.bus import Bus
from streamer.sources import INBOUND
from streamer.sources.forwarded import read_proxies
from streamer.sources.inbound import WebOptions
from streamer.sources.playout import Playback
from streamer.sources.registration.hosts import own_names
from streamer.sources.registration.http import RequestServer
from streamer.tap.admitting import Admission
from streamer.tap.inbound import Listener
from streamer.tap.listen_plan import ListenAddress, ListenPlan
from tests.fakes.listening import Listening
from tests.fakes.replay import PATIENCE_S, until
from tests.fakes.serving import close_callers

FRAME_BYTES = {"slin": 320, "slin16": 640, "slin48": 1920, "ulaw": 160, "alaw": 160, "g722": 160}


class Channel:
    """One channel: what it hears is in `heard`, what it is told in `commands`."""

    def __init__(self, ws: ClientConnection, *, format: str = "slin16", as_json: bool = False):
        self.ws = ws
        self.format = format
        self.as_json = as_json
        self.heard = bytearray()
        self.frames: list[int] = []
        self.commands: list[str] = []
        self._reading = asyncio.ensure_future(self._read())

    async def tell(self, event: str, **fields: Any) -> None:
        """Send an event, in the spelling that the channel was dialled with."""
        if self.as_json:
            await self.ws.send(json.dumps({"event": event, **fields}))
        else:
            await self.ws.send(" ".join([event, *(f"{k}:{v}" for k, v in fields.items())]))

    async def start(self, **fields: Any) -> None:
        """Send MEDIA_START, as the first thing that Asterisk sends."""
        usual = {
            "connection_id": "conn1",
            "channel": "WebSocket/conn1/0x7f00",
            "channel_id": "1795172942.127",
            "format": self.format,
            "optimal_frame_size": FRAME_BYTES[self.format],
            "ptime": 20,
        }
        await self.tell("MEDIA_START", **(usual | fields))

    async def speak(self, payload: bytes) -> None:
        """Send audio in frames, all at once."""
        size = FRAME_BYTES[self.format]
        for start in range(0, len(payload), size):
            await self.ws.send(payload[start : start + size])

    async def hang_up(self) -> None:
        await self.ws.close(1000)

    async def closed(self) -> tuple[int | None, str]:
        """Wait for the end, and return how the server said it."""
        await self.ws.wait_closed()
        return self.ws.close_code, self.ws.close_reason or ""

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for message in self.ws:
                if isinstance(message, bytes):
                    self.heard += message
                    self.frames.append(len(message))
                else:
                    await self._obey(message)

    async def _obey(self, message: str) -> None:
        name, _, mark = message.partition(" ")
        if self.as_json:
            fields = json.loads(message)
            name, mark = fields["command"], fields.get("correlation_id", "")
        self.commands.append(f"{name} {mark}".strip())
        if name == "HANGUP":
            await self.ws.close(1000)
        elif name == "MARK_MEDIA":
            await self.ws.send(f"MEDIA_MARK_PROCESSED {mark}")


async def dial(
    port: int,
    path: str = "/media",
    *,
    format: str = "slin16",
    as_json: bool = False,
    **options: Any,
) -> Channel:
    """Connect as Asterisk does, without an announcement yet."""
    options = {"subprotocols": ["media"], "user_agent_header": None} | options
    scheme = "wss" if "ssl" in options else "ws"
    ws = await connect(
        f"{scheme}://127.0.0.1:{port}{path}",
        compression=None,
        ping_interval=None,
        proxy=None,
        **options,
    )
    return Channel(ws, format=format, as_json=as_json)


@asynccontextmanager
async def listening_web(
    recordings: Path,
    runtime_dir: Path,
    *,
    accepts: bool = True,
    playback: type[Playback] | Any = None,
    most_calls: int = 10,
    auth: tuple[str, ...] = (),
    tls: ssl.SSLContext | None = None,
    proxies: str = "",
    public_url: str = "",
) -> AsyncIterator[tuple[Listening, Admission]]:
    """Listen for WebSockets on any port, in this process."""
    admission = Admission(accepts_unknown=accepts)
    requests = RequestServer(
        admission.registry, key=None, names=own_names([]), proxies=read_proxies(proxies)
    )
    plan = ListenPlan(
        (
            ListenAddress(
                *("websocket", "127.0.0.1", 0),
                auth=auth,
                has_tls=tls is not None,
                public_url=public_url,
            ),
        ),
        recordings,
        admit=admission.admit,
        admit_name=admission.admit_name,
        new_playback=playback or (lambda: None),
        fills_silence=True,
        format=None,
        most_calls=most_calls,
        grace_s=None,
        keeper_patience_s=PATIENCE_S,
        runtime_dir=runtime_dir,
        is_expected=admission.registry.expects,
        statuses=admission.registry.statuses,
        web=WebOptions(
            open_requests=lambda named, host, port: requests,
            tls=tls,
            proxies=read_proxies(proxies),
        ),
    )
    bus, address = Bus(), asyncio.get_running_loop().create_future()
    listener = Listener(plan, bus, clock=time.monotonic, inbound=INBOUND)
    one = Listening(recordings, listener=listener, bus=bus)
    running = asyncio.ensure_future(listener.run(lambda _, where: address.set_result(where)))
    with bus.subscribe(capacity=100_000) as events:
        reading = asyncio.ensure_future(one.read(events))
        try:
            await until(lambda: address.done() or running.done())
            one.port = int(address.result().rpartition(":")[2])
            yield one, admission
            one.listener.stopping.set()
            async with asyncio.timeout(PATIENCE_S):
                await running
        finally:
            running.cancel()
            await close_callers()
            await asyncio.gather(running, return_exceptions=True)
            bus.close()
            await reading
