"""The AudioSocket server that everybody writes first: asyncio streams, a task a direction, a sleep between frames.

`python -m tools.bench.hello_audiosocket FOLDER`; prints its port.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import wave
from pathlib import Path

from tools.bench.machine import show

SILENCE = b"\x10\x01\x40" + bytes(320)


async def _send_silence(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(SILENCE)
        await writer.drain()
        await asyncio.sleep(0.02)


async def _serve(folder: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    sending: asyncio.Task[None] | None = None
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        header = await reader.readexactly(3)
        name = (await reader.readexactly(int.from_bytes(header[1:], "big"))).hex()
        sending = asyncio.create_task(_send_silence(writer))
        with wave.open(str(folder / f"{name}.wav"), "wb") as wav:
            wav.setparams((1, 2, 8000, 0, "NONE", ""))
            while True:
                header = await reader.readexactly(3)
                wav.writeframes(await reader.readexactly(int.from_bytes(header[1:], "big")))
    if sending:
        sending.cancel()
    writer.close()


async def _listen(folder: Path) -> None:
    server = await asyncio.start_server(
        lambda reader, writer: _serve(folder, reader, writer), "127.0.0.1", 0, backlog=1024
    )
    show(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_listen(Path(sys.argv[1])))
