"""Listens to a call through ARI for some seconds; what is made in the PBX for it is noted as a tap's is, and deleted."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from streamer.ari.access import read_access
from streamer.ari.client import Ari, open_ari
from streamer.ari.roster import read_codec
from streamer.config import Settings
from streamer.core.audio import AudioChunk, Leg
from streamer.core.reasons import explain
from streamer.doctor.hearing import LegFacts, LegMeter
from streamer.errors import RecordingError, UsageError
from streamer.recording.folder import CallFolder, new_call_id
from streamer.recording.private_files import make_private_folder
from streamer.sources.ari.call import AriCall
from streamer.sources.ari.finding import FoundCall, find_call
from streamer.sources.base import LegClosed, LegOpened, StreamItem
from streamer.tap.ari_inventory import FolderInventory, delete_left
from streamer.wire.ari.answers import read_value
from streamer.wire.ari.ids import make_application
from streamer.wire.ari.requests import read_variable

LISTEN_S = 3.0
SETTING_UP_S = 15.0
"""Seconds in which all taps must stand, or be refused."""

_CODEC = "CHANNEL(audionativeformat)"


async def listen_to(
    settings: Settings,
    channel: str,
    *,
    listen_s: float = LISTEN_S,
    on_found: Callable[[], None] = lambda: None,
) -> list[LegFacts]:
    """Listen to the call of a channel, and return what came of each of its parties; `on_found` is called before.

    Raises:
        UsageError: ARI is not set up, and by no other way is a call listened to here.
        NotFoundError: There is no such channel.
        UnreachableError: ARI cannot be asked.
        RecordingError: What is made in the PBX cannot be noted.
    """
    try:
        access = read_access(settings)
    except UsageError as error:
        raise UsageError(f"a call is checked through ARI only: {error}") from error
    async with open_ari(access) as ari:
        found = await find_call(ari, [Leg("leg1", channel)], now=time.monotonic())
        on_found()
        await delete_left(ari, Path(settings.recordings))
        meters = await _make_meters(ari, found)
        with _noting(Path(settings.recordings)) as folder:
            application = make_application()
            call = AriCall(
                ari,
                application,
                found,
                inventory=FolderInventory(folder, url=ari.url, application=application),
                admit=lambda _: "it has joined while the call was listened to",
                clock=time.monotonic,
            )
            call.start()
            try:
                await _hear(call, meters, listen_s)
            finally:
                await call.aclose()
                await call.finish()
    return [meter.describe(listen_s) for meter in meters]


async def _make_meters(ari: Ari, found: FoundCall) -> list[LegMeter]:
    meters = []
    for join, leg in zip(found.joins, found.legs, strict=True):
        answer = await ari.ask(read_variable(join.channel.id, _CODEC))
        codecs = (read_codec(read_value(answer.document)) or "").split("|")
        meters.append(LegMeter(leg, codec=codecs[0]))
    return meters


async def _hear(call: AriCall, meters: Sequence[LegMeter], listen_s: float) -> None:
    """Measure what comes until `listen_s` after the last leg stands."""
    waited_for = set(range(len(meters)))
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTING_UP_S) as limit:
            async for item in call:
                _measure(item, meters)
                if isinstance(item, LegOpened | LegClosed) and item.leg in waited_for:
                    waited_for.remove(item.leg)
                    if not waited_for:
                        limit.reschedule(asyncio.get_running_loop().time() + listen_s)


def _measure(item: StreamItem, meters: Sequence[LegMeter]) -> None:
    """Take what came of a leg that is measured; others may join."""
    match item:
        case AudioChunk(leg, pcm, arrival) if leg < len(meters):
            meters[leg].take(pcm, arrival)
        case LegClosed(leg, _, error) if error is not None and leg < len(meters):
            meters[leg].trouble = str(error)


@contextmanager
def _noting(recordings: Path) -> Iterator[Path]:
    """Have a folder in which the next tap finds what is left in the PBX if this process dies; it is gone afterwards.

    Raises:
        RecordingError: It cannot be made.
    """
    was_there = recordings.exists()
    folder = CallFolder(recordings / new_call_id(datetime.now(UTC)))
    with ExitStack() as stack:
        try:
            make_private_folder(folder.path)
            lock = folder.take_tap_lock()
        except OSError as error:
            raise RecordingError(
                f"what is made in the PBX cannot be noted in {recordings}: {explain(error)}"
            ) from error
        stack.callback(_remove, folder.path, None if was_there else recordings)
        stack.callback(lock.release)
        yield folder.path


def _remove(folder: Path, parent: Path | None) -> None:
    """Remove the folder, unless something is noted in it still, and the one that was made for it."""
    if not CallFolder(folder).ari.exists():
        shutil.rmtree(folder, ignore_errors=True)
    if parent is not None:
        with suppress(OSError):
            parent.rmdir()
