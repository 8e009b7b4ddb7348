"""Delivers in the background of `serve` and `watch`; of several, the one that holds `webhooks.lock`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from streamer.bus import Bus
from streamer.calls.backend import Backend
from streamer.config import Settings
from streamer.core.events import Trouble
from streamer.core.reasons import explain
from streamer.core.webhooks import MqttTable
from streamer.delivery.bodies import CallFacts
from streamer.delivery.deliverer import EndpointQueue, World, deliver_all
from streamer.delivery.endpoint import Endpoint, Send
from streamer.errors import RecordingError, StreamerError
from streamer.recording.locks import Lock, take_lock
from streamer.recording.reader import read_recorded
from streamer.sources import COMING
from streamer.store import open_outbox, store_path

LOCK = "webhooks.lock"
_USUAL_DATABASE = "streamer.sqlite3"
_LOOK_S = 1.0

_log = logging.getLogger(__name__)


def lock_path(settings: Settings) -> Path:
    """Name the lock of who delivers, beside the database whose outbox it is."""
    path = store_path(settings)
    return path.with_name(LOCK if path.name == _USUAL_DATABASE else f"{path.name}.{LOCK}")


class Deliveries:
    """What is being delivered by this process; `queues` is empty while another one does."""

    def __init__(self) -> None:
        self.queues: Sequence[EndpointQueue] = ()


@asynccontextmanager
async def delivering(
    settings: Settings, endpoints: Sequence[Endpoint], backend: Backend, bus: Bus
) -> AsyncIterator[Deliveries]:
    """Deliver while the block lasts; what is left then waits for the next one."""
    deliveries = Deliveries()
    if not endpoints:
        yield deliveries
        return
    task = asyncio.ensure_future(_run(settings, endpoints, backend, bus, deliveries))
    try:
        yield deliveries
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _run(
    settings: Settings,
    endpoints: Sequence[Endpoint],
    backend: Backend,
    bus: Bus,
    deliveries: Deliveries,
) -> None:
    def say(message: str) -> None:
        bus.publish(Trouble(None, message))

    if await asyncio.shield(backend.opening) is None:
        return
    lock: Lock | None = None
    try:
        lock = await _wait_for_lock(lock_path(settings))
        async with open_outbox(settings) as outbox, _open_senders(settings) as senders:
            queues = [
                EndpointQueue(one, outbox, _choose(senders, one), World(say)) for one in endpoints
            ]
            for queue in queues:
                await queue.register()
            deliveries.queues = queues
            await deliver_all(outbox, queues)
    except (StreamerError, OSError) as error:
        say(f"nothing is passed on to webhooks any more: {explain(error)}")
    except Exception:  # noqa: BLE001 - the task's outermost edge
        _log.exception("the deliverer has failed")
        say("nothing is passed on to webhooks any more, by a fault of streamer's; see the log")
    finally:
        deliveries.queues = ()
        if lock is not None:
            lock.release()


async def _wait_for_lock(path: Path) -> Lock:
    while True:
        taking = asyncio.ensure_future(asyncio.to_thread(take_lock, path))
        try:
            lock = await asyncio.shield(taking)
        except asyncio.CancelledError:
            if (late := await taking) is not None:  # else nobody would ever let it go
                late.release()
            raise
        if lock is not None:
            return lock
        await asyncio.sleep(_LOOK_S)


@asynccontextmanager
async def _open_senders(settings: Settings) -> AsyncIterator[tuple[Send, Send]]:
    """Open what speaks HTTP and what speaks MQTT; both connect only when there is something to send."""
    from streamer.delivery.http import open_webhook_sender
    from streamer.delivery.mqtt import MqttSender

    async with (
        open_webhook_sender(facts_of(Path(settings.recordings))) as by_http,
        aclosing(MqttSender()) as by_mqtt,
    ):
        yield by_http, by_mqtt


def _choose(senders: tuple[Send, Send], endpoint: Endpoint) -> Send:
    by_http, by_mqtt = senders
    return by_mqtt if isinstance(endpoint.table, MqttTable) else by_http


def facts_of(recordings: Path) -> Callable[[str], CallFacts]:
    """Return what reads what a call's folder knows of it; blocks."""

    def find(call_id: str) -> CallFacts:
        try:
            recorded = read_recorded(recordings / call_id)
        except RecordingError:
            return CallFacts()
        return CallFacts(recorded.facts, recorded.call.source in COMING)

    return find
