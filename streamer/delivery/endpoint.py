"""Who is told what: the tables of the config file, with their secrets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from streamer.config import Settings
from streamer.core.secrets import find_secret
from streamer.core.trust import open_trust
from streamer.core.webhooks import MqttTable, WebhookTable, read_mqtt, read_webhooks
from streamer.delivery.policy import Answer
from streamer.delivery.signing import read_key
from streamer.store.outbox import StoredEvent

_WHERE = "the config file"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One that is told; `key` signs what is sent, `password` lets us in. Neither is ever shown."""

    table: WebhookTable | MqttTable
    key: bytes | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """Return what the user and the database call it."""
        return self.table.name

    @property
    def title(self) -> str:
        """Return what it is called in a sentence."""
        is_broker = isinstance(self.table, MqttTable)
        return "the MQTT broker" if is_broker else f"the webhook {self.table.name}"


Send = Callable[[Endpoint, StoredEvent], Awaitable[Answer]]
"""Tries to deliver an event once, in a bounded time; what goes wrong is in the answer."""


def read_endpoints(settings: Settings, environment: Mapping[str, str]) -> tuple[Endpoint, ...]:
    """Return all who are to be told.

    Raises:
        UsageError: A table, a secret or a certificate cannot be meant; no message repeats a secret.
    """
    webhooks = read_webhooks(settings.webhook, where=_WHERE)
    endpoints = [_open_webhook(table, environment) for table in webhooks]
    if mqtt := read_mqtt(settings.mqtt, where=f"{_WHERE}: mqtt"):
        where = f"{_WHERE}: mqtt: password"
        password = mqtt.password and find_secret(
            mqtt.password, where=where, environment=environment
        )
        open_trust(mqtt.ca, insecure=False, cert=mqtt.cert, key=mqtt.key)
        endpoints.append(Endpoint(mqtt, password=password))
    return tuple(endpoints)


def _open_webhook(table: WebhookTable, environment: Mapping[str, str]) -> Endpoint:
    where = f"{_WHERE}: webhook {table.name}: secret"
    open_trust(table.ca, insecure=False)
    if not table.secret:
        return Endpoint(table)
    return Endpoint(
        table,
        read_key(find_secret(table.secret, where=where, environment=environment), where=where),
    )
