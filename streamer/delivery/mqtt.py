"""Publishes events on an MQTT broker, at least once each; needs `asterisk-streamer[mqtt]`."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
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
    import aiomqtt

PATIENCE_S = 15.0
_PORTS = {"mqtt": 1883, "mqtts": 8883}

_mute = logging.getLogger(f"{__name__}.client")
_mute.setLevel(logging.CRITICAL + 1)


def check_mqtt() -> None:
    """See to it that the library is there.

    Raises:
        UsageError: It is not.
    """
    try:
        import aiomqtt  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "[mqtt] needs a library that is not installed; pip install 'asterisk-streamer[mqtt]'"
        ) from error


class MqttSender:
    """Tries to publish events; see `endpoint.Send`. Connects with the first one, and again when the broker was lost."""

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._stack: AsyncExitStack | None = None
        self._client: aiomqtt.Client | None = None
        self._turn = asyncio.Lock()

    async def __call__(self, endpoint: Endpoint, event: StoredEvent) -> Answer:
        """Try once."""
        import aiomqtt

        assert isinstance(endpoint.table, MqttTable)
        topic = f"{endpoint.table.topic}/{event.kind}"
        try:
            async with asyncio.timeout(self._patience_s):
                client = await self._connect(endpoint, endpoint.table)
                await client.publish(topic, encode_standard(event), qos=1)
        except aiomqtt.MqttCodeError as error:
            await self.aclose()
            return Answer(Outcome.DOWN, f"the broker refuses with code {_name(error)}")
        except (aiomqtt.MqttError, OSError):
            await self.aclose()
            return Answer(Outcome.DOWN, "the broker cannot be reached")
        except TimeoutError:
            await self.aclose()
            return Answer(Outcome.DOWN, f"the broker does not answer within {self._patience_s:g} s")
        return Answer(Outcome.DELIVERED)

    async def aclose(self) -> None:
        """Leave the broker; idempotent."""
        stack, self._stack, self._client = self._stack, None, None
        if stack is not None:
            try:
                await stack.aclose()
            except Exception:  # noqa: BLE001 - a connection that is gone cannot be ended well
                _mute.debug("the broker was gone")

    async def _connect(self, endpoint: Endpoint, table: MqttTable) -> aiomqtt.Client:
        import aiomqtt

        async with self._turn:
            if self._client is not None:
                return self._client
            parts = urlsplit(table.url)
            has_tls = parts.scheme == "mqtts"
            stack = AsyncExitStack()
            client = aiomqtt.Client(
                parts.hostname or "",
                parts.port or _PORTS[parts.scheme],
                username=table.user or None,
                password=endpoint.password or None,
                tls_context=open_trust(table.ca, insecure=False) if has_tls else None,
                logger=_mute,
            )
            self._client = await stack.enter_async_context(client)
            self._stack = stack
            return self._client


def _name(error: aiomqtt.MqttCodeError) -> str:
    return str(getattr(error.rc, "value", error.rc))
