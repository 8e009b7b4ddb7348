"""One connection to an MQTT broker, on which events are published.

Theory of operation. paho-mqtt speaks the protocol; its sockets are read and written here, by the event loop. MQTT 5 is asked for, since
only there a broker says that it does not take an event: one that knows 3.1.1 alone acknowledges what its access rules or limits drop.
A connection that ends is never opened again; whoever needs one opens another. What was under way then is not taken, and if that was one
event alone, it is the event that the broker does not like, unless it says otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from streamer.core.reasons import find_cause
from streamer.core.trust import explain_distrust
from streamer.delivery.policy import Answer, Outcome

KEEPALIVE_S = 60
"""Seconds of silence after which the broker is asked whether it is there."""

MOST_UNDER_WAY = 20
"""Events that wait for the broker's acknowledgement, if it does not want fewer."""

_OVERHEAD = 64
"""More bytes than what a packet has besides topic, payload and key."""

_UNKNOWN_VERSION = 0x84
_WRONG_USER = frozenset({0x86, 0x87, 0x8C})
_ABOUT_THE_BROKER = frozenset({0x80, 0x83, 0x97})
"""Codes of an acknowledgement that say nothing of the event."""
_ENDS_BY_ITSELF = frozenset({0x00, 0x88, 0x89, 0x8B, 0x8D, 0x8E, 0x98, 0x9C, 0x9D})
"""Codes with which a broker ends a connection for no fault of the event that is under way."""

_log = logging.getLogger(__name__)


class NoConnectionError(Exception):
    """The broker cannot be had; the text, in words of ours, says why."""


class _UnknownVersionError(NoConnectionError):
    """The broker does not know this version of the protocol, or has gone without a word."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a broker is, and how we get in; without `trust` nothing is encrypted."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    trust: ssl.SSLContext | None = None


async def connect(place: Place) -> Connection:
    """Connect in MQTT 5, or in 3.1.1 where the broker does not know that.

    Raises:
        NoConnectionError: It is not there, or does not let us in.
    """
    try:
        return await _connect(place, MQTTProtocolVersion.MQTTv5)
    except _UnknownVersionError:
        return await _connect(place, MQTTProtocolVersion.MQTTv311)


async def _connect(place: Place, version: MQTTProtocolVersion) -> Connection:
    client = Client(
        CallbackAPIVersion.VERSION2,
        f"streamer-{secrets.token_hex(4)}",
        protocol=version,
        reconnect_on_failure=False,
    )
    client.max_inflight_messages_set(0)  # what the broker wants is known too late for the library
    if place.user:
        client.username_pw_set(place.user, place.password or None)
    if place.trust is not None:
        client.tls_set_context(place.trust)
    connection = Connection(client, is_new=version == MQTTProtocolVersion.MQTTv5)
    try:
        await asyncio.to_thread(client.connect, place.host, place.port, KEEPALIVE_S)
        await connection.begin()
    except (OSError, ValueError) as error:  # ssl.CertificateError is both
        connection.close()
        raise NoConnectionError(_explain(error)) from error
    except BaseException:
        connection.close()
        raise
    return connection


class Connection:
    """A connection that `connect` has opened."""

    def __init__(self, client: Client, *, is_new: bool) -> None:
        """It `is_new` in MQTT 5."""
        self._client = client
        self._is_new = is_new
        self._loop = asyncio.get_running_loop()
        self._welcome: asyncio.Future[None] = self._loop.create_future()
        self._under_way: dict[int, asyncio.Future[Answer]] = {}
        self._most_bytes: int | None = None
        self._room = asyncio.Semaphore(MOST_UNDER_WAY)
        self._descriptor = -1
        self._keeping: asyncio.TimerHandle | None = None
        self._lost: Answer | None = None

    @property
    def is_open(self) -> bool:
        """Say whether something may be published."""
        return self._lost is None

    async def begin(self) -> None:
        """Wait until the broker has let us in; the request is on its way already.

        Raises:
            NoConnectionError: It has not.
        """
        self._client.on_connect = self._take_welcome
        self._client.on_publish = self._take_acknowledgement
        self._client.on_disconnect = self._take_end
        socket: Any = self._client.socket()
        if socket is None:
            raise _UnknownVersionError(_ENDED)
        self._descriptor = socket.fileno()
        self._loop.add_reader(self._descriptor, self._read)
        self._keep()
        self._write()
        await self._welcome

    async def publish(self, topic: str, payload: bytes, key: str) -> Answer:
        """Publish an event and wait until the broker has it; `key` is the same whenever it is sent again."""
        if self._most_bytes and len(topic.encode()) + len(payload) + _OVERHEAD > self._most_bytes:
            why = f"it is larger than the {self._most_bytes} bytes that the broker takes"
            return Answer(Outcome.REFUSED, why, is_final=True)
        async with self._room:
            return await self._publish(topic, payload, _describe(key) if self._is_new else None)

    async def _publish(self, topic: str, payload: bytes, properties: Properties | None) -> Answer:
        if self._lost is not None:
            return self._lost
        message = self._client.publish(topic, payload, qos=1, properties=properties)
        taken: asyncio.Future[Answer] = self._loop.create_future()
        self._under_way[message.mid] = taken
        self._write()
        try:
            return await taken if taken.done() or self._lost is None else self._lost
        finally:
            del self._under_way[message.mid]

    def close(self, why: str = "the connection was ended") -> None:
        """Leave the broker; what is under way is not taken. Idempotent."""
        if self._lost is None:
            self._lose(Answer(Outcome.DOWN, why))
        self._client.disconnect()
        socket: Any = self._client.socket()
        if socket is not None:  # it takes nothing any more
            socket.close()

    def _take_welcome(
        self, client: Client, _: Any, flags: Any, code: ReasonCode, properties: Properties | None
    ) -> None:
        if self._welcome.done():
            return
        if code.value == _UNKNOWN_VERSION and self._is_new:
            self._welcome.set_exception(_UnknownVersionError(_ENDED))
        elif code.is_failure:
            advice = "; check user and password" if code.value in _WRONG_USER else ""
            self._welcome.set_exception(
                NoConnectionError(f"the broker does not let us in ({_name(code)}){advice}")
            )
        elif getattr(properties, "MaximumQoS", 1) < 1:
            self._welcome.set_exception(
                NoConnectionError(
                    "the broker acknowledges nothing (QoS 0), so events would be lost"
                )
            )
        else:
            self._most_bytes = getattr(properties, "MaximumPacketSize", None)
            most = getattr(properties, "ReceiveMaximum", MOST_UNDER_WAY)
            self._room = asyncio.Semaphore(min(most, MOST_UNDER_WAY))
            self._welcome.set_result(None)

    def _take_acknowledgement(
        self, client: Client, _: Any, number: int, code: ReasonCode, properties: Any
    ) -> None:
        waiting = self._under_way.get(number)
        if waiting is None or waiting.done():
            return
        why = f"the broker does not take it ({_name(code)})"
        if not code.is_failure:
            waiting.set_result(Answer(Outcome.DELIVERED))
        elif code.value in _ABOUT_THE_BROKER:
            waiting.set_result(Answer(Outcome.DOWN, why))
        else:
            waiting.set_result(Answer(Outcome.REFUSED, why, is_final=True))

    def _take_end(
        self, client: Client, _: Any, flags: Any, code: ReasonCode, properties: Any
    ) -> None:
        if not self._welcome.done():
            self._welcome.set_exception(_UnknownVersionError(_ENDED))
        is_alone = sum(not waiting.done() for waiting in self._under_way.values()) == 1
        is_blamed = is_alone and code.value not in _ENDS_BY_ITSELF
        why = "the connection ends when the broker gets this event" if is_blamed else _LEFT
        told = f" ({_name(code)})" if flags.is_disconnect_packet_from_server else ""
        self._lose(Answer(Outcome.REFUSED if is_blamed else Outcome.DOWN, why + told))

    def _lose(self, answer: Answer) -> None:
        if self._lost is not None:
            return
        self._lost = replace(answer, outcome=Outcome.DOWN)  # for what was not under way
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            self._loop.remove_writer(self._descriptor)
        if self._keeping is not None:
            self._keeping.cancel()
        for waiting in self._under_way.values():
            if not waiting.done():
                waiting.set_result(answer)
        if not self._welcome.done():
            self._welcome.set_exception(NoConnectionError(answer.why))
            self._welcome.exception()  # nobody may be waiting

    def _read(self) -> None:
        self._do(self._client.loop_read)
        while self._has_more():
            self._do(self._client.loop_read)
        self._write()

    def _has_more(self) -> bool:
        """Say whether something was read and decrypted already, of which the selector knows nothing."""
        socket: Any = self._client.socket()
        return self._lost is None and isinstance(socket, ssl.SSLSocket) and socket.pending() > 0

    def _write(self) -> None:
        if self._lost is None and self._client.want_write():
            self._do(self._client.loop_write)
        if self._lost is not None:
            return
        if self._client.want_write():
            self._loop.add_writer(self._descriptor, self._write)
        else:
            self._loop.remove_writer(self._descriptor)

    def _keep(self) -> None:
        self._do(self._client.loop_misc)
        self._write()
        if self._lost is None:
            self._keeping = self._loop.call_later(KEEPALIVE_S / 4, self._keep)

    def _do(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - the library takes what a broker sends for granted
            _log.debug("the library has failed", exc_info=True)
            self._lose(Answer(Outcome.DOWN, "what the broker sends is no MQTT"))


_ENDED = (
    "the broker ends the connection without an answer;"
    " does it want TLS (mqtts://), or a certificate of ours (cert)?"
)
_LEFT = "the broker ends the connection"


def _describe(key: str) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.PayloadFormatIndicator = 1  # UTF-8
    properties.ContentType = "application/json"
    properties.UserProperty = ("webhook-id", key)
    return properties


def _name(code: ReasonCode) -> str:
    """Return what a code means, as the library says; of what the broker says beside it nothing is repeated."""
    return code.getName().lower()


def _explain(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return explain_distrust(error)
    return find_cause(error)
