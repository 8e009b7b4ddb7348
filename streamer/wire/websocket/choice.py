"""Which shape a connection has: by its path, else its sub-protocol, else its first message; pure.

path                              /media, /yeastar, /twilio, /audio-stream, each with anything behind a /, and Rapida's
sub-protocol, at other paths      media, audio.jambonz.org, audio.drachtio.org
first message, where neither is   an event's name or the fields of a JSON object, as in the tables below
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streamer.core.untrusted import printable
from streamer.wire.websocket import audio_stream, chan_websocket, twilio, yeastar
from streamer.wire.websocket.base import Maker, Upgrade
from streamer.wire.websocket.calls import RAPIDA_PATH
from streamer.wire.websocket.fields import find_text, parse_object

SHAPES: Mapping[str, Maker] = {
    chan_websocket.SOURCE: chan_websocket.ChanWebSocket,
    yeastar.SOURCE: yeastar.Yeastar,
    twilio.SOURCE: twilio.Twilio,
    audio_stream.SOURCE: audio_stream.AudioStream,
}
"""What makes the decoder of a connection, by the name of its protocol."""

PATHS: Mapping[str, str] = {
    "/media": chan_websocket.SOURCE,
    "/yeastar": yeastar.SOURCE,
    "/twilio": twilio.SOURCE,
    "/audio-stream": audio_stream.SOURCE,
}

SUBPROTOCOLS: Mapping[str, str] = {
    chan_websocket.SUBPROTOCOL: chan_websocket.SOURCE,
    **dict.fromkeys(audio_stream.SUBPROTOCOLS, audio_stream.SOURCE),
}

EVENTS: Mapping[str, str] = {
    "MEDIA_START": chan_websocket.SOURCE,
    "connected": twilio.SOURCE,
    "start": twilio.SOURCE,
}
"""First messages by the event that they name."""

FIELDS: Mapping[frozenset[str], str] = {
    frozenset({"callid", "channelid"}): yeastar.SOURCE,
    frozenset({"sampleRate", "mixType"}): audio_stream.SOURCE,
}
"""First messages by fields that they have, all of a row's."""

_LONGEST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a connection is none of ours, as a line for its peer and the user; what came is escaped in it."""

    line: str


def choose(upgrade: Upgrade, first_message: str | bytes | None = None) -> Maker | Refusal | None:
    """Return what decodes a connection; None as long as its first text has to be waited for.

    A binary message decides nothing, because audio may come before the text that describes it.
    """
    source = find_by_path(upgrade.path) or _find_by_subprotocol(upgrade)
    if not source:
        if not isinstance(first_message, str):
            return None
        source = _find_by_text(first_message)
    return SHAPES[source] if source else Refusal(explain_unknown(upgrade, first_message))


def choose_subprotocol(upgrade: Upgrade) -> str:
    """Return the sub-protocol to answer: the first of those offered that the connection's shape has; empty for none."""
    source = find_by_path(upgrade.path) or _find_by_subprotocol(upgrade)
    fitting = (name for name in upgrade.subprotocols if SUBPROTOCOLS.get(name) == source)
    return next(fitting, "") if source else ""


def find_by_path(path: str) -> str:
    """Return the protocol of a path, empty if it says nothing."""
    rest = path.removeprefix(RAPIDA_PATH).rstrip("/")
    if path.startswith(RAPIDA_PATH) and "/" not in rest:
        return chan_websocket.SOURCE
    return next((PATHS[known] for known in PATHS if f"{path}/".startswith(f"{known}/")), "")


def _find_by_subprotocol(upgrade: Upgrade) -> str:
    return next((SUBPROTOCOLS[name] for name in upgrade.subprotocols if name in SUBPROTOCOLS), "")


def _find_by_text(message: str) -> str:
    if message.split(maxsplit=1)[:1] == ["MEDIA_START"]:
        return chan_websocket.SOURCE
    fields = parse_object(message) or {}
    if source := EVENTS.get(find_text(fields, "event")):
        return source
    return next((source for names, source in FIELDS.items() if names <= fields.keys()), "")


def explain_unknown(upgrade: Upgrade, first_message: str | bytes | None) -> str:
    """Show what came, in a line for the peer and the user."""
    asked = ", ".join(printable(name, limit=_LONGEST_SHOWN) for name in upgrade.subprotocols[:5])
    return (
        f"the path {printable(upgrade.path, limit=_LONGEST_SHOWN)}, the sub-protocol {asked or '(none)'} and the first"
        f" message, {_show(first_message)}, are those of no protocol that is known here; connect to one of"
        f" {', '.join(PATHS)}"
    )


def _show(message: str | bytes | None) -> str:
    match message:
        case None:
            return "which did not come"
        case bytes():
            return f"{len(message)} bytes that are no text"
        case str():
            return f"`{printable(message, limit=_LONGEST_SHOWN)}`"
