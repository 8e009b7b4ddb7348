"""Who belongs to a call: what a PBX lists and tells goes in, what to tap, to leave and to note comes out. Pure; the caller has the clock.

Theory of operation. A call is about its *principals*: the channels that a user has named, and whoever they hand it on to. Who is in a bridge
with a principal is a member. A member is left when its channel ends, or when it has been away from every principal for `AWAY_S`. A principal
that transfers the other party makes that one a principal, so the call goes on without it; when none is left, the rest may still end by
itself for `GRACE_S`, which tells why, and is left then.

A call may be bound to a room, a bridge that people join and leave: then only who is in it is a principal, all of them or, where it is about one
member, that one; the call is over when none of these is left in it.

Announcers, recorders, snoops and media are nobody, and so is who waits in a holding bridge. A phone that only rings is in no bridge. Events
may come twice, and those of a gap are lost: `look` takes a list for what there is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

from streamer.ari.roster import is_nobody, is_party
from streamer.core.events import Cause
from streamer.wire.ari.answers import Bridge, Channel
from streamer.wire.ari.events import (
    AttendedTransferred,
    BlindTransferred,
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
    KeyReleased,
    LeftBridge,
    Message,
    PeersChanged,
    Unheld,
)
from streamer.wire.ari.ids import is_own_id
from streamer.wire.ari.requests import Spy

TYPES = (
    *("StasisStart", "StasisEnd", "ChannelDestroyed", "ChannelEnteredBridge", "ChannelLeftBridge"),
    *("BridgeDestroyed", "BridgeMerged", "BridgeBlindTransfer", "BridgeAttendedTransfer"),
    *("ChannelHold", "ChannelUnhold", "ChannelDtmfReceived", "ChannelVarset", "Dial"),
    *("ChannelStateChange", "ChannelConnectedLine", "ApplicationReplaced"),
)
"""The events that can change who belongs to a call, or are noted."""

AWAY_S = 2.0
"""Seconds that a member may be without a principal; what is redirected enters its next bridge within some 0.4 s."""

GRACE_S = 0.5
"""Seconds for the members' own ends when the last principal has gone, and for the end of a channel that is not listed any more; they follow
within 25 ms as a rule."""

_HOLDING = "holding_bridge"
_MEETS_SOMEBODY = frozenset(
    {"Dial", "Queue", "ConfBridge", "MeetMe", "FollowMe", "Page", "RetryDial"}
)
"""What a channel does that is about to have another party; until then it hears ringing or music."""

_MOST_REMEMBERED = 200


@dataclass(frozen=True, slots=True)
class Join:
    """Tap what a channel's party says, or what it hears."""

    channel: Channel
    spy: Spy


@dataclass(frozen=True, slots=True)
class Leave:
    """A tap is over, because its channel has ended with a cause, or is no part of the call any more."""

    channel: str
    spy: Spy
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class HoldChanged:
    """The party of a channel has put the others on hold, or taken them back."""

    channel: str
    is_held: bool


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The party of a channel has pressed a key."""

    channel: str
    digit: str


Decision = Join | Leave | HoldChanged | KeyPressed


@dataclass(slots=True)
class _Member:
    channel: Channel
    spies: list[Spy] = field(default_factory=list)
    is_held: bool = False
    away_since: float | None = None


class Membership:
    """One call; `needs_look` says that something has happened which only a new list can tell."""

    def __init__(
        self, principals: Collection[str], *, room: str = "", is_of_all: bool = False
    ) -> None:
        self.needs_look = True
        self._room, self._is_of_all = room, is_of_all
        self._principals = set(principals)
        self._members: dict[str, _Member] = {}
        self._known: dict[str, Channel] = {}
        self._bridges: dict[str, Bridge] = {}
        self._has_begun = False
        self._over_at = inf
        self._missing: dict[str, float] = {}
        """Channels that were not listed, and since when: why they have ended is told a moment before or after."""
        self._waiting: list[tuple[Message, float]] | None = None  # as many as come during a look
        self._told: deque[tuple[str, datetime]] = deque(maxlen=_MOST_REMEMBERED)

    @property
    def members(self) -> tuple[Channel, ...]:
        """The channels that are tapped, or are about to be."""
        return tuple(member.channel for member in self._members.values())

    @property
    def sources(self) -> frozenset[str]:
        """What has to be heard of, as ARI names it: the members, and the bridges that they are in."""
        bridges = (b.id for b in self._bridges.values() if self._members.keys() & b.channels)
        channels = {f"channel:{channel}" for channel in self._members}
        return frozenset(channels | {f"bridge:{bridge}" for bridge in bridges})

    @property
    def due(self) -> float:
        """When `tick` has something to do, without anything happening before."""
        away = (m.away_since + AWAY_S for m in self._members.values() if m.away_since is not None)
        missing = (since + GRACE_S for since in self._missing.values())
        return min(self._over_at, *away, *missing, inf)

    def expect_look(self) -> None:
        """Hold events back until `look`: what ends while the list is read may still be in it."""
        self.needs_look = False
        self._waiting = []

    def give_up_look(self) -> list[Decision]:
        """Take the events that were held back, without a list."""
        return self._take_waiting()

    def look(
        self, channels: Collection[Channel], bridges: Collection[Bridge], now: float
    ) -> list[Decision]:
        """Take a list for what there is, and then the events that came while it was read."""
        self.needs_look = False
        self._known = {channel.id: channel for channel in channels}
        self._bridges = {bridge.id: bridge for bridge in bridges}
        ours = self._principals.union(self._members)
        self._missing = {
            channel: self._missing.get(channel, now) for channel in ours - self._known.keys()
        }
        decisions = [] if self._has_begun else list(self._begin())
        return decisions + self._settle(now) + self._take_waiting()

    def take(self, message: Message, now: float) -> list[Decision]:
        """Take what has happened."""
        if self._waiting is not None:
            self._waiting.append((message, now))
            return []
        if self._was_told(message):
            return []
        return [*self._take(message.event, now), *self._settle(now)]

    def tick(self, now: float) -> list[Decision]:
        """Do what is due by time alone."""
        gone = [channel for channel, since in self._missing.items() if now >= since + GRACE_S]
        ended = [decision for channel in gone for decision in self._end(channel, None, now)]
        return ended + self._settle(now)

    def _take_waiting(self) -> list[Decision]:
        waiting, self._waiting = self._waiting or [], None
        return [decision for message, at in waiting for decision in self.take(message, at)]

    def _was_told(self, message: Message) -> bool:
        """Say whether a key was told before, which changes nothing else that could show it."""
        if not isinstance(message.event, KeyReleased) or message.at is None:
            return False
        key = message.event.channel.id, message.at
        if key in self._told:
            return True
        self._told.append(key)
        return False

    def _begin(self) -> Iterator[Decision]:
        """Tap the named channels; of a single one whose partner is not known, also what it hears."""
        self._has_begun = True
        named = [self._known[i] for i in self._principals if i in self._known]
        for channel in sorted(named, key=_age):
            yield self._join(channel)
            is_talking = channel.state == "Up" and channel.application not in _MEETS_SOMEBODY
            if len(named) == 1 and is_talking and not self._find_others(channel.id):
                self._members[channel.id].spies.append(Spy.HEARD)
                yield Join(channel, Spy.HEARD)

    def _take(self, event: Event, now: float) -> list[Decision]:
        match event:
            case EnteredBridge(bridge, channel) | LeftBridge(bridge, channel):
                self._bridges[bridge.id] = bridge
                self._know(channel)
            case BridgeCreated(bridge):
                self._bridges.setdefault(bridge.id, bridge)  # a list may have known more of it
            case BridgeDestroyed(bridge):
                self._bridges.pop(bridge.id, None)
            case BridgesMerged(bridge, merged_from):
                self._bridges[bridge.id] = bridge
                self._bridges.pop(merged_from.id, None)
            case ChannelCreated(channel) | ChannelStateChanged(channel):
                self._know(channel)
            case ChannelUpdated(channel):
                before = self._known.get(channel.id, channel)
                self.needs_look |= self._has(channel) and before.connected != channel.connected
                self._know(channel)
            case Dialled(peer, caller, status):
                self._know(peer)
                self.needs_look |= status == "ANSWER" and caller is not None and self._has(caller)
            case PeersChanged(channel, names):
                self._compare_peers(channel, names)
            case BlindTransferred() | AttendedTransferred():
                self._hand_on(event)
            case ChannelDestroyed(channel, cause, text):
                self._known.pop(channel.id, None)
                return self._end(channel.id, Cause(cause, text), now)
            case Held(channel):
                return self._hold(channel.id, is_held=True)
            case Unheld(channel):
                return self._hold(channel.id, is_held=False)
            case KeyReleased(channel, digit) if self._has(channel):
                return [KeyPressed(channel.id, digit)]
            case _:
                pass
        return []

    def _know(self, channel: Channel) -> None:
        self._known[channel.id] = channel

    def _has(self, channel: Channel) -> bool:
        return channel.id in self._members

    def _compare_peers(self, channel: Channel, names: Collection[str]) -> None:
        """Ask for a look if a member meets somebody: it is told of the member, not of a bridge that is new."""
        if self._has(channel):
            known = {member.channel.name for member in self._members.values()}
            self.needs_look |= any(name not in known and not is_nobody(name) for name in names)

    def _hand_on(self, transfer: BlindTransferred | AttendedTransferred) -> None:
        """Let the call be about those whom a principal has joined, or sent elsewhere."""
        if isinstance(transfer, BlindTransferred):
            leaving, staying = [transfer.channel], [transfer.transferee]
        else:
            leaving = [transfer.first_leg, transfer.second_leg]
            staying = [transfer.transferee, transfer.target]
        self.needs_look |= any(map(self._has, leaving))
        for channel in staying:
            if channel is not None:
                self._know(channel)
                if any(gone.id in self._principals for gone in leaving) and is_party(channel):
                    self._principals.add(channel.id)
        if self._principals:
            self._over_at = inf

    def _hold(self, channel: str, *, is_held: bool) -> list[Decision]:
        member = self._members.get(channel)
        if member is None or member.is_held == is_held:
            return []
        member.is_held = is_held
        return [HoldChanged(channel, is_held)]

    def _end(self, channel: str, cause: Cause | None, now: float) -> list[Decision]:
        self._missing.pop(channel, None)
        if channel in self._principals:
            self._principals.discard(channel)
            if not self._principals:
                self._over_at = now + GRACE_S
        return self._leave(channel, cause)

    def _leave(self, channel: str, cause: Cause | None = None) -> list[Decision]:
        member = self._members.pop(channel, None)
        return [] if member is None else [Leave(channel, spy, cause) for spy in member.spies]

    def _join(self, channel: Channel) -> Join:
        self._members[channel.id] = _Member(channel, [Spy.SAID])
        return Join(channel, Spy.SAID)

    def _settle(self, now: float) -> list[Decision]:
        """Bring the members in line with the bridges."""
        if self._room:
            self._keep_to_room(now)
        if now >= self._over_at:
            return [
                decision for channel in list(self._members) for decision in self._leave(channel)
            ]
        decisions: list[Decision] = []
        for bridge in self._bridges.values():
            if _is_conversation(bridge) and self._principals & set(bridge.channels):
                decisions += self._gather(bridge)
        return [*decisions, *self._part(now)]

    def _keep_to_room(self, now: float) -> None:
        """Let only those be principals who are in the room."""
        bridge = self._bridges.get(self._room)
        inside = set(bridge.channels) if bridge else set[str]()
        if self._is_of_all:
            self._principals = {i for i in inside if i in self._known and is_party(self._known[i])}
        else:
            self._principals &= inside
        if not self._principals:
            self._over_at = min(self._over_at, now + GRACE_S)

    def _gather(self, bridge: Bridge) -> Iterator[Decision]:
        """Have everybody in a principal's bridge as a member."""
        for identity in bridge.channels:
            channel = self._known.get(identity)
            if channel is None:
                self.needs_look |= not is_own_id(identity)
            elif is_party(channel):
                if identity not in self._members:
                    yield self._join(channel)
                yield from self._stop_hearing(bridge, identity)

    def _stop_hearing(self, bridge: Bridge, identity: str) -> Iterator[Decision]:
        """Stop tapping what a channel hears once its other party is tapped itself."""
        member = self._members[identity]
        if Spy.HEARD in member.spies and self._find_others(identity):
            member.spies.remove(Spy.HEARD)
            yield Leave(identity, Spy.HEARD)

    def _part(self, now: float) -> Iterator[Decision]:
        """Leave those who have been without a principal for long."""
        near = self._principals.union(
            *(b.channels for b in self._bridges.values() if self._principals & set(b.channels))
        )
        for identity, member in list(self._members.items()):
            if identity in near or self._over_at < inf:
                member.away_since = None
            elif member.away_since is None:
                member.away_since = now
            elif now >= member.away_since + AWAY_S:
                yield from self._leave(identity)

    def _find_others(self, channel: str) -> bool:
        """Say whether a channel is in a bridge with another party."""
        return any(
            other != channel and other in self._known and is_party(self._known[other])
            for bridge in self._bridges.values()
            if _is_conversation(bridge) and channel in bridge.channels
            for other in bridge.channels
        )


def _is_conversation(bridge: Bridge) -> bool:
    return bridge.technology != _HOLDING and not is_own_id(bridge.id)


def _age(channel: Channel) -> tuple[float, str]:
    return (channel.created.timestamp() if channel.created else 0.0, channel.id)
