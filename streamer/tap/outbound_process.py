"""A tap in a process of its own, which outlives whoever started it.

It says where it records and what goes wrong (see `messages`), and logs to `tap.log` in the call's folder.
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
from streamer.core.events import EndReason, LegEnded, Trouble
from streamer.errors import ExitCode
from streamer.recording.folder import CallFolder
from streamer.recording.writer import Recording
from streamer.tap.detached import DetachedProcess, Starter, log_to, run_detached, start_detached
from streamer.tap.locking import ChannelTakenError
from streamer.tap.messages import ChannelTaken, LegRefused, RecordingBegun, Said
from streamer.tap.outbound import record_call
from streamer.tap.plan import AriPlan, CallPlan, TapPlan, plan_call, plan_tap
from streamer.tap.playbacks import SILENT, PlaybackPlan, read_playback_plan
from streamer.tap.tap import Stop
from streamer.wire.ari.wanted import WantedCall

_log = logging.getLogger("streamer.tap.outbound_process")


def start_tap(
    settings: Settings,
    legs: Sequence[Leg],
    playing: PlaybackPlan = SILENT,
    wanted: WantedCall | None = None,
    *,
    is_for_serve: bool = False,
) -> DetachedProcess:
    """Start a tap that records `legs` as one call, or makes the call that is wanted, detached from this process and its terminal.

    `is_for_serve` is as in `CallPlan`.
    """
    plan = {
        "settings": asdict(settings),
        "legs": [asdict(leg) for leg in legs],
        "playing": asdict(playing),
        "wanted": asdict(wanted) if wanted else None,
        "is_for_serve": is_for_serve,
    }
    return start_detached("streamer.tap.outbound_process", plan)


async def _work(starter: Starter) -> int:
    try:
        return await _record(json.load(sys.stdin), starter)
    except ChannelTakenError as taken:
        starter.send(ChannelTaken(taken.folder))
        return ExitCode.DONE


async def _record(plan: dict[str, Any], starter: Starter) -> int:
    planned = _read_plan(plan)
    bus, stop = Bus(), Stop()
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGTERM, stop.request, EndReason.INTERRUPTED
    )
    with bus.subscribe() as events:
        telling = asyncio.ensure_future(_tell(events, starter))
        try:
            result = await record_call(
                planned,
                bus,
                stop,
                on_recording=lambda recording: _begin(recording, starter),
            )
            return result.exit_code
        finally:
            bus.close()
            await telling


def _read_plan(plan: dict[str, Any]) -> TapPlan | AriPlan | CallPlan:
    settings = Settings(**plan["settings"])
    playing = read_playback_plan(plan["playing"])
    if plan["wanted"]:
        wanted = WantedCall(**plan["wanted"])
        is_for_serve = plan["is_for_serve"]
        return plan_call(settings, wanted, playing=playing, is_for_serve=is_for_serve)
    return plan_tap(settings, tuple(Leg(**leg) for leg in plan["legs"]), playing=playing)


async def _tell(events: Subscription, starter: Starter) -> None:
    async for event in events:
        match event:
            case LegEnded(_, leg, reason, message) if message:
                _log.warning("%s: %s", leg, message)
                if reason is EndReason.REFUSED:
                    starter.send(LegRefused(leg, message))
            case Trouble(call_id, message):
                _log.warning("%s", message)
                starter.send(Said(message, call_id))
            case _:
                pass


def _begin(recording: Recording, starter: Starter) -> None:
    log_to(CallFolder(recording.folder).tap_log)
    starter.send(RecordingBegun(recording.folder))


def main() -> int:
    """Record what stdin says, and return the exit code."""
    logging.getLogger("websockets").setLevel(logging.WARNING)
    return run_detached(_work, what="the recorder")


if __name__ == "__main__":
    sys.exit(main())
