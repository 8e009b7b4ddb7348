"""Publishes events on an MQTT broker, at least once each; needs `asterisk-streamer[mqtt]`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from streamer.core.trust import open_trust
from streamer.core.webhooks import MqttTable
from streamer.delivery.bodies import encode_standard
from streamer.delivery.endpoint import Endpoint
from streamer.delivery.policy import Answer, Outcome
from streamer.errors import UsageError
from streamer.store import StoredEvent

if TYPE_CHECKING:
    from streamer.delivery.broker import Connection

PATIENCE_S = 15.0
"""Seconds for an attempt to connect, and for one to publish."""

_PORTS = {"mqtt": 1883, "mqtts": 8883}


def check_mqtt() -> None:
    """See to it that the library is there.

    Raises:
        UsageError: It is not.
    """
    try:
        import paho.mqtt.client  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "[mqtt] needs a library that is not installed; pip install 'asterisk-streamer[mqtt]'"
        ) from error


class MqttSender:
    """Tries to publish events; see `endpoint.Send`. Connects with the first one, and again when the broker was lost."""

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._opening: asyncio.Future[Connection] | None = None
        """Of one connection, for all who want to publish."""

    async def __call__(self, endpoint: Endpoint, event: StoredEvent) -> Answer:
        """Try once."""
        from streamer.delivery.broker import NoConnectionError

        assert isinstance(endpoint.table, MqttTable)
        topic = f"{endpoint.table.topic}/{event.kind}"
        try:
            connection = await self._find_connection(endpoint, endpoint.table)
        except NoConnectionError as error:
            return Answer(Outcome.DOWN, str(error))
        why = f"the broker does not answer within {self._patience_s:g} s"
        try:
            async with asyncio.timeout(self._patience_s):
                return await connection.publish(topic, encode_standard(event), event.key)
        except TimeoutError:
            connection.close(why)
            return Answer(Outcome.DOWN, why)

    async def aclose(self) -> None:
        """Leave the broker; idempotent."""
        opening, self._opening = self._opening, None
        if opening is None:
            return
        opening.cancel()
        await asyncio.wait([opening])
        if not opening.cancelled() and opening.exception() is None:
            opening.result().close()

    async def _find_connection(self, endpoint: Endpoint, table: MqttTable) -> Connection:
        if self._opening is None or _is_over(self._opening):
            self._opening = asyncio.ensure_future(self._open(endpoint, table))
        return await asyncio.shield(self._opening)

    async def _open(self, endpoint: Endpoint, table: MqttTable) -> Connection:
        from streamer.delivery.broker import NoConnectionError, Place, connect

        parts = urlsplit(table.url)
        try:
            async with asyncio.timeout(self._patience_s):
                trust = None
                if parts.scheme == "mqtts":
                    trust = await asyncio.to_thread(
                        open_trust, table.ca, insecure=False, cert=table.cert, key=table.key
                    )
                port = parts.port or _PORTS[parts.scheme]
                return await connect(
                    Place(parts.hostname or "", port, table.user, endpoint.password, trust)
                )
        except TimeoutError as error:
            raise NoConnectionError(
                f"the broker does not answer within {self._patience_s:g} s"
            ) from error
        except UsageError as error:  # of a certificate that was exchanged meanwhile
            raise NoConnectionError(str(error)) from error


def _is_over(opening: asyncio.Future[Connection]) -> bool:
    if not opening.done():
        return False
    return opening.cancelled() or opening.exception() is not None or not opening.result().is_open
