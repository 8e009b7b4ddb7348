"""A tap in a process of its own, which outlives whoever started it.

It gets its plan on stdin, secrets included, so that none stands in a process list; it says on stdout where it records and what goes
wrong, a JSON object a line, as long as somebody listens; it logs to `tap.log` in the call's folder.

    {"folder": PATH}   once, when the folder exists     {"taken": PATH}   another tap records the channel already
    {"attached": LEG}  the PBX has accepted a leg        {"exit_code": N}  once, at the end
    {"message": TEXT}  something the user should read
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Any

from streamer.audio import Leg
from streamer.bus import Bus, Subscription
from streamer.config import Settings
from streamer.errors import ExitCode, StreamerError
from streamer.events import EndReason, LegAttached, LegEnded, Trouble
from streamer.recorder import ChannelTakenError, plan_tap, record_call
from streamer.recording import Recording
from streamer.tap import Stop

_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_log = logging.getLogger(__name__)


class TapProcess:
    """A tap that was started; it lives on when this object and this process are gone."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def terminate(self) -> None:
        """End the recording, if it has begun at all."""
        self._process.terminate()

    async def lines(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what the tap says, until it ends."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), self._process.stdout
        )
        try:
            async for line in reader:
                with contextlib.suppress(ValueError):
                    yield json.loads(line)
            await asyncio.to_thread(self._process.wait)
        finally:
            transport.close()


def start_tap(settings: Settings, legs: Sequence[Leg]) -> TapProcess:
    """Start a tap that records `legs` as one call, detached from this process and its terminal."""
    # Not asyncio's subprocess: its transport kills the child when it is closed.
    process = subprocess.Popen(
        [sys.executable, "-m", "streamer.tap_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdin is not None
    plan = {"settings": asdict(settings), "legs": [asdict(leg) for leg in legs]}
    process.stdin.write(json.dumps(plan).encode())
    process.stdin.close()
    return TapProcess(process)


class _Teller:
    """Says lines to whoever started us, and falls silent when nobody listens."""

    def __init__(self) -> None:
        os.set_blocking(1, False)

    def say(self, **fields: object) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more, or not now
            os.write(1, json.dumps(fields).encode() + b"\n")


async def _record(plan: dict[str, Any], teller: _Teller) -> int:
    settings = Settings(**plan["settings"])
    legs = tuple(Leg(**leg) for leg in plan["legs"])
    bus, stop = Bus(), Stop()
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGTERM, stop.request, EndReason.INTERRUPTED
    )
    with bus.subscribe() as events:
        telling = asyncio.ensure_future(_tell(events, teller))
        try:
            result = await record_call(
                plan_tap(settings, legs),
                bus,
                stop,
                on_recording=lambda recording: _begin(recording, teller),
            )
            return result.exit_code
        finally:
            bus.close()
            await telling


async def _tell(events: Subscription, teller: _Teller) -> None:
    async for event in events:
        match event:
            case LegAttached(_, leg):
                teller.say(attached=leg)
            case LegEnded(_, leg, _, message) if message:
                _log.warning("%s: %s", leg, message)
                teller.say(message=f"{leg}: {message}")
            case Trouble(_, message):
                _log.warning("%s", message)
                teller.say(message=message)
            case _:
                pass


def _begin(recording: Recording, teller: _Teller) -> None:
    descriptor = os.open(
        recording.folder / "tap.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
    )
    logging.basicConfig(
        stream=os.fdopen(descriptor, "a"), format=_LINE, level=logging.INFO, force=True
    )
    teller.say(folder=str(recording.folder))


def main() -> int:
    """Record what stdin says, and return the exit code."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTSTP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    logging.getLogger("websockets").setLevel(logging.WARNING)
    teller = _Teller()
    code = int(ExitCode.FAILED)
    try:
        code = asyncio.run(_record(json.load(sys.stdin), teller))
    except ChannelTakenError as taken:
        teller.say(taken=str(taken.folder))
        code = ExitCode.DONE
    except StreamerError as error:
        teller.say(message=str(error))
        code = error.exit_code
    except Exception as error:
        _log.exception("the tap has failed")
        teller.say(message=f"the recorder has failed: {error!r}")
        raise
    finally:
        teller.say(exit_code=int(code))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
