"""Deleting calls that are older than wanted, daily, without trusting the clock too far.

Theory of operation. A wrong clock makes every call old at once; so does a month without calls. A run that would delete every call, but
for those that have just begun, by the same clock, therefore only says so, and deletes these calls, no others, in a later run, 24 h
after. The wait begins again when the clock has
jumped meanwhile, which shows in the moment at which the machine was booted: it moves with the clock. A clock that is behind the last
time that it was seen deletes nothing; from then on, that earlier time is the last one.

    idle --every call is old: say it--> announced --24 h--> idle, and these calls are deleted
    announced --the clock has jumped--> idle
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamer.bus import Bus
from streamer.calls.deletion import delete_older, list_older
from streamer.config import Settings
from streamer.core.events import Trouble
from streamer.core.moments import show_local
from streamer.errors import RecordingError, StoreError
from streamer.store import Retention, Store, open_store

WAIT = timedelta(hours=24)
"""How long a deletion of every call waits after it was announced."""

JUMP = timedelta(minutes=5)
"""By how much the clock may drift or be corrected without having jumped."""

_BEHIND = timedelta(seconds=1)
_REST_S = WAIT.total_seconds() + 60
"""Seconds between two runs, so that the one after an announcement comes late enough."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Clock:
    """What the clock on the wall says, and when the machine was booted by it; `boot` tells one boot from another."""

    now: datetime
    boot: str
    booted_at: datetime


def read_clock() -> Clock:
    """Look at the clock."""
    now = datetime.now(UTC)
    boottime = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # the one that counts sleep
    booted_at = now - timedelta(seconds=time.clock_gettime(boottime))
    try:
        return Clock(now, _BOOT_ID.read_text(encoding="ascii").strip(), booted_at)
    except OSError:
        return Clock(now, f"process {os.getpid()}", booted_at)


@asynccontextmanager
async def expire_calls(settings: Settings, bus: Bus) -> AsyncIterator[None]:
    """Delete calls that are older than wanted, now and daily, while the block lasts."""
    expiring = asyncio.ensure_future(_expire_daily(settings, bus))
    try:
        yield
    finally:
        expiring.cancel()
        await asyncio.gather(expiring, return_exceptions=True)


async def _expire_daily(settings: Settings, bus: Bus) -> None:
    def say(message: str) -> None:
        _log.warning("%s", message)
        bus.publish(Trouble(None, message))

    while settings.retention_days:
        try:
            if not await asyncio.to_thread(
                Path(settings.recordings).exists
            ):  # looking around makes no folder
                await asyncio.sleep(_REST_S)
                continue
            # A store of its own, so that no final waits behind a deletion.
            async with open_store(settings) as store:
                await run_retention(
                    store,
                    Path(settings.recordings),
                    days=settings.retention_days,
                    clock=read_clock(),
                    say=say,
                )
        except (StoreError, RecordingError) as error:
            _log.warning("calls that are older than wanted were not all deleted: %s", error)
        await asyncio.sleep(_REST_S)


async def run_retention(
    store: Store, recordings: Path, *, days: int, clock: Clock, say: Callable[[str], None]
) -> None:
    """Delete the calls that began more than some days ago; see above for what is only said.

    Raises:
        StoreError: See `Store.delete_calls`.
        RecordingError: The folder of recordings cannot be read.
    """
    known = await store.read_retention()
    seen = Retention(clock.now, clock.boot, clock.booted_at)
    if known.seen_at is not None and clock.now < known.seen_at - _BEHIND:
        say(
            f"the clock says {_show(clock.now)}, and has been at {_show(known.seen_at)} before;"
            " no old calls are deleted this time"
        )
    elif _is_waiting(known, clock):
        seen = replace(seen, announced_at=known.announced_at, cutoff=known.cutoff)
    else:
        seen = await _delete(store, recordings, known, seen, days=days, say=say)
    await store.keep_retention(seen)


async def _delete(
    store: Store,
    recordings: Path,
    known: Retention,
    seen: Retention,
    *,
    days: int,
    say: Callable[[str], None],
) -> Retention:
    """Delete what was announced, and what is old unless that is every call; return what is to be known from now on."""
    assert seen.seen_at is not None
    has_jumped = _has_jumped(known, seen)
    if known.cutoff is not None and not has_jumped:
        await delete_older(store, recordings, known.cutoff)
    cutoff = seen.seen_at - timedelta(days=days)
    # Calls of the time that may be wrong do not make the old ones few.
    until = seen.seen_at - min(WAIT, timedelta(days=days) / 2)
    if has_jumped and known.seen_at is not None:
        until = min(until, known.seen_at)
    old = await list_older(store, recordings, cutoff)
    if old and len(old) >= len(await list_older(store, recordings, until)):
        say(_announce(len(old), days, seen.seen_at))
        return replace(seen, announced_at=seen.seen_at, cutoff=cutoff)
    await delete_older(store, recordings, cutoff)
    return seen


def _is_waiting(known: Retention, clock: Clock) -> bool:
    if known.announced_at is None or _has_jumped(known, clock):
        return False
    return clock.now - known.announced_at < WAIT


def _has_jumped(known: Retention, now: Clock | Retention) -> bool:
    """Say whether the clock has jumped since it was last seen; after a boot nobody can know."""
    if known.booted_at is None or now.booted_at is None or known.boot != now.boot:
        return False
    return abs(now.booted_at - known.booted_at) > JUMP


def _announce(count: int, days: int, now: datetime) -> str:
    calls = "the only call" if count == 1 else f"all {count} calls"
    return (
        f"{calls} began more than {days} days ago, so `retention_days` would delete every call;"
        f" if the clock is right ({_show(now)}), that is done in 24 h"
    )


def _show(moment: datetime) -> str:
    return show_local(moment, "%Y-%m-%d %H:%M")
