"""What comes over the events socket: a JSON object a message, of which those that change what we show or do are decoded.

Events may come twice, and those of a time without a socket are lost. StasisStart may come before the answer to the request that caused it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from streamer.wire.ari.answers import (
    Bridge,
    Channel,
    parse_document,
    read_bridge,
    read_channel,
    read_moment,
)
from streamer.wire.websocket.fields import Fields, find_count, find_object, find_text

_MOST_CAUSE = 1_000
_MOST_MS = 1 << 31
_MOST_FIELDS = 100


@dataclass(frozen=True, slots=True)
class ChannelCreated:
    """A channel is there."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelStateChanged:
    """A channel rings, is answered, or the like."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelUpdated:
    """Its caller id, the other party or its place in the dialplan is another one."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class HangupRequested:
    """A channel is about to end; comes twice as a rule."""

    channel: Channel
    cause: int


@dataclass(frozen=True, slots=True)
class ChannelDestroyed:
    """A channel has ended, with the cause of Q.850 and its text."""

    channel: Channel
    cause: int
    cause_text: str


@dataclass(frozen=True, slots=True)
class StasisStarted:
    """A channel has entered our application, with arguments; `replaced` has left it for this one."""

    channel: Channel
    arguments: tuple[str, ...] = ()
    replaced: Channel | None = None


@dataclass(frozen=True, slots=True)
class StasisEnded:
    """A channel has left our application."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class BridgeCreated:
    """A bridge is there."""

    bridge: Bridge


@dataclass(frozen=True, slots=True)
class BridgeDestroyed:
    """A bridge has ended."""

    bridge: Bridge


@dataclass(frozen=True, slots=True)
class BridgesMerged:
    """The channels of one bridge have gone to another."""

    bridge: Bridge
    merged_from: Bridge


@dataclass(frozen=True, slots=True)
class EnteredBridge:
    """A channel has come into a bridge, which is shown as it is then."""

    bridge: Bridge
    channel: Channel


@dataclass(frozen=True, slots=True)
class LeftBridge:
    """A channel has left a bridge, which is shown as it is then."""

    bridge: Bridge
    channel: Channel


@dataclass(frozen=True, slots=True)
class Held:
    """The party of a channel has put the other one on hold, who hears this class of music."""

    channel: Channel
    music: str


@dataclass(frozen=True, slots=True)
class Unheld:
    """The party of a channel has taken the other one back."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class KeyReleased:
    """The party of a channel has pressed a key for so long."""

    channel: Channel
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class PeersChanged:
    """A channel has other ones in its bridge than before, by their names; told of the channel, also where nobody hears of the bridge."""

    channel: Channel
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dialled:
    """A channel is dialled, or the dialling has come to a status such as ANSWER; without `caller` by ARI or the console."""

    peer: Channel
    caller: Channel | None
    status: str


@dataclass(frozen=True, slots=True)
class BlindTransferred:
    """The party of `channel` has sent the other one to an extension."""

    channel: Channel
    transferee: Channel | None
    context: str
    exten: str
    result: str


@dataclass(frozen=True, slots=True)
class AttendedTransferred:
    """A party with two legs has joined those it spoke with."""

    first_leg: Channel
    second_leg: Channel
    transferee: Channel | None
    target: Channel | None
    bridge: str
    result: str


@dataclass(frozen=True, slots=True)
class UserEvent:
    """The dialplan says something, with fields of its own."""

    name: str
    fields: Mapping[str, str]
    channel: Channel | None


@dataclass(frozen=True, slots=True)
class ApplicationReplaced:
    """Another client has taken our application's name, and nothing more will come."""

    application: str


@dataclass(frozen=True, slots=True)
class Other:
    """Something that changes nothing here."""

    type: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What is no event, or lacks what its type must have."""

    why: str


Event = (
    ChannelCreated
    | ChannelStateChanged
    | ChannelUpdated
    | HangupRequested
    | ChannelDestroyed
    | StasisStarted
    | StasisEnded
    | BridgeCreated
    | BridgeDestroyed
    | BridgesMerged
    | EnteredBridge
    | LeftBridge
    | Held
    | Unheld
    | KeyReleased
    | PeersChanged
    | Dialled
    | BlindTransferred
    | AttendedTransferred
    | UserEvent
    | ApplicationReplaced
    | Other
    | Unreadable
)


@dataclass(frozen=True, slots=True)
class Message:
    """An event, when it happened by the PBX's clock, and for which application it came."""

    event: Event
    at: datetime | None = None
    application: str = ""


class _MissingError(Exception):
    """An event lacks what its type must have."""


def parse_event(text: str) -> Message:
    """Read a message of the events socket; never raises."""
    fields = parse_document(text)
    if not isinstance(fields, dict):
        return Message(Unreadable("it is no JSON object"))
    type = find_text(fields, "type")
    read = _READERS.get(type)
    try:
        event = read(fields) if read else Other(type) if type else Unreadable("it has no type")
    except _MissingError as error:
        event = Unreadable(f"{type} has no {error}")
    return Message(event, read_moment(find_text(fields, "timestamp")), _application(fields))


def _application(fields: Fields) -> str:
    return find_text(fields, "application")


def _channel(fields: Fields, name: str = "channel") -> Channel:
    channel = read_channel(fields.get(name))
    if channel is None:
        raise _MissingError(name)
    return channel


def _bridge(fields: Fields, name: str = "bridge") -> Bridge:
    bridge = read_bridge(fields.get(name))
    if bridge is None:
        raise _MissingError(name)
    return bridge


def _cause(fields: Fields) -> int:
    return find_count(fields, "cause", most=_MOST_CAUSE)


def _read_stasis_start(fields: Fields) -> Event:
    given = fields.get("args")
    arguments = given if isinstance(given, list) else []
    texts = tuple(find_text({"": one}, "") for one in arguments)
    return StasisStarted(_channel(fields), texts, read_channel(fields.get("replace_channel")))


def _read_user_event(fields: Fields) -> Event:
    said = find_object(fields, "userevent")
    texts = {name: find_text(said, name) for name in list(said)[:_MOST_FIELDS]}
    name = find_text(fields, "eventname") or texts.get("eventname", "")
    texts.pop("eventname", None)
    return UserEvent(name, texts, read_channel(fields.get("channel")))


def _read_attended(fields: Fields) -> Event:
    return AttendedTransferred(
        _channel(fields, "transferer_first_leg"),
        _channel(fields, "transferer_second_leg"),
        read_channel(fields.get("transferee")),
        read_channel(fields.get("transfer_target")),
        find_text(fields, "destination_bridge"),
        find_text(fields, "result"),
    )


def _read_blind(fields: Fields) -> Event:
    return BlindTransferred(
        _channel(fields),
        read_channel(fields.get("transferee")),
        find_text(fields, "context"),
        find_text(fields, "exten"),
        find_text(fields, "result"),
    )


def _read_variable(fields: Fields) -> Event:
    channel = read_channel(fields.get("channel"))  # a global variable has none
    if channel is None or find_text(fields, "variable") != "BRIDGEPEER":
        return Other("ChannelVarset")
    return PeersChanged(channel, tuple(filter(None, find_text(fields, "value").split(","))))


_READERS: Mapping[str, Callable[[Fields], Event]] = {
    "ChannelCreated": lambda e: ChannelCreated(_channel(e)),
    "ChannelStateChange": lambda e: ChannelStateChanged(_channel(e)),
    "ChannelCallerId": lambda e: ChannelUpdated(_channel(e)),
    "ChannelConnectedLine": lambda e: ChannelUpdated(_channel(e)),
    "ChannelDialplan": lambda e: ChannelUpdated(_channel(e)),
    "ChannelHangupRequest": lambda e: HangupRequested(_channel(e), _cause(e)),
    "ChannelDestroyed": lambda e: ChannelDestroyed(
        _channel(e), _cause(e), find_text(e, "cause_txt")
    ),
    "StasisStart": _read_stasis_start,
    "StasisEnd": lambda e: StasisEnded(_channel(e)),
    "BridgeCreated": lambda e: BridgeCreated(_bridge(e)),
    "BridgeDestroyed": lambda e: BridgeDestroyed(_bridge(e)),
    "BridgeMerged": lambda e: BridgesMerged(_bridge(e), _bridge(e, "bridge_from")),
    "ChannelEnteredBridge": lambda e: EnteredBridge(_bridge(e), _channel(e)),
    "ChannelLeftBridge": lambda e: LeftBridge(_bridge(e), _channel(e)),
    "ChannelHold": lambda e: Held(_channel(e), find_text(e, "musicclass")),
    "ChannelUnhold": lambda e: Unheld(_channel(e)),
    "ChannelDtmfReceived": lambda e: KeyReleased(
        _channel(e), find_text(e, "digit"), find_count(e, "duration_ms", most=_MOST_MS)
    ),
    "ChannelVarset": _read_variable,
    "Dial": lambda e: Dialled(
        _channel(e, "peer"), read_channel(e.get("caller")), find_text(e, "dialstatus")
    ),
    "BridgeBlindTransfer": _read_blind,
    "BridgeAttendedTransfer": _read_attended,
    "ChannelUserevent": _read_user_event,
    "ApplicationReplaced": lambda e: ApplicationReplaced(_application(e)),
}
