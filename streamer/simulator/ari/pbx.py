"""The calls of a simulated PBX: what is there, as ARI lists it, and the events of every step, as a captured Asterisk 23.4.1 sent them.

start --> ringing --answer--> up --hold--> held --unhold--> up --hang_up--> gone
            `--hang_up--> gone
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

Fields = dict[str, Any]
Send = Callable[[Fields], None]
"""Takes an event, without what each socket adds."""

VERSION = "23.4.1"
CONTEXT = "phones"
_OUTGOING = ("AppDial", "(Outgoing Line)")
_NORMAL_CLEARING = {"cause": 16, "cause_txt": "Normal Clearing"}


class SimulatedPbx:
    """What is there; `clock` says when it is, `send` takes every event."""

    def __init__(self, clock: Callable[[], datetime], send: Send) -> None:
        self.channels: dict[str, Fields] = {}
        self.bridges: dict[str, Fields] = {}
        self.variables: dict[str, dict[str, str]] = {}
        self._clock = clock
        self._send = send
        self._made = 0

    def start_call(
        self, caller: str = "100", called: str = "200", *, codec: str = "ulaw"
    ) -> SimulatedCall:
        """Let a telephone ring another one."""
        dial = ("Dial", f"PJSIP/{called},60,t")
        first = self._make_channel(caller, "Ring", called)
        self._step_dialplan(first, "NoOp", f"call {caller} -> {called}", priority=1)
        self._step_dialplan(first, *dial, priority=2)
        second = self._make_channel(called, "Down", "s")
        second["connected"] = dict(first["caller"])
        second["dialplan"]["exten"] = called
        self._step_dialplan(second, *_OUTGOING, priority=1)
        self.emit("ChannelConnectedLine", channel=second)
        self.variables[first["id"]] = _name_variables(first["id"], codec)
        self.variables[second["id"]] = _name_variables(first["id"], codec)
        call = SimulatedCall(self, first, second)
        call.tell_dialling("", dialstring=called)
        first["connected"] = dict(second["caller"])
        self.emit("ChannelConnectedLine", channel=first)
        call.change(second, "Ringing")
        call.tell_dialling("RINGING")
        return call

    def make_bridge(self) -> Fields:
        """Make the bridge of a call."""
        bridge: Fields = {
            "id": str(uuid4()),
            "technology": "simple_bridge",
            "bridge_type": "mixing",
            "bridge_class": "basic",
            "creator": "",
            "name": "",
            "channels": [],
            "creationtime": self._now(),
            "video_mode": "none",
        }
        self.bridges[bridge["id"]] = bridge
        self.emit("BridgeCreated", bridge=bridge)
        return bridge

    def emit(self, type: str, **fields: Any) -> None:
        """Send an event, in which everything is as it is now."""
        self._send({"type": type, "timestamp": self._now(), **_copy(fields)})

    def _make_channel(self, number: str, state: str, exten: str) -> Fields:
        now = self._clock()
        channel: Fields = {
            "id": f"{int(now.timestamp())}.{self._made}",
            "name": f"PJSIP/{number}-{self._made:08x}",
            "state": state,
            "protocol_id": str(uuid4()),
            "caller": {"name": f"Phone {number}", "number": number},
            "connected": {"name": "", "number": ""},
            "accountcode": "",
            "dialplan": {
                "context": CONTEXT,
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
        self.emit("ChannelCreated", channel=channel)
        return channel

    def _step_dialplan(self, channel: Fields, app: str, arguments: str, *, priority: int) -> None:
        channel["dialplan"] |= {"app_name": app, "app_data": arguments, "priority": priority}
        self.emit("ChannelDialplan", dialplan_app=app, dialplan_app_data=arguments, channel=channel)

    def _now(self) -> str:
        return show_moment(self._clock())


@dataclass
class SimulatedCall:
    """Two telephones; each step is told as it happens."""

    pbx: SimulatedPbx
    caller: Fields
    called: Fields
    bridge: Fields | None = None
    is_over: bool = field(default=False, init=False)

    def answer(self) -> None:
        """Pick up; both come into a bridge."""
        self.change(self.called, "Up")
        self.called["dialplan"]["exten"] = ""
        self.tell_dialling("ANSWER")
        self.change(self.caller, "Up")
        self.bridge = self.pbx.make_bridge()
        self.pbx.emit(
            "ChannelDialplan",
            dialplan_app=_OUTGOING[0],
            dialplan_app_data=_OUTGOING[1],
            channel=self.called,
        )
        for channel in (self.called, self.caller):
            self.bridge["channels"] = sorted([*self.bridge["channels"], channel["id"]])
            self.pbx.emit("ChannelEnteredBridge", bridge=self.bridge, channel=channel)

    def hold(self) -> None:
        """Let the one who was called put the caller on hold."""
        self.pbx.emit("ChannelHold", musicclass="default", channel=self.called)

    def unhold(self) -> None:
        """Take the caller back."""
        self.pbx.emit("ChannelUnhold", channel=self.called)

    def hang_up(self) -> None:
        """Let the caller hang up; both channels end."""
        if self.is_over:
            return
        self.is_over = True
        self.pbx.emit("ChannelHangupRequest", cause=16, channel=self.caller)
        self._leave(self.caller)
        self.pbx.emit("ChannelHangupRequest", cause=16, soft=True, channel=self.caller)
        self._leave(self.called)
        if self.bridge is not None:
            del self.pbx.bridges[self.bridge["id"]]
            self.pbx.emit("BridgeDestroyed", bridge=self.bridge)
        self._end(self.called)
        self.caller["dialplan"] |= {"app_name": "", "app_data": ""}
        self._end(self.caller)

    def change(self, channel: Fields, state: str) -> None:
        """Give a channel another state."""
        channel["state"] = state
        self.pbx.emit("ChannelStateChange", channel=channel)

    def tell_dialling(self, status: str, *, dialstring: str = "") -> None:
        """Tell how far dialling has come."""
        self.pbx.emit(
            "Dial",
            dialstatus=status,
            forward="",
            dialstring=dialstring,
            caller=self.caller,
            peer=self.called,
        )

    def _leave(self, channel: Fields) -> None:
        if self.bridge is not None:
            self.bridge["channels"] = [i for i in self.bridge["channels"] if i != channel["id"]]
            self.pbx.emit("ChannelLeftBridge", bridge=self.bridge, channel=channel)

    def _end(self, channel: Fields) -> None:
        self.pbx.channels.pop(channel["id"], None)
        self.pbx.variables.pop(channel["id"], None)
        self.pbx.emit("ChannelDestroyed", **_NORMAL_CLEARING, channel=channel)


def show_moment(moment: datetime) -> str:
    """Return a moment as ARI writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}+0000"


def _name_variables(linkedid: str, codec: str) -> dict[str, str]:
    return {"CHANNEL(linkedid)": linkedid, "CHANNEL(audionativeformat)": f"({codec})"}


def _copy(value: Any) -> Any:
    """Return a copy that later steps do not change."""
    if isinstance(value, Mapping):
        return {name: _copy(one) for name, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list) else value
