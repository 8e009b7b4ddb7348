"""A call that is watched with a database that does not take its words."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tools.faults.kept import Kept, Sent, compare_audio, find_call
from tools.faults.outcome import Outcome
from tools.faults.watched import END_S, playing, viewing

SECONDS = 6.0


async def record_beside(folder: Path, database: Path, name: str, outcome: Outcome) -> None:
    """Watch a call, which must be recorded wholly, and one line must say that its words are not kept."""
    kept = Kept()
    async with playing(folder, SECONDS) as call:
        watch = ("watch", *call.arguments, "--model", "demo", "--db", str(database))
        async with viewing(*watch, folder=folder) as viewer:
            await call.has_begun()
            await call.has_ended()
            async with asyncio.timeout(END_S):
                await viewer.process.wait()
    kept.losses += [f"the call was harmed: {report}" for report in call.pbx.reports]
    legs = [Sent(number, track) for number, track in enumerate(call.tracks)]
    compare_audio(folder, find_call(folder), legs, kept)
    said = [str(event["message"]) for event in viewer.of_kind("trouble")]
    about = [line for line in said if str(database) in line]
    if len(about) != 1:
        kept.losses.append(f"{len(about)} lines say it: {said}")
    if viewer.of_kind("final"):
        kept.losses.append("finals were published that are not kept")
    line = about[0].replace(str(database.parent), "...") if about else "-"
    outcome.rows.append([name, f"{kept.sent_s:.1f} s", f"{kept.recorded_s:.1f} s", "0.0 s", line])
    outcome.losses += [f"{name}: {loss}" for loss in kept.losses]
