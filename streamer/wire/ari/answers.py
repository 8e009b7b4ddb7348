"""What ARI answers, read so that nothing in it can raise: what has the wrong kind counts as absent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from streamer.wire.ari.ids import is_segment
from streamer.wire.websocket.fields import Fields, find_object, find_text

MOST_ANSWER = 1 << 24
"""Characters of an answer that are looked at: some 40,000 channels."""

_LONGEST_REASON = 200
_MOST_MOMENTS = 4_096
"""Times that are remembered: each event of a channel has that of its beginning, and reading one costs more than all the rest."""


@dataclass(frozen=True, slots=True)
class Party:
    """A name and a number as the PBX knows them; empty where it does not."""

    name: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel at one moment; `application` is what its dialplan does, with the `arguments`."""

    id: str
    name: str = ""
    state: str = ""
    caller: Party = Party()
    connected: Party = Party()
    context: str = ""
    exten: str = ""
    application: str = ""
    arguments: str = ""
    created: datetime | None = None
    media_id: str = ""
    """Where an external medium over a WebSocket waits for us, behind `/media/`."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge at one moment, with the ids of the channels in it; `kind` is `basic`, `base` or `stasis`."""

    id: str
    channels: tuple[str, ...] = ()
    kind: str = ""
    creator: str = ""
    name: str = ""
    technology: str = ""
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """An application that has an events socket open, or of which something is left since."""

    name: str
    channels: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """What it follows, as it is subscribed to."""
        kinds = {
            "channel": self.channels,
            "bridge": self.bridges,
            "endpoint": self.endpoints,
            "deviceState": self.devices,
        }
        return tuple(f"{kind}:{one}" for kind, ids in kinds.items() for one in ids)


_FOLLOWED = ("channel_ids", "bridge_ids", "endpoint_ids", "device_names")


def parse_document(text: str) -> Any:
    """Return what a JSON document holds; None for what is none, too long, or nested too deep."""
    if len(text) > MOST_ANSWER:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def read_channels(document: Any) -> list[Channel]:
    """Return the channels of a list, without what is none."""
    return [channel for one in _list(document) if (channel := read_channel(one))]


def read_bridges(document: Any) -> list[Bridge]:
    """Return the bridges of a list, without what is none."""
    return [bridge for one in _list(document) if (bridge := read_bridge(one))]


def read_applications(document: Any) -> list[Application]:
    """Return the applications of a list, without what is none."""
    return [
        Application(name, *(_texts(one.get(ids)) for ids in _FOLLOWED))
        for one in _list(document)
        if isinstance(one, dict) and (name := find_text(one, "name"))
    ]


def read_channel(value: Any) -> Channel | None:
    """Return a channel; None if it has no id that could be asked for."""
    if not isinstance(value, dict) or not is_segment(identity := find_text(value, "id")):
        return None
    dialplan = find_object(value, "dialplan")
    return Channel(
        identity,
        find_text(value, "name"),
        find_text(value, "state"),
        _read_party(value, "caller"),
        _read_party(value, "connected"),
        find_text(dialplan, "context"),
        find_text(dialplan, "exten"),
        find_text(dialplan, "app_name"),
        find_text(dialplan, "app_data"),
        read_moment(find_text(value, "creationtime")),
        find_text(find_object(value, "channelvars"), "MEDIA_WEBSOCKET_CONNECTION_ID"),
    )


def read_bridge(value: Any) -> Bridge | None:
    """Return a bridge; None if it has no id that could be asked for."""
    if not isinstance(value, dict) or not is_segment(identity := find_text(value, "id")):
        return None
    return Bridge(
        identity,
        _texts(value.get("channels")),
        find_text(value, "bridge_class"),
        find_text(value, "creator"),
        find_text(value, "name"),
        find_text(value, "technology"),
        read_moment(find_text(value, "creationtime")),
    )


def read_value(document: Any) -> str:
    """Return a variable; empty if there is none."""
    return find_text(document, "value") if isinstance(document, Mapping) else ""


def read_version(document: Any) -> str:
    """Return the version that `/asterisk/info` names; empty if it names none."""
    return find_text(find_object(document, "system"), "version") if _is_object(document) else ""


def read_modules(document: Any) -> dict[str, str]:
    """Return the state of each module of a list, such as `Running`, by its name without `.so`."""
    return {
        name.removesuffix(".so"): find_text(one, "status")
        for one in _list(document)
        if isinstance(one, dict) and (name := find_text(one, "name"))
    }


def read_reason(document: Any) -> str:
    """Return why a request was refused; Asterisk says `message`, and for what it could not allocate `error`."""
    return find_text(document, "message", "error")[:_LONGEST_REASON] if _is_object(document) else ""


@lru_cache(_MOST_MOMENTS)
def read_moment(text: str) -> datetime | None:
    """Return a time as ARI writes it, such as `2026-11-28T07:28:50.622+0000`; None for what is none."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _read_party(fields: Fields, name: str) -> Party:
    party = find_object(fields, name)
    return Party(find_text(party, "name"), find_text(party, "number"))


def _is_object(document: Any) -> bool:
    return isinstance(document, dict)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(
        text for one in _list(value) if isinstance(one, str) and (text := find_text({"": one}, ""))
    )
