"""The requests that we send, each built by a function; `Request` itself refuses those that would crash Asterisk.

Two do, on externalMedia over a WebSocket: a channelId that is in use or begins one that is, and an unknown `f()`. So ids are ours, of
constant length and new in each request, options are members of an Enum, and no body names anything but the variables of a call. **A request that makes something is
sent once, never again after an error:** the second one would have an id that is in use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal
from urllib.parse import quote, urlencode
from uuid import UUID

from streamer.core.addresses import show_address
from streamer.wire.ari.dialling import check_origination
from streamer.wire.ari.ids import derive_id, is_own_application, is_own_id, is_segment, make_id

Method = Literal["GET", "POST", "PUT", "DELETE"]
Query = Sequence[tuple[str, str]]


class Spy(Enum):
    """What a snoop hears of a channel: what its party says, what it hears, or both mixed."""

    SAID = "in"
    HEARD = "out"
    BOTH = "both"


class MediaFormat(Enum):
    """What audio may be asked for as."""

    SLIN = "slin"
    SLIN16 = "slin16"
    ULAW = "ulaw"
    ALAW = "alaw"


class SocketOption(Enum):
    """What a medium over a WebSocket may be told: nothing, JSON for control, or to send to us only."""

    NONE = ""
    JSON = "f(json)"
    TO_US_ONLY = "d(in)"


_OWN_IDS = frozenset({"channelid", "snoopid", "otherchannelid", "bridgeid"})
"""Parameters, in small letters, that name something new."""

_EXTERNAL_MEDIA: Mapping[str, frozenset[str] | None] = {
    "app": None,
    "channelId": None,
    "external_host": None,
    "data": None,
    "transport": frozenset({"tcp", "websocket"}),
    "encapsulation": frozenset({"audiosocket", "none"}),
    "connection_type": frozenset({"client", "server"}),
    "format": frozenset(one.value for one in MediaFormat),
    "transport_data": frozenset(one.value for one in SocketOption if one.value),
}
"""Parameters of externalMedia, and their values where these are known."""

_ORIGINATION = ("POST", ("channels",))


_ALL_DEVICES = "deviceState:__AST_DEVICE_STATE_ALL_TOPIC"


@dataclass(frozen=True, slots=True)
class Request:
    """A request; each part of the path is raw, and escaped in `target`."""

    method: Method
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        """Refuse what could harm the PBX.

        Raises:
            ValueError: It names something new with an id that is not ours, or gives an option that is not known.
        """
        if not all(map(is_segment, self.path)):
            raise ValueError("a part of the path is empty, leads up, or is too long")
        if (self.method, self.path) == _ORIGINATION:
            check_origination(self.query, self.body)
            return
        for name, value in self.query:
            _check_parameter(name, value)
        _check_creation(self)

    @property
    def target(self) -> str:
        """The path and the query, as they stand behind the address of ARI."""
        path = "".join(f"/{quote(part, safe='', errors='replace')}" for part in self.path)
        query = urlencode(self.query, quote_via=quote, errors="replace")
        return f"{path}?{query}" if query else path

    @property
    def content(self) -> str | None:
        """The body as JSON."""
        return None if self.body is None else json.dumps(self.body)


def _check_parameter(name: str, value: str) -> None:
    if name.casefold() in _OWN_IDS and not is_own_id(value):
        raise ValueError(f"{name} is not an id of ours")
    if name.casefold() == "app" and not is_own_application(value):
        raise ValueError(f"{name} is not an application of ours")


def _check_creation(request: Request) -> None:
    """Check what makes something: it could be named in the path and in the body, too."""
    is_filter = request.path[:1] == ("applications",) and request.path[2:] == ("eventFilter",)
    if request.body is not None and not is_filter:
        raise ValueError("a body could hold an id or an option")
    if request.method != "POST":
        return
    match request.path:
        case ("channels", medium) if medium.casefold() == "externalmedia":
            _check_medium(request.query)
        case ("channels", _, "snoop", name) | ("bridges", name):
            if not is_own_id(name):
                raise ValueError("what is new has a name in the path that is not ours")
        case ("channels", *_) | ("bridges",):
            raise ValueError("something without an id of ours would be made")
        case _:
            pass


def _check_medium(query: Query) -> None:
    names = [name for name, _ in query]
    if len(set(names)) < len(names):
        raise ValueError("a parameter of externalMedia is given twice")
    for name, value in query:
        known = _EXTERNAL_MEDIA.get(name, frozenset[str]())
        if known is not None and value not in known:
            raise ValueError(f"{name} of externalMedia is not known, or has an unknown value")
    if "channelId" not in names:
        raise ValueError("an external medium without a name of ours could not be found again")


def list_channels() -> Request:
    """Ask for all channels."""
    return Request("GET", ("channels",))


def list_bridges() -> Request:
    """Ask for all bridges, with the ids of their channels."""
    return Request("GET", ("bridges",))


def list_applications() -> Request:
    """Ask for all applications that are there now."""
    return Request("GET", ("applications",))


def show_asterisk() -> Request:
    """Ask for the version."""
    return Request("GET", ("asterisk", "info"))


def list_modules() -> Request:
    """Ask for all modules, with the state of each."""
    return Request("GET", ("asterisk", "modules"))


def send_event(application: str, name: str) -> Request:
    """Let an application of ours hear an event of this name; it changes nothing, and a user who may only read is answered 403."""
    return Request("POST", ("events", "user", name), (("application", application),))


def read_variable(channel: str, variable: str) -> Request:
    """Ask for a variable or function of a channel; one that is not set is answered 404, one that cannot be read 500."""
    return Request("GET", ("channels", channel, "variable"), (("variable", variable),))


def follow_source(application: str, source: str) -> Request:
    """Subscribe an application to what happens to `channel:ID` or `bridge:ID`."""
    return Request(
        "POST", ("applications", application, "subscription"), (("eventSource", source),)
    )


def unfollow_source(application: str, source: str) -> Request:
    """Unsubscribe an application; 404 and 422 say that there is none."""
    return Request(
        "DELETE", ("applications", application, "subscription"), (("eventSource", source),)
    )


def unfollow_devices(application: str) -> Request:
    """Let who hears of everything hear of no states of devices, which nobody here looks at.

    While Asterisk sends one to a socket that breaks off at that moment, its ARI can come to a standstill for good (seen on 20.20.1).
    """
    return unfollow_source(application, _ALL_DEVICES)


def filter_events(application: str, types: Sequence[str]) -> Request:
    """Let only events of these types come."""
    allowed = {"allowed": [{"type": type} for type in types]}
    return Request("PUT", ("applications", application, "eventFilter"), body=allowed)


def snoop(application: str, channel: str, spy: Spy, *, is_shared: bool = False) -> Request:
    """Let a new channel hear another one; its id is the last part of the path.

    With `is_shared` the id is the same on every node, and 500 says that another one has it.
    """
    query = (("app", application), ("spy", spy.value))
    identity = derive_id(channel, spy.value) if is_shared else make_id()
    return Request("POST", ("channels", channel, "snoop", identity), query)


def show_channel(channel: str) -> Request:
    """Ask for one channel; 404 says that there is none."""
    return Request("GET", ("channels", channel))


def find_new_id(request: Request) -> str:
    """Return the id of what a request will make, so that it can be noted before."""
    return dict(request.query).get("channelId", request.path[-1])


def send_over_audiosocket(
    application: str, address: tuple[str, int], call: UUID, format: MediaFormat
) -> Request:
    """Let a new channel connect to an AudioSocket server, with the UUID that it will say."""
    query = (
        *_name_medium(application, format),
        ("transport", "tcp"),
        ("encapsulation", "audiosocket"),
        ("external_host", show_address(*address)),
        ("data", str(call)),
    )
    return Request("POST", ("channels", "externalMedia"), query)


def offer_over_websocket(
    application: str, format: MediaFormat, option: SocketOption = SocketOption.NONE
) -> Request:
    """Let a new channel wait 30 s for us at `/media/` and an id that is in the answer's variables."""
    query = [
        *_name_medium(application, format),
        ("transport", "websocket"),
        ("encapsulation", "none"),
        ("connection_type", "server"),
        ("external_host", "INCOMING"),
    ]
    query += [("transport_data", option.value)] if option.value else []
    return Request("POST", ("channels", "externalMedia"), tuple(query))


def _name_medium(application: str, format: MediaFormat) -> Query:
    return (("app", application), ("channelId", make_id()), ("format", format.value))


def call_into(
    application: str, endpoint: str, options: Query, variables: Mapping[str, str]
) -> Request:
    """Let a telephone ring that enters our application once it has answered."""
    query = (("endpoint", endpoint), ("app", application), ("channelId", make_id()), *options)
    return Request("POST", ("channels",), query, {"variables": dict(variables)})


def call_elsewhere(
    endpoint: str, place: Query, options: Query, variables: Mapping[str, str]
) -> Request:
    """Let a telephone ring that goes to an extension, or to somebody else's application; its channel gets no id of ours."""
    query = (("endpoint", endpoint), *place, *options)
    return Request("POST", ("channels",), query, {"variables": dict(variables)})


def make_bridge() -> Request:
    """Make a bridge with an id of ours, which is the last part of the path."""
    return Request("POST", ("bridges", make_id()), (("type", "mixing"),))


def add_to_bridge(bridge: str, channels: Sequence[str]) -> Request:
    """Put channels into a bridge; 422 says that one has not entered our application yet."""
    return Request("POST", ("bridges", bridge, "addChannel"), (("channel", ",".join(channels)),))


def end_channel(channel: str) -> Request:
    """Hang a channel of ours up; 404 is what one that has gone is answered.

    Raises:
        ValueError: It is not ours.
    """
    if not is_own_id(channel):
        raise ValueError("only channels of ours are ended")
    return Request("DELETE", ("channels", channel))


def abandon_call(channel: str) -> Request:
    """Hang up a call of the PBX that we have asked for and that nobody has answered; only for what our own request has made."""
    return Request("DELETE", ("channels", channel))


def end_bridge(bridge: str) -> Request:
    """Delete a bridge of ours; the channels in it stay.

    Raises:
        ValueError: It is not ours.
    """
    if not is_own_id(bridge):
        raise ValueError("only bridges of ours are ended")
    return Request("DELETE", ("bridges", bridge))
