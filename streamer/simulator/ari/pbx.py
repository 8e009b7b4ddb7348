"""The channels and bridges of a simulated PBX, as ARI lists them, and the events of every step, as a captured Asterisk 23.4.1 sent them.

channel: created --> (in a bridge, in an application) --> destroyed, and with it whatever listens to it
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from streamer.simulator.ari.calls import SimulatedCall, start_call
from streamer.simulator.ari.sound import Speech

Fields = dict[str, Any]
Send = Callable[[Fields], None]
"""Takes an event, without what each socket adds; with `application` it is for this one only."""

VERSION = "23.4.1"
CONTEXT = "phones"


@dataclass
class Inside:
    """What ARI does not show of a channel."""

    application: str = ""
    """The application that hears of it."""
    is_in_application: bool = False
    spied_on: str = ""
    """The channel that it listens to, and `spy` what of that."""
    spy: str = ""
    is_medium: bool = False
    sent_back: bytes | None = None
    """The frame that the other side of a medium sends now."""
    voice: Speech | None = None
    is_holding: bool = False
    hears_music: bool = False
    before: tuple[str, str] = ("", "")
    """What its dialplan does outside of an application."""
    call: SimulatedCall | None = None


class SimulatedPbx:
    """What is there; `clock` says when it is, `send` takes every event, `at` are the seconds of audio that have passed."""

    def __init__(self, clock: Callable[[], datetime], send: Send) -> None:
        self.channels: dict[str, Fields] = {}
        self.bridges: dict[str, Fields] = {}
        self.variables: dict[str, dict[str, str]] = {}
        self.inside: dict[str, Inside] = {}
        self.hearers: dict[str, set[str]] = {}
        """The applications that hear of each bridge."""
        self.on_ended: list[Callable[[str], None]] = []
        self.on_added: list[Callable[[Fields, str], None]] = []
        """Called with a channel that its application puts into a bridge."""
        self.at = 0.0
        self._clock = clock
        self._send = send
        self._made = 0
        self._named = Counter[str]()

    def start_call(
        self,
        caller: str = "100",
        called: str = "200",
        *,
        codec: str = "ulaw",
        voices: tuple[Speech | None, Speech | None] = (None, None),
    ) -> SimulatedCall:
        """Let a telephone ring another one; what each says is said from its answer on."""
        return start_call(self, caller, called, codec=codec, voices=voices)

    def create(
        self,
        name: str,
        *,
        state: str,
        id: str = "",
        party: tuple[str, str] = ("", ""),
        context: str = "default",
        exten: str = "s",
        protocol_id: str = "",
        inside: Inside | None = None,
    ) -> Fields:
        """Make a channel."""
        now = self._clock()
        channel: Fields = {
            "id": id or f"{int(now.timestamp())}.{self._made}",
            "name": name,
            "state": state,
            "protocol_id": protocol_id,
            "caller": {"name": party[0], "number": party[1]},
            "connected": {"name": "", "number": ""},
            "accountcode": "",
            "dialplan": {
                "context": context,
                "exten": exten,
                "priority": 1,
                "app_name": "",
                "app_data": "",
            },
            "creationtime": show_moment(now),
            "language": "en",
        }
        self._made += 1
        self.channels[channel["id"]] = channel
        self.inside[channel["id"]] = inside or Inside()
        self.variables[channel["id"]] = {}
        self.emit("ChannelCreated", channel=channel)
        return channel

    def create_phone(self, number: str, *, state: str, exten: str) -> Fields:
        """Make the channel of a telephone."""
        return self.create(
            f"PJSIP/{number}-{self.count('PJSIP'):08x}",
            state=state,
            party=(f"Phone {number}", number),
            context=CONTEXT,
            exten=exten,
            protocol_id=str(uuid4()),
        )

    def count(self, kind: str) -> int:
        """Return how many names of a kind were made before."""
        self._named[kind] += 1
        return self._named[kind] - 1

    def make_bridge(self, **fields: str) -> Fields:
        """Make a bridge: that of a call, unless told otherwise."""
        bridge: Fields = {
            "id": str(uuid4()),
            "technology": "simple_bridge",
            "bridge_type": "mixing",
            "bridge_class": "basic",
            "creator": "",
            "name": "",
            "channels": [],
            "creationtime": self.tell_time(),
            "video_mode": "none",
        } | fields
        self.bridges[bridge["id"]] = bridge
        self.emit("BridgeCreated", bridge=bridge)
        return bridge

    def end_bridge(self, bridge: Fields) -> None:
        """Destroy a bridge; who is in it leaves first."""
        for id in list(bridge["channels"]):
            self.leave(self.channels[id])
        self.emit("BridgeDestroyed", bridge=bridge)
        del self.bridges[bridge["id"]]
        self.hearers.pop(bridge["id"], None)

    def find_bridge(self, channel: str) -> Fields | None:
        """Return the bridge that a channel is in."""
        return next((one for one in self.bridges.values() if channel in one["channels"]), None)

    def enter(self, bridge: Fields, channel: Fields) -> None:
        """Put a channel into a bridge; it leaves where it was."""
        self.leave(channel)
        bridge["channels"] = sorted([*bridge["channels"], channel["id"]])
        self.emit("ChannelEnteredBridge", bridge=bridge, channel=channel)

    def leave(self, channel: Fields) -> None:
        """Take a channel out of its bridge, if it is in one."""
        if (bridge := self.find_bridge(channel["id"])) is not None:
            bridge["channels"].remove(channel["id"])
            self.emit("ChannelLeftBridge", bridge=bridge, channel=channel)

    def step(self, channel: Fields, app: str, arguments: str, *, priority: int = 1) -> None:
        """Let the dialplan of a channel do something."""
        channel["dialplan"] |= {"app_name": app, "app_data": arguments, "priority": priority}
        self.emit("ChannelDialplan", dialplan_app=app, dialplan_app_data=arguments, channel=channel)

    def change(self, channel: Fields, state: str) -> None:
        """Give a channel another state."""
        channel["state"] = state
        self.emit("ChannelStateChange", channel=channel)

    def press(self, channel: Fields, digit: str, *, duration_ms: int = 120) -> None:
        """Let the party of a channel press a key."""
        self.emit("ChannelDtmfReceived", digit=digit, duration_ms=duration_ms, channel=channel)

    def say_user_event(self, name: str, fields: Mapping[str, str], channel: Fields) -> None:
        """Let the dialplan of a channel tell something of its own."""
        said = {"eventname": name, **fields}
        self.emit("ChannelUserevent", eventname=name, userevent=said, channel=channel)

    def ask_to_hang_up(self, channel: Fields, **cause: int) -> None:
        """Let the party of a channel hang up; it leaves its bridge."""
        self.emit("ChannelHangupRequest", **cause, channel=channel)
        self.leave(channel)
        self.emit("ChannelHangupRequest", cause=16, soft=True, channel=channel)

    def quit(self, channel: Fields) -> None:
        """Take a channel out of its bridge and its application."""
        self.leave(channel)
        inside = self.inside[channel["id"]]
        if inside.is_in_application:
            inside.is_in_application = False
            self.emit("StasisEnd", application=inside.application, channel=channel)
            if inside.spied_on:
                # It was followed only while it was inside: nobody but who hears all is told that it is destroyed.
                inside.application = ""
            name, arguments = inside.before
            channel["dialplan"] |= {"app_name": name, "app_data": arguments}

    def end(
        self, channel: Fields, *, cause: int = 16, text: str = "Normal Clearing", **more: Any
    ) -> None:
        """Destroy a channel, and what listens to it; nothing happens if it is gone."""
        if channel["id"] not in self.channels:
            return
        followers = [
            self.channels[id] for id, one in self.inside.items() if one.spied_on == channel["id"]
        ]
        for one in (*followers, channel):
            self.quit(one)
        self.emit("ChannelDestroyed", cause=cause, cause_txt=text, **more, channel=channel)
        self._forget(channel)
        for follower in followers:
            self.end(follower)

    def emit(self, type: str, **fields: Any) -> None:
        """Send an event, in which everything is as it is now."""
        self._send({"type": type, "timestamp": self.tell_time(), **copy_fields(fields)})

    def tell_time(self) -> str:
        """Return what the clock shows."""
        return show_moment(self._clock())

    def _forget(self, channel: Fields) -> None:
        id = channel["id"]
        del self.channels[id], self.inside[id], self.variables[id]
        for told in self.on_ended:
            told(id)


def show_moment(moment: datetime) -> str:
    """Return a moment as ARI writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}+0000"


def copy_fields(value: Any) -> Any:
    """Return a copy that later steps do not change."""
    if isinstance(value, Mapping):
        return {name: copy_fields(one) for name, one in value.items()}
    return [copy_fields(one) for one in value] if isinstance(value, list) else value
