"""The tables `[[webhook]]` and `[mqtt]` of the config file: who is told what happens to calls."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import SplitResult, urlsplit

from streamer.core.untrusted import printable
from streamer.errors import UsageError

EVENTS = ("call_started", "final", "alert", "dtmf", "hold", "unclear", "mark", "call_ended")
"""What may be passed on: the events that are stored."""

STANDARD, RAPIDA = "standard", "rapida"
RAPIDA_EVENTS = ("call_started", "call_ended")
MQTT = "mqtt"
LONGEST_NAME = 64
MOST_WEBHOOKS = 50
LONGEST_TOPIC = 1000
"""Bytes; MQTT has room for 65,535."""

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}")


@dataclass(frozen=True, slots=True)
class WebhookTable:
    """One endpoint, checked; `secret` is as the file has it."""

    name: str
    """By which the database knows what it has yet to get; nothing of it is secret."""
    url: str
    secret: str
    events: tuple[str, ...]
    format: str = STANDARD
    ca: str = ""


@dataclass(frozen=True, slots=True)
class MqttTable:
    """Where events are published; `password` is as the file has it."""

    url: str
    topic: str
    user: str = ""
    password: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""
    events: tuple[str, ...] = EVENTS
    name: str = MQTT


def read_webhooks(tables: Sequence[Mapping[str, Any]], *, where: str) -> tuple[WebhookTable, ...]:
    """Read the tables; `where` they stand begins each message.

    Raises:
        UsageError: One cannot be meant, or two have one name. No message repeats a secret, nor a URL, which may hold one.
    """
    read: dict[str, WebhookTable] = {}
    for number, table in enumerate(tables, start=1):
        webhook = read_webhook(table, where=f"{where}: webhook {number}")
        if webhook.name in read or webhook.name == MQTT:
            raise UsageError(
                f"{where}: webhook {number} has the name of another one, {webhook.name}; give it a name of its own"
            )
        read[webhook.name] = webhook
    if len(read) > MOST_WEBHOOKS:
        raise UsageError(f"{where} has {len(read)} webhooks; {MOST_WEBHOOKS} are possible")
    return tuple(read.values())


def read_webhook(table: Mapping[str, Any], *, where: str) -> WebhookTable:
    """Read one table.

    Raises:
        UsageError: As with `read_webhooks`.
    """
    for name, value in table.items():
        check_webhook_key(name, value, where=where)
    form = table.get("format", STANDARD)
    for name in ("url", "events", *(["secret"] if form == STANDARD else [])):
        if name not in table:
            raise UsageError(f"{where} has no {name}; add one")
    known = RAPIDA_EVENTS if form == RAPIDA else EVENTS
    events = tuple(dict.fromkeys(table["events"]))
    for event in events:
        if event not in known:
            raise UsageError(f"{where}: the format {form} has no {event}, but {', '.join(known)}")
    name = table.get("name") or _make_name(table["url"])
    return WebhookTable(
        name, table["url"], table.get("secret", ""), events, form, table.get("ca", "")
    )


def check_webhook_key(name: str, value: Any, *, where: str) -> None:
    """Check a key of a table and its value.

    Raises:
        UsageError: The key is unknown, or its value is of no use.
    """
    _check(name, value, _WEBHOOK_KEYS, where=where)


def read_mqtt(table: Mapping[str, Any], *, where: str) -> MqttTable | None:
    """Read the table; None if there is none.

    Raises:
        UsageError: It cannot be meant.
    """
    if not table:
        return None
    for name, value in table.items():
        _check(name, value, _MQTT_KEYS, where=where)
    for name in ("url", "topic"):
        if name not in table:
            raise UsageError(f"{where} has no {name}; add one")
    _check_together(table, where=where)
    rest = {name: value for name, value in table.items() if name != "events"}
    events = table.get("events", list(EVENTS))
    for event in events:
        if event not in EVENTS:
            raise UsageError(
                f"{where}: there is no event {printable(event)}, but {', '.join(EVENTS)}"
            )
    return MqttTable(**rest, events=tuple(dict.fromkeys(events)))


def _check_together(table: Mapping[str, Any], *, where: str) -> None:
    """Refuse what would be passed over in silence."""
    for name, needed in (("password", "user"), ("key", "cert")):
        if name in table and needed not in table:
            raise UsageError(f"{where} has a {name} and no {needed}; add {needed}")
    is_encrypted = urlsplit(table["url"]).scheme == "mqtts"
    for name in ("ca", "cert"):
        if name in table and not is_encrypted:
            raise UsageError(f"{where}: {name} is of use with mqtts:// alone; change url")


def _make_name(url: str) -> str:
    """Return a name with the host alone: the rest of a URL may be secret."""
    host = urlsplit(url).hostname or ""
    shown = re.sub(r"[^A-Za-z0-9.-]", "-", host)[: LONGEST_NAME // 2].strip(".-")
    return f"{shown or 'webhook'}-{sha256(url.encode(errors='replace')).hexdigest()[:8]}"


def _check(
    name: str, value: Any, keys: Mapping[str, tuple[Callable[[Any], bool], str]], *, where: str
) -> None:
    if name not in keys:
        (nearest,) = difflib.get_close_matches(name, keys, n=1, cutoff=0.0)
        raise UsageError(
            f"{where} has the unknown key {printable(name)}; the nearest known one is {nearest}"
        )
    is_right, wanted = keys[name]
    if not is_right(value):
        raise UsageError(f"{where}: {name} must be {wanted}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _split(value: Any) -> SplitResult | None:
    if not isinstance(value, str) or printable(value) != value or " " in value:
        return None
    try:
        parts = urlsplit(value)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def _is_web_url(value: Any) -> bool:
    parts = _split(value)
    return parts is not None and parts.scheme in ("http", "https") and "@" not in parts.netloc


def _is_mqtt_url(value: Any) -> bool:
    parts = _split(value)
    return (
        parts is not None
        and parts.scheme in ("mqtt", "mqtts")
        and "@" not in parts.netloc
        and parts.path in ("", "/")
    )


def _is_topic(value: Any) -> bool:
    is_plain = _is_text(value) and printable(value) == value and not set(value) & set("#+\0")
    return is_plain and len(value.encode(errors="replace")) <= LONGEST_TOPIC


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


_CA = (_is_text, "a PEM file")
_EVENTS = (_is_texts, f"a list of {', '.join(EVENTS)}")

_WEBHOOK_KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (
        lambda value: isinstance(value, str) and _NAME.fullmatch(value) is not None,
        f"1 to {LONGEST_NAME} letters, digits, dots, dashes",
    ),
    "url": (
        _is_web_url,
        "an address such as https://crm.example.com/hook, without user and password",
    ),
    "secret": (_is_text, "a string, @FILE or $NAME"),
    "events": _EVENTS,
    "format": (lambda value: value in (STANDARD, RAPIDA), f"{STANDARD} or {RAPIDA}"),
    "ca": _CA,
}
"""Of each key: whether a value may be meant, and what is wanted."""

_MQTT_KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "url": (_is_mqtt_url, "an address such as mqtt://broker.example.com:1883, or mqtts:// for TLS"),
    "topic": (
        _is_topic,
        f"a topic such as streamer, without # and +, {LONGEST_TOPIC} bytes at most",
    ),
    "user": (_is_text, "a string"),
    "password": (_is_text, "a string, @FILE or $NAME"),
    "events": _EVENTS,
    "ca": _CA,
    "cert": _CA,
    "key": _CA,
}
