"""The protocols with sockets on: those by which we call a PBX, and those by which calls come to us.

Each table has one line a protocol, under the name that its calls have as their `source`; `wire.protocols` has the facts of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from streamer.core.listening import WEBSOCKET
from streamer.errors import UsageError
from streamer.wire.protocols import AUDIOSOCKET, CHAN_WEBSOCKET, PROTOCOLS, STREAM_CHANNEL
from streamer.wire.stream_channel import public_url
from streamer.wire.websocket.incoming import is_address

if TYPE_CHECKING:
    from streamer.config import Settings
    from streamer.core.audio import Leg
    from streamer.sources.base import Inbound, Outgoing
    from streamer.sources.inbound import ServerOptions

MakeOutgoing = Callable[["Settings", "tuple[Leg, ...]"], "Outgoing"]
"""Takes settings and a call's legs; raises UsageError if they cannot be meant. Connects nothing."""

MakeInbound = Callable[["ServerOptions"], "Inbound"]


def _make_stream_channel(settings: Settings, legs: tuple[Leg, ...]) -> Outgoing:
    from streamer.sources.stream_channel.outgoing import plan_stream_channel

    return plan_stream_channel(settings, legs)


def _make_chan_websocket(settings: Settings, legs: tuple[Leg, ...]) -> Outgoing:
    from streamer.sources.websocket.outgoing import plan_chan_websocket

    return plan_chan_websocket(settings, legs)


def _make_audiosocket(options: ServerOptions) -> Inbound:
    from streamer.sources.audiosocket.server import AudioSocketServer

    return AudioSocketServer(options)


def _make_websocket(options: ServerOptions) -> Inbound:
    from streamer.sources.websocket.server import WebSocketServer

    return WebSocketServer(options)


OUTGOING: Mapping[str, MakeOutgoing] = {
    STREAM_CHANNEL.name: _make_stream_channel,
    CHAN_WEBSOCKET.name: _make_chan_websocket,
}
"""Protocols by which we ask a PBX for the audio of a channel."""

INBOUND: Mapping[str, MakeInbound] = {
    AUDIOSOCKET.name: _make_audiosocket,
    WEBSOCKET: _make_websocket,
}
"""Kinds of listeners for a PBX that connects to us; that for WebSockets takes every shape of media, and each of its calls says which it has."""

COMING: frozenset[str] = frozenset(PROTOCOLS) - {STREAM_CHANNEL.name}
"""What calls that came to us have as their `source`; we may have asked for one of chan_websocket or ARI, too."""


def choose_way(legs: Sequence[Leg]) -> str:
    """Return the protocol by which a call's legs are asked for: one whose channel is an address waits there, by chan_websocket.

    Raises:
        UsageError: The legs have not all the same.
    """
    waiting = [leg for leg in legs if is_address(leg.channel)]
    if waiting and len(waiting) < len(legs):
        named = next(leg for leg in legs if leg not in waiting)
        raise UsageError(
            f"one call cannot have both {public_url(waiting[0].channel)}, which is an address of chan_websocket, and"
            f" {named.channel}, which is a channel's name; record them by two commands"
        )
    return (CHAN_WEBSOCKET if waiting else STREAM_CHANNEL).name
