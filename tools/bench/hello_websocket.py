"""The server for chan_websocket that everybody writes first: `websockets`, a task a direction, a sleep between frames.

`python -m tools.bench.hello_websocket FOLDER`; prints its port.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import wave
from pathlib import Path
from uuid import uuid4

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tools.bench.machine import show

SILENCE = bytes(320)


async def _send_silence(connection: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await connection.send(SILENCE)
            await asyncio.sleep(0.02)


async def _take(folder: Path, connection: ServerConnection) -> None:
    sending = asyncio.create_task(_send_silence(connection))
    with wave.open(str(folder / f"{uuid4()}.wav"), "wb") as wav:
        wav.setparams((1, 2, 8000, 0, "NONE", ""))
        async for message in connection:
            if isinstance(message, bytes):
                wav.writeframes(message)
    sending.cancel()


async def _listen(folder: Path) -> None:
    async with serve(
        lambda connection: _take(folder, connection),
        "127.0.0.1",
        0,
        subprotocols=[Subprotocol("media")],
        backlog=1024,
    ) as server:
        (sock,) = server.sockets
        show(str(sock.getsockname()[1]))
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_listen(Path(sys.argv[1])))
