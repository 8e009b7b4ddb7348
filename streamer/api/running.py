"""Answers the API in the background of `serve`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamer.api.access import Access, Token, open_tokens
from streamer.api.answers import Api
from streamer.api.hub import EventHub
from streamer.api.metrics import Metrics
from streamer.api.server import Place, open_server
from streamer.api.service import Service
from streamer.bus import Bus
from streamer.calls.backend import Backend
from streamer.calls.placing import open_placer
from streamer.config import Settings
from streamer.core.addresses import show_address
from streamer.core.events import Listening, Trouble
from streamer.core.reasons import explain
from streamer.errors import StreamerError, UsageError
from streamer.sources.forwarded import read_proxies
from streamer.sources.registration.hosts import own_names
from streamer.sources.tls import Certificate
from streamer.store import Reader, open_reader

SOURCE = "api"
"""What `listening` calls it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ApiPlan:
    """Where the API is answered and who may ask, checked."""

    addresses: tuple[tuple[str, int, bool], ...] = ()
    """Host, port, and whether only this machine can ask there."""
    tokens: tuple[Token, ...] = ()
    certificate: Certificate | None = None

    def warn(self) -> list[str]:
        """Return what a user should know before the first request."""
        bare = [show_address(host, port) for host, port, is_local in self.addresses if not is_local]
        if self.certificate is not None or not bare:
            return []
        return [
            f"the API at {bare[0]} is not encrypted, so whoever is in between reads tokens and words; add --cert and --key"
        ]


def plan_api(
    settings: Settings,
    addresses: Sequence[tuple[str, int, bool]],
    *,
    cert: str,
    key: str,
    environment: Mapping[str, str],
) -> ApiPlan:
    """Return where and for whom the API is answered.

    Raises:
        UsageError: Others than this machine can ask and there is no token, or one cannot be meant.
    """
    tokens = open_tokens(settings, environment)
    for host, port, is_local in addresses:
        if not is_local and not tokens:
            raise UsageError(
                f"others than this machine can ask the API at {show_address(host, port)}, and there is no token;"
                " add a [[token]] to the config file, or listen on 127.0.0.1"
            )
    has_tls = cert and not all(is_local for *_, is_local in addresses)
    certificate = Certificate(Path(cert), Path(key or cert)) if has_tls else None
    return ApiPlan(tuple(addresses), tokens, certificate)


@asynccontextmanager
async def answering(
    settings: Settings, plan: ApiPlan, backend: Backend, bus: Bus
) -> AsyncIterator[None]:
    """Answer while the block lasts.

    Raises:
        UnreachableError: An address cannot be listened on.
        StoreError: The database cannot be read.
    """
    async with AsyncExitStack() as stack:
        await asyncio.shield(backend.opening)
        reader = await stack.enter_async_context(open_reader(settings))
        await _open(stack, settings, plan, backend, bus, reader)
        yield


async def _open(
    stack: AsyncExitStack,
    settings: Settings,
    plan: ApiPlan,
    backend: Backend,
    bus: Bus,
    reader: Reader,
) -> None:
    metrics = Metrics()
    hub = EventHub(reader, bus, metrics.observe)
    names = own_names([*settings.register_names.split(","), *(host for host, *_ in plan.addresses)])
    access = Access(plan.tokens, names)

    def say(message: str, call_id: str | None = None) -> None:
        bus.publish(Trouble(call_id, message))

    placer = await stack.enter_async_context(open_placer(settings, say))
    api = Api(Service(settings, reader, backend, placer), hub, metrics)
    await stack.enter_async_context(_beside(_run_hub(hub, say)))
    if plan.certificate is not None:
        await stack.enter_async_context(_beside(plan.certificate.watch(say)))
    for host, port, is_local in plan.addresses:
        tls = plan.certificate.context if plan.certificate and not is_local else None
        server = open_server(
            api,
            access,
            Place(host, port, is_local, tls),
            proxies=read_proxies(settings.trusted_proxies),
        )
        bus.publish(Listening(SOURCE, await stack.enter_async_context(server)))


async def _run_hub(hub: EventHub, say: Callable[[str], None]) -> None:
    try:
        await hub.run()
    except StreamerError as error:
        say(f"the API tells no events any more: {explain(error)}")
    except Exception:  # noqa: BLE001 - the task's outermost edge
        _log.exception("the hub of events has failed")
        say("the API tells no events any more, by a fault of streamer's; see the log")


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do something in the background while the block lasts."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
