"""`make demo-board`: ten calls come to `streamer serve` over AudioSocket, and the board shows them, with alerts on what is said.

Nothing is stored, no setting of the user is read, and after two minutes at most it ends by itself.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from streamer.cli.demo import demo_call

_CALLS = 10
_EVERY_S = 2.0
_LONGEST_S = 120.0
_PAUSE_S = 8.0
"""For so long the board stays after the last call."""

_STREAMER = (sys.executable, "-m", "streamer")

_RULES = """
[[alert]]
name = "outage"
said = ["is not working", "keeps dropping"]
severity = "warning"

[[alert]]
name = "technician"
said = ["technician"]
severity = "critical"

[[alert]]
name = "recording notice missing"
not_said = ["this call is recorded"]
within = 20
severity = "info"
"""


async def show(flags: list[str]) -> int:
    """Serve, register and make the calls; return 0 when all have been shown or the user has left."""
    port, registration = _find_port(), _find_port()
    with tempfile.TemporaryDirectory(prefix="streamer-demo-", ignore_cleanup_errors=True) as folder:
        environment = make_environment(folder)
        places = f"--audiosocket 127.0.0.1:{port} --register 127.0.0.1:{registration}"
        serve = ["serve", *places.split(), "--model", "demo", *flags]
        sys.stderr.write(f"$ streamer {' '.join(serve)}\n")
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
        serving = await asyncio.create_subprocess_exec(*_STREAMER, *serve, env=environment)
        calling = asyncio.create_task(_call(environment, port, registration))
        try:
            async with asyncio.timeout(_LONGEST_S):
                await asyncio.wait(
                    [calling, asyncio.create_task(serving.wait())],
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if serving.returncode is None:
                    await asyncio.sleep(_PAUSE_S)
        except TimeoutError:
            pass
        calling.cancel()
        await asyncio.wait([calling])
        await _end(serving)
    return 0


def make_environment(folder: str) -> dict[str, str]:
    """Return an environment in which nothing is set but the rules, and everything is kept in a folder that goes."""
    kept = {name: one for name, one in os.environ.items() if not name.startswith("STREAMER_")}
    config = Path(folder) / "streamer" / "config.toml"
    config.parent.mkdir()
    config.write_text(_RULES)
    config.chmod(0o600)
    own = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_STATE_HOME", "STREAMER_RUNTIME_DIR"), folder)
    return kept | own | {"STREAMER_RECORDINGS": f"{folder}/recordings"}


def _find_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def _call(environment: Mapping[str, str], port: int, registration: int) -> None:
    """Announce the calls as a dialplan does, and make them."""
    uuids: list[str] = []
    while len(uuids) < _CALLS:
        asked = {"from": f"+4930100{len(uuids):02}", "to": f"2{len(uuids):02}"}
        with suppress(OSError):  # it does not listen yet
            uuids.append(await asyncio.to_thread(_register, registration, asked))
            continue
        await asyncio.sleep(0.2)
    flags = [part for uuid in uuids for part in ("--uuid", uuid)]
    simulate = ["simulate", str(demo_call()), "--audiosocket", f"127.0.0.1:{port}", *flags]
    simulate += ["--calls", str(_CALLS), "--every", str(_EVERY_S), "--dtmf", "12:42#"]
    process = await asyncio.create_subprocess_exec(
        *_STREAMER, *simulate, env=dict(environment), stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        await process.wait()
    finally:
        await _end(process)


def _register(port: int, asked: Mapping[str, str]) -> str:
    with urlopen(f"http://127.0.0.1:{port}/register?{urlencode(asked)}", timeout=5) as answer:
        return str(answer.read().decode())


async def _end(process: Process) -> None:
    """Ask a process to end, and again if it waits for its calls."""
    for _ in range(3):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await process.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(show(sys.argv[1:])))
