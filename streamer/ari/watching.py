"""Which calls of a PBX are tapped by themselves: what it lists and tells goes in, what to begin, end and label comes out. Pure.

Theory of operation. A call is noticed when two parties are in one bridge: it has been answered. What its dialplan wishes is read then, once a
channel, and after that the first rule that fits decides, unless the dialplan has said start, stop or off. Who is in a call that is tapped
already begins none. What was decided for a bridge and a channel stays so: a call that was stopped, or found no room, is not begun again.

    in a bridge -> Noticed -> variables noted -> Begin -> tapped -> note_end
                                   `-> left alone       `-> End, Label
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase

from streamer.ari.roster import is_party
from streamer.core.watching import MEMBER, WatchRule
from streamer.wire.ari.answers import Bridge, Channel
from streamer.wire.ari.events import (
    BridgeDestroyed,
    BridgesMerged,
    ChannelCreated,
    ChannelDestroyed,
    ChannelStateChanged,
    ChannelUpdated,
    EnteredBridge,
    Event,
    LeftBridge,
    UserEvent,
)
from streamer.wire.ari.ids import is_own_id

TYPES = ("ChannelCreated", "ChannelUserevent")
"""The events that this needs besides those of `membership`."""

USER_EVENT = "streamer"
"""What a dialplan calls its event, in any case."""

_HOLDING, _ROOM = "holding_bridge", "base"
_NO_EXTEN = frozenset({"", "s", "h", "i", "t"})
_LONGEST_LABEL = 100
_ANSWERED = 2


class Wish(Enum):
    """What a dialplan says of a call; the first of several counts."""

    OFF = "off"
    STOP = "stop"
    START = "start"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Noticed:
    """A call has been answered: read what the dialplan wishes of these channels."""

    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begin:
    """Tap the call of these channels, the oldest first; `room` is the bridge that bounds it, empty where the channels do."""

    key: int
    channels: tuple[str, ...]
    room: str
    is_member: bool
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class End:
    """Stop tapping a call."""

    key: int


@dataclass(frozen=True, slots=True)
class Label:
    """Give a call a label."""

    key: int
    label: str


Decision = Noticed | Begin | End | Label


@dataclass(slots=True)
class _Known:
    """A channel, with where it came in, and what is said of it."""

    channel: Channel
    context: str
    exten: str
    wish: Wish = Wish.NONE
    label: str = ""
    is_asked: bool = False
    is_read: bool = False


@dataclass(frozen=True, slots=True)
class _Tapped:
    bridge: str
    channels: tuple[str, ...]
    rule: WatchRule | None


@dataclass
class Watch:
    """All calls of one PBX; `find_call` returns the tapped call that a channel belongs to."""

    rules: Sequence[WatchRule]
    find_call: Callable[[str], int | None]
    bridges: dict[str, Bridge] = field(default_factory=dict)
    _known: dict[str, _Known] = field(default_factory=dict)
    _tapped: dict[int, _Tapped] = field(default_factory=dict)
    _done: set[tuple[str, str]] = field(default_factory=set)
    """Bridges and channels for which it is decided."""
    _waiting: list[Event] | None = None  # as many as come during a look
    _made: int = 0

    @property
    def channels(self) -> list[Channel]:
        """Who is on the phone."""
        return [known.channel for known in self._known.values()]

    def expect_look(self) -> None:
        """Hold events back until `look`: what ends while the list is read may still be in it."""
        self._waiting = []

    def give_up_look(self) -> list[Decision]:
        """Take the events that were held back, without a list."""
        waiting, self._waiting = self._waiting or [], None
        return [decision for event in waiting for decision in self.take(event)]

    def look(self, channels: Collection[Channel], bridges: Collection[Bridge]) -> list[Decision]:
        """Take a list for what there is, and then the events that came while it was read."""
        there = {channel.id for channel in channels}
        for identity in self._known.keys() - there:
            del self._known[identity]
        for channel in channels:
            self._know(channel)
        self.bridges = {bridge.id: bridge for bridge in bridges}
        self._done = {one for one in self._done if one[0] in self.bridges and one[1] in there}
        decisions = [one for bridge in bridges for one in self._consider(bridge)]
        return [*decisions, *self.give_up_look()]

    def take(self, event: Event) -> list[Decision]:
        """Take what has happened."""
        if self._waiting is not None:
            self._waiting.append(event)
            return []
        match event:
            case EnteredBridge(bridge, channel) | LeftBridge(bridge, channel):
                self._know(channel)
                self.bridges[bridge.id] = bridge
                return list(self._consider(bridge))
            case BridgesMerged(bridge, merged_from):
                self.bridges[bridge.id] = bridge
                self._forget_bridge(merged_from)
                return list(self._consider(bridge))
            case BridgeDestroyed(bridge):
                self._forget_bridge(bridge)
            case ChannelCreated(channel) | ChannelStateChanged(channel) | ChannelUpdated(channel):
                self._know(channel)
            case ChannelDestroyed(channel):
                self._known.pop(channel.id, None)
                self._done = {one for one in self._done if one[1] != channel.id}
            case UserEvent(name, fields, channel) if name.casefold() == USER_EVENT and channel:
                self._know(channel)
                return list(self._obey(channel.id, fields))
            case _:
                pass
        return []

    def note_variables(self, channel: str, wish: str, label: str) -> list[Decision]:
        """Take what the dialplan has said of a channel in its variables."""
        known = self._known.get(channel)
        if known is None or known.is_read:
            return []
        known.is_read = True
        if known.wish is Wish.NONE or _read_wish(wish) is Wish.OFF:
            known.wish = _read_wish(wish)  # else an event has said something newer
        known.label = known.label or label[:_LONGEST_LABEL]
        return [d for b in self._list_bridges(channel) for d in self._consider(b)]

    def note_end(self, key: int, *, was_stopped: bool) -> list[Decision]:
        """Note that a call is no longer tapped; one that was stopped is not begun again, wherever its parties go."""
        tapped = self._tapped.pop(key, None)
        if tapped is None:
            return []
        for channel in tapped.channels:
            self._done.add((tapped.bridge, channel))
            if was_stopped and channel in self._known:
                self._known[channel].wish = Wish.STOP
        bridge = self.bridges.get(tapped.bridge)
        return list(self._consider(bridge)) if bridge else []

    def _know(self, channel: Channel) -> None:
        if not is_party(channel):
            return
        known = self._known.get(channel.id)
        if known is None:
            self._known[channel.id] = _Known(channel, channel.context, channel.exten)
        else:
            known.channel = channel

    def _forget_bridge(self, bridge: Bridge) -> None:
        self.bridges.pop(bridge.id, None)
        self._done = {one for one in self._done if one[0] != bridge.id}

    def _list_bridges(self, channel: str) -> list[Bridge]:
        return [bridge for bridge in self.bridges.values() if channel in bridge.channels]

    def _find_call(self, channel: str) -> int | None:
        begun = (key for key, tapped in self._tapped.items() if channel in tapped.channels)
        key = self.find_call(channel)
        return key if key is not None else next(begun, None)

    def _consider(self, bridge: Bridge) -> Iterator[Decision]:
        """Begin the call in a bridge, if it is one that is to be tapped and is not yet."""
        if bridge.technology == _HOLDING or is_own_id(bridge.id):
            return
        parties = self._list_parties(bridge)
        is_tapped = any(self._find_call(one.channel.id) is not None for one in parties)
        if is_tapped or len(parties) < _ANSWERED:
            return
        if unread := [one for one in parties if not one.is_read]:
            new = [one for one in unread if not one.is_asked]
            for one in new:
                one.is_asked = True
            if new:
                yield Noticed(tuple(one.channel.id for one in new))
            return
        yield from self._decide(bridge, parties)

    def _list_parties(self, bridge: Bridge) -> list[_Known]:
        """Return who is in a bridge, the oldest first."""
        parties = []
        for identity in bridge.channels:
            known = self._known.get(identity)
            if known is not None:
                parties.append(known)
        return sorted(parties, key=lambda one: _age(one.channel))

    def _decide(self, bridge: Bridge, parties: Sequence[_Known]) -> Iterator[Decision]:
        wish = _strongest(parties)
        if wish in (Wish.OFF, Wish.STOP):
            return
        found = self._find_rule(parties)
        rule, fitting = found if found else (None, parties)
        if found is None and wish is not Wish.START:
            return
        is_member = rule is not None and rule.boundary == MEMBER and bridge.kind == _ROOM
        fitting = [one for one in fitting if (bridge.id, one.channel.id) not in self._done]
        chosen = fitting[:1] if is_member else parties
        if not fitting or any((bridge.id, one.channel.id) in self._done for one in chosen):
            return
        if wish is not Wish.START and rule is not None and not self._has_room(rule, parties):
            self._done.update((bridge.id, one.channel.id) for one in chosen)
            return
        yield self._begin(bridge, parties, chosen, rule, is_member=is_member)

    def _find_rule(self, parties: Sequence[_Known]) -> tuple[WatchRule, list[_Known]] | None:
        """Return the first rule that fits, and whom it fits."""
        queues = {one for party in parties if (one := _read_queue(party.channel))}
        for rule in self.rules:
            if rule.queue and not any(_fits(rule.queue, queue) for queue in queues):
                continue
            if fitting := [party for party in parties if _is_meant(rule, party)]:
                return rule, fitting
        return None

    def _has_room(self, rule: WatchRule, parties: Sequence[_Known]) -> bool:
        """Say whether a call is one of the rule's share, and the rule has not too many already.

        The share is told by the oldest channel's id, so that two nodes take the same calls.
        """
        if _draw(parties[0].channel.id) >= rule.percentage:
            return False
        live = sum(tapped.rule is rule for tapped in self._tapped.values())
        return not rule.most or live < rule.most

    def _begin(
        self,
        bridge: Bridge,
        parties: Sequence[_Known],
        chosen: Sequence[_Known],
        rule: WatchRule | None,
        *,
        is_member: bool,
    ) -> Begin:
        self._made += 1
        channels = tuple(one.channel.id for one in chosen)
        self._tapped[self._made] = _Tapped(bridge.id, channels, rule)
        room = bridge.id if bridge.kind == _ROOM else ""
        return Begin(self._made, channels, room, is_member, _tell_facts(parties))

    def _obey(self, channel: str, fields: Mapping[str, str]) -> Iterator[Decision]:
        """Do what a dialplan says in an event."""
        said = {name.casefold(): value.strip() for name, value in fields.items()}
        action, label = said.get("action", "").casefold(), said.get("label", "")[:_LONGEST_LABEL]
        known, key = self._known.get(channel), self._find_call(channel)
        if known is None:
            return
        if label and action in ("label", "start"):
            known.label = label
            if key is not None:
                yield Label(key, label)
        if action == "stop":
            known.wish = Wish.OFF if known.wish is Wish.OFF else Wish.STOP
            if key is not None:
                yield End(key)
        elif action == "start" and known.wish is not Wish.OFF:
            yield from self._restart(channel)

    def _restart(self, channel: str) -> Iterator[Decision]:
        """Begin a call that may have been stopped before."""
        self._known[channel].wish = Wish.START
        for bridge in self._list_bridges(channel):
            self._done = {one for one in self._done if one[0] != bridge.id}
            for one in self._list_parties(bridge):
                if one.wish is Wish.STOP:
                    one.wish = Wish.NONE
            yield from self._consider(bridge)


def _read_wish(text: str) -> Wish:
    try:
        return Wish(text.strip().casefold())
    except ValueError:
        return Wish.NONE


def _strongest(parties: Sequence[_Known]) -> Wish:
    wishes = {one.wish for one in parties}
    return next(wish for wish in Wish if wish in wishes)


def _is_meant(rule: WatchRule, party: _Known) -> bool:
    channel = party.channel
    endpoint = channel.name.rpartition("-")[0] or channel.name
    asked = (
        (rule.context, (party.context, channel.context)),
        (rule.endpoint, (endpoint, channel.name)),
        (rule.caller, (channel.caller.number,)),
        (rule.did, (party.exten, channel.exten)),
    )
    return all(
        not pattern or any(_fits(pattern, value) for value in values) for pattern, values in asked
    )


def _fits(pattern: str, value: str) -> bool:
    return fnmatchcase(value.casefold(), pattern.casefold())


def _read_queue(channel: Channel) -> str:
    return channel.arguments.partition(",")[0].strip() if channel.application == "Queue" else ""


def _draw(channel: str) -> float:
    """Return a number from 0 to 100 that is always the same for a channel."""
    digest = hashlib.sha256(channel.encode(errors="replace")).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 * 100


def _tell_facts(parties: Sequence[_Known]) -> dict[str, str]:
    """Return what is known of a call; what is not known is left out."""
    first, second = parties[0], parties[1]
    queue = next((one for party in parties if (one := _read_queue(party.channel))), "")
    facts = {
        "from": first.channel.caller.number,
        "to": second.channel.caller.number or first.channel.connected.number,
        "did": "" if first.exten in _NO_EXTEN else first.exten,
        "queue": queue,
        "agent": second.channel.caller.number if queue else "",
        "label": next((one.label for one in parties if one.label), ""),
    }
    return {name: value for name, value in facts.items() if value}


def _age(channel: Channel) -> tuple[float, str]:
    return (channel.created.timestamp() if channel.created else 0.0, channel.id)
