"""An API on 127.0.0.1 with a store behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from streamer.api.access import Token
from streamer.api.running import ApiPlan, answering
from streamer.calls.backend import Backend
from streamer.config import Settings
from streamer.core.events import Listening
from streamer.core.tokens import Scope
from streamer.store import Store, open_store
from tests.fakes.replay import RememberingBus, until

TOKENS = (
    Token("board", "read-me", frozenset({Scope.READ})),
    Token("operator", "do-it", frozenset({Scope.READ, Scope.CONTROL})),
)


@dataclass
class Answering:
    """What a test asks, and what stands behind it."""

    address: str
    store: Store
    bus: RememberingBus
    recordings: Path
    client: aiohttp.ClientSession

    @property
    def root(self) -> str:
        return f"http://{self.address}"

    async def get(self, path: str, *, method: str = "GET", **options: Any) -> tuple[int, Any]:
        """Return the status, and the answer as JSON or else as text."""
        async with self.client.request(method, self.root + path, **options) as response:
            text = await response.text()
            is_json = response.content_type.endswith("json")
            return response.status, json.loads(text) if is_json else text


@asynccontextmanager
async def open_api(
    recordings: Path,
    *,
    tokens: tuple[Token, ...] = (),
    is_local: bool = True,
    lack: str = "",
    settings: Settings | None = None,
) -> AsyncIterator[Answering]:
    settings, bus = settings or Settings(recordings=str(recordings)), RememberingBus()
    async with open_store(settings) as store:
        opening: asyncio.Future[Store | None] = asyncio.get_running_loop().create_future()
        opening.set_result(store)
        plan = ApiPlan((("127.0.0.1", 0, is_local),), tokens)
        async with (
            answering(settings, plan, Backend(opening, None, lack=lack), bus),
            aiohttp.ClientSession() as client,
        ):
            await until(lambda: bus.count(Listening))
            [address] = [each.address for each in bus.events if isinstance(each, Listening)]
            yield Answering(address, store, bus, recordings, client)
