"""Sends events to webhooks over HTTP.

Only the address that the config file names is asked: redirects and proxies of the environment are not followed. Of an answer nothing is
read but its status, and an attempt ends after `PATIENCE_S`, however slowly the endpoint speaks.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp

from streamer import __version__
from streamer.core.reasons import find_cause
from streamer.core.trust import explain_distrust, open_trust
from streamer.core.webhooks import RAPIDA, MqttTable, WebhookTable
from streamer.delivery.bodies import FindFacts, encode_rapida, encode_standard
from streamer.delivery.deliverer import MOST_AT_ONCE
from streamer.delivery.endpoint import Endpoint
from streamer.delivery.policy import Answer, Outcome, judge_status
from streamer.delivery.signing import sign
from streamer.store import StoredEvent

PATIENCE_S = 15.0
"""Seconds from the beginning of an attempt to the status of its answer."""

LONGEST_LINE = 8190


class WebhookSender:
    """Tries to deliver events; see `endpoint.Send`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        find_facts: FindFacts,
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._session = session
        self._find_facts = find_facts
        self._patience_s = patience_s
        self._clock = clock
        self._trust: dict[str, ssl.SSLContext] = {}
        self._opening = asyncio.Lock()

    async def __call__(self, endpoint: Endpoint, event: StoredEvent) -> Answer:
        """Try once."""
        try:
            body = await self._encode(endpoint, event)
            async with asyncio.timeout(self._patience_s):
                return await self._post(endpoint, event, body)
        except TimeoutError:
            return Answer(Outcome.DOWN, f"it does not answer within {self._patience_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(Outcome.DOWN, _explain(error))

    async def _encode(self, endpoint: Endpoint, event: StoredEvent) -> bytes:
        if getattr(endpoint.table, "format", "") != RAPIDA:
            return encode_standard(event)
        known = await asyncio.to_thread(self._find_facts, event.call_id)
        return encode_rapida(event, known)

    async def _post(self, endpoint: Endpoint, event: StoredEvent, body: bytes) -> Answer:
        headers = {"content-type": "application/json"}
        if endpoint.key is not None:
            now = int(self._clock())
            headers |= sign(endpoint.key, message_id=event.key, timestamp=now, body=body)
        async with self._session.post(
            endpoint.table.url,
            data=body,
            headers=headers,
            allow_redirects=False,
            ssl=await self._find_trust(endpoint.table),
        ) as response:
            return judge_status(
                response.status, retry_after=response.headers.get("retry-after", "")
            )

    async def _find_trust(self, table: WebhookTable | MqttTable) -> ssl.SSLContext | bool:
        """Return whom to trust; reading the certificates of the system takes long, so it is done once, and beside the loop."""
        if not table.url.startswith("https:"):
            return True
        async with self._opening:
            if table.ca not in self._trust:
                self._trust[table.ca] = await asyncio.to_thread(
                    open_trust, table.ca, insecure=False
                )
        return self._trust[table.ca]


@asynccontextmanager
async def open_webhook_sender(
    find_facts: FindFacts, *, patience_s: float = PATIENCE_S
) -> AsyncIterator[WebhookSender]:
    """Send while the block lasts."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, limit_per_host=MOST_AT_ONCE),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"user-agent": f"streamer/{__version__}"},
        timeout=aiohttp.ClientTimeout(total=None),
        trust_env=False,
        auto_decompress=False,
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_LINE,
    ) as session:
        yield WebhookSender(session, find_facts, patience_s=patience_s)


def _explain(error: Exception) -> str:
    """Say what went wrong, in words of ours: those of the library repeat addresses."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known"
        case aiohttp.ClientConnectorCertificateError():
            return _explain(error.certificate_error)
        case ssl.SSLError():
            return explain_distrust(error)
        case aiohttp.ClientSSLError():
            return "it speaks no TLS that is understood here"
        case aiohttp.ClientConnectorError():
            return find_cause(error.os_error)
        case aiohttp.ServerDisconnectedError():
            return "it ends the connection without an answer"
        case aiohttp.ClientError():
            return "its answer is no HTTP"
        case OSError():
            return find_cause(error)
        case _:
            return "the request cannot be sent"
