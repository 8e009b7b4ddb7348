"""Who is on the phone: the channels and bridges of a PBX, as they were listed and as events have changed them since.

Events may come twice, and may be older than the list; what is kept of a channel or bridge is the newest that was said of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from streamer.wire.ari.answers import Bridge, Channel
from streamer.wire.ari.events import (
    BridgeCreated,
    BridgeDestroyed,
    BridgesMerged,
    ChannelCreated,
    ChannelDestroyed,
    ChannelStateChanged,
    ChannelUpdated,
    Dialled,
    EnteredBridge,
    Event,
    Held,
    LeftBridge,
    StasisEnded,
    StasisStarted,
    Unheld,
)
from streamer.wire.ari.ids import is_own_id

TYPES = (
    *("ChannelCreated", "ChannelStateChange", "ChannelDestroyed", "ChannelCallerId"),
    *("ChannelConnectedLine", "ChannelHold", "ChannelUnhold", "Dial", "BridgeCreated"),
    *("BridgeDestroyed", "BridgeMerged", "ChannelEnteredBridge", "ChannelLeftBridge"),
    *("StasisStart", "StasisEnd", "ApplicationReplaced"),
)
"""The events that can change a roster."""

ENDED = "Ended"
"""The state of a channel that has gone; none of Asterisk's."""

_NOBODY = ("Snoop/", "CBAnn/", "CBRec/", "Announcer/", "Recorder/", "Message/", "MulticastRTP/")
_MEDIA = ("AudioSocket/", "WebSocket/", "UnicastRTP/")
_MADE_BY_ARI = ("AppDial2", "Stasis", "")


@dataclass(frozen=True, slots=True)
class Line:
    """A channel as it is listed; `connected` is whom it speaks with, both are numbers."""

    channel: Channel
    bridge: str | None = None
    linkedid: str | None = None
    codec: str | None = None
    tapped: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it is listed for the last time."""
        return self.channel.state == ENDED


class Roster:
    """The channels that are there; `unread` are those whose variables must be read, again or for the first time."""

    def __init__(self) -> None:
        self.unread: set[str] = set()
        self._early: list[Event] | None = []  # as many as come while the list is read
        self._channels: dict[str, Channel] = {}
        self._bridges: dict[str, Bridge] = {}
        self._variables: dict[str, tuple[str | None, str | None]] = {}

    def expect_list(self) -> None:
        """Hold events back until `begin`: what ends while the list is read may still be in it."""
        self._early = []

    def begin(self, channels: Collection[Channel], bridges: Collection[Bridge]) -> None:
        """Take a list for what there is, and then the events that came while it was read; nothing else is left."""
        self._channels = {channel.id: channel for channel in channels if is_party(channel)}
        self._bridges = {bridge.id: bridge for bridge in bridges}
        self._variables = {i: v for i, v in self._variables.items() if i in self._channels}
        self.unread = set(self._channels)
        early, self._early = self._early or [], None
        for event in early:
            self.take(event)

    def take(self, event: Event) -> None:
        """Take what has happened."""
        if self._early is not None:
            self._early.append(event)
            return
        match event:
            case ChannelDestroyed(channel):
                self._forget(channel)
            case EnteredBridge(bridge, channel) | LeftBridge(bridge, channel):
                self._bridges[bridge.id] = bridge
                self._keep(channel, must_be_read=True)
            case BridgeCreated(bridge):
                self._bridges[bridge.id] = bridge
            case BridgeDestroyed(bridge):
                self._bridges.pop(bridge.id, None)
            case BridgesMerged(bridge, merged_from):
                self._bridges[bridge.id] = bridge
                self._bridges[merged_from.id] = merged_from
            case ChannelCreated(channel) | ChannelStateChanged(channel) | ChannelUpdated(channel):
                self._keep(channel)
            case Held(channel) | Unheld(channel):
                self._keep(channel, must_be_read=True)
            case Dialled(peer, caller):
                self._keep(peer)
                if caller is not None:
                    self._keep(caller)
            case StasisStarted(channel) | StasisEnded(channel):
                self._keep(channel)
            case _:
                pass

    def note_variables(self, channel: str, linkedid: str | None, codec: str | None) -> None:
        """Take what was read of a channel, unless it has gone meanwhile."""
        if channel in self._channels:
            self._variables[channel] = linkedid, codec

    def list_lines(self, tapped: Mapping[str, str]) -> list[Line]:
        """Return a line a channel, the oldest first; `tapped` is the call of each channel that is recorded, by id or name."""
        lines = []
        for channel in sorted(self._channels.values(), key=_age):
            linkedid, codec = self._variables.get(channel.id, (None, None))
            call = tapped.get(channel.id) or tapped.get(channel.name)
            lines.append(Line(channel, self._find_bridge(channel.id), linkedid, codec, call))
        return lines

    def _keep(self, channel: Channel, *, must_be_read: bool = False) -> None:
        if not is_party(channel):
            return
        if must_be_read or channel.id not in self._channels:
            self.unread.add(channel.id)
        self._channels[channel.id] = channel

    def _forget(self, channel: Channel) -> None:
        self._channels.pop(channel.id, None)
        self._variables.pop(channel.id, None)
        self.unread.discard(channel.id)

    def _find_bridge(self, channel: str) -> str | None:
        return next((b.id for b in self._bridges.values() if channel in b.channels), None)


def is_party(channel: Channel) -> bool:
    """Say whether somebody is on the phone there: no snoop, announcer or recorder, and no medium that ARI has made."""
    if is_own_id(channel.id) or is_nobody(channel.name):
        return False
    return not (channel.name.startswith(_MEDIA) and channel.application in _MADE_BY_ARI)


def is_nobody(name: str) -> bool:
    """Say whether a channel of this name is an announcer, a recorder or the like."""
    return name.startswith(_NOBODY)


def list_changes(before: Collection[Line], now: Collection[Line]) -> list[Line]:
    """Return the lines that are new or other ones, and those of channels that have gone."""
    known = {line.channel.id: line for line in before}
    changed = [line for line in now if _shown(known.get(line.channel.id)) != _shown(line)]
    there = {line.channel.id for line in now}
    gone = [line for line in before if line.channel.id not in there]
    return changed + [
        replace(line, channel=replace(line.channel, state=ENDED), bridge=None) for line in gone
    ]


def read_codec(value: str) -> str | None:
    """Return the codec that CHANNEL(audionativeformat) names, such as `(ulaw)`; None if it names none."""
    return value.strip().removeprefix("(").removesuffix(")") or None


def _shown(line: Line | None) -> object:
    """Return of a line what is listed; a step in the dialplan is no change."""
    if line is None:
        return None
    return replace(
        line, channel=replace(line.channel, application="", arguments="", context="", exten="")
    )


def _age(channel: Channel) -> tuple[float, str]:
    return (channel.created.timestamp() if channel.created else 0.0, channel.id)
