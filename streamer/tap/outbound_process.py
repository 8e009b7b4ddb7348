"""A tap in a process of its own, which outlives whoever started it.

It says where it records and what goes wrong, and logs to `tap.log` in the call's folder.

    {"folder": PATH}   once, when the folder exists     {"taken": PATH}   another tap records the channel already
    {"attached": LEG}  the PBX has accepted a leg        {"exit_code": N}  once, at the end
    {"message": TEXT}  something the user should read
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from streamer.bus import Bus, Subscription
from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.core.events import EndReason, LegAttached, LegEnded, Trouble
from streamer.errors import ExitCode
from streamer.recording.writer import Recording
from streamer.tap.detached import DetachedProcess, Teller, log_to, run_told, start_detached
from streamer.tap.outbound import ChannelTakenError, plan_tap, record_call
from streamer.tap.tap import Stop

_log = logging.getLogger("streamer.tap.outbound_process")


def start_tap(settings: Settings, legs: Sequence[Leg]) -> DetachedProcess:
    """Start a tap that records `legs` as one call, detached from this process and its terminal."""
    plan = {"settings": asdict(settings), "legs": [asdict(leg) for leg in legs]}
    return start_detached("streamer.tap.outbound_process", plan)


async def _work(teller: Teller) -> int:
    try:
        return await _record(json.load(sys.stdin), teller)
    except ChannelTakenError as taken:
        teller.say(taken=str(taken.folder))
        return ExitCode.DONE


async def _record(plan: dict[str, Any], teller: Teller) -> int:
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


async def _tell(events: Subscription, teller: Teller) -> None:
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


def _begin(recording: Recording, teller: Teller) -> None:
    log_to(recording.folder / "tap.log")
    teller.say(folder=str(recording.folder))


def main() -> int:
    """Record what stdin says, and return the exit code."""
    logging.getLogger("websockets").setLevel(logging.WARNING)
    return run_told(_work, what="the recorder")


if __name__ == "__main__":
    sys.exit(main())
