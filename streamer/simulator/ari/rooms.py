"""Conferences and queues of a simulated PBX, each told as a captured one was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from streamer.simulator.ari.calls import OUTGOING, give_voice, name_variables
from streamer.simulator.ari.pbx import Fields, Inside, SimulatedPbx
from streamer.simulator.ari.sound import Speech

_ROOM, _QUEUE = "831", "830"
_CODEC = "ulaw"


def call_in(pbx: SimulatedPbx, number: str, exten: str, voice: Speech | None) -> Fields:
    """Let a telephone call an extension, which answers."""
    channel = pbx.create_phone(number, state="Ring", exten=exten)
    name_variables(pbx, channel, channel["id"], _CODEC)
    pbx.step(channel, "Answer", "")
    pbx.change(channel, "Up")
    give_voice(pbx, channel, voice)
    return channel


@dataclass
class SimulatedRoom:
    """A conference: there from the first member to the last; with an `announcer` there is its channel, too."""

    pbx: SimulatedPbx
    name: str = "room1"
    has_announcer: bool = False
    bridge: Fields | None = None
    announcer: Fields | None = None

    def join(self, number: str, *, voice: Speech | None = None) -> Fields:
        """Let a telephone call the room and come in."""
        channel = call_in(self.pbx, number, _ROOM, voice)
        self.pbx.step(channel, "ConfBridge", self.name, priority=2)
        if self.bridge is None:
            self.bridge = self._make_bridge()
        self.pbx.enter(self.bridge, channel)
        return channel

    def leave(self, channel: Fields) -> None:
        """Let a member hang up; with the last one the room is gone."""
        self.pbx.ask_to_hang_up(channel)
        if self.bridge is not None and set(self.bridge["channels"]) <= self._announcers():
            self.pbx.end_bridge(self.bridge)
            self.bridge = None
            if self.announcer is not None:
                self.pbx.end(self.announcer)
        channel["dialplan"] |= {"app_name": "", "app_data": ""}
        self.pbx.end(channel)

    def _make_bridge(self) -> Fields:
        bridge = self.pbx.make_bridge(
            bridge_class="base", creator="ConfBridge", name=self.name, technology="softmix"
        )
        if self.has_announcer:
            name = f"CBAnn/{self.name}-{self.pbx.count('CBAnn'):08x};2"
            self.announcer = self.pbx.create(name, state="Up", inside=Inside(is_medium=True))
            self.pbx.enter(bridge, self.announcer)
        return bridge

    def _announcers(self) -> set[str]:
        return {self.announcer["id"]} if self.announcer else set()


@dataclass
class SimulatedQueue:
    """One caller in a queue, and the agents that ring for it until one answers."""

    pbx: SimulatedPbx
    name: str = "sales"
    caller: Fields = field(default_factory=dict)
    agents: list[Fields] = field(default_factory=list)
    bridge: Fields | None = None

    def call(self, number: str, *, voice: Speech | None = None) -> Fields:
        """Let a telephone call the queue; it hears music."""
        self.caller = call_in(self.pbx, number, _QUEUE, voice)
        self.pbx.step(self.caller, "Queue", f"{self.name},tT,,,60", priority=2)
        self.pbx.inside[self.caller["id"]].hears_music = True
        return self.caller

    def ring(self, *numbers: str) -> None:
        """Let agents ring."""
        for number in numbers:
            agent = self.pbx.create_phone(number, state="Down", exten="s")
            self.agents.append(agent)
            name_variables(self.pbx, agent, self._linkedid, _CODEC)
            self._tell(agent, "", f"PJSIP/{number}")
        for agent in self.agents:
            agent["connected"] = dict(self.caller["caller"])
            agent["dialplan"] |= {
                "exten": _QUEUE,
                "app_name": "AppQueue",
                "app_data": OUTGOING[1],
            }
            self._tell(agent, "RINGING", _name_dialled(agent))
            self.pbx.change(agent, "Ringing")
            self.pbx.step(agent, "AppQueue", OUTGOING[1])
            self.pbx.emit("ChannelConnectedLine", channel=agent)

    def answer(self, agent: Fields, *, voice: Speech | None = None) -> None:
        """Let one agent answer; the others lose."""
        self.pbx.change(agent, "Up")
        give_voice(self.pbx, agent, voice)
        self._tell(agent, "ANSWER", _name_dialled(agent))
        losers = [one for one in self.agents if one is not agent]
        for loser in losers:
            self._tell(loser, "CANCEL", "")
        self.caller["connected"] = dict(agent["caller"])
        self.pbx.emit("ChannelConnectedLine", channel=self.caller)
        for loser in losers:
            self._tell(loser, "CANCEL", _name_dialled(loser))
            self.pbx.end(loser, cause=26, text="Answered elsewhere")
        self.agents = [agent]
        self.pbx.inside[self.caller["id"]].hears_music = False
        self.bridge = self.pbx.make_bridge()
        for channel in (agent, self.caller):
            self.pbx.enter(self.bridge, channel)

    def hang_up(self) -> None:
        """Let the caller hang up."""
        self.pbx.ask_to_hang_up(self.caller)
        for agent in self.agents:
            self.pbx.leave(agent)
        if self.bridge is not None:
            self.pbx.end_bridge(self.bridge)
        for agent in self.agents:
            self.pbx.end(agent)
        self.caller["dialplan"] |= {"app_name": "", "app_data": ""}
        self.pbx.end(self.caller)

    @property
    def _linkedid(self) -> str:
        return str(self.caller["id"])

    def _tell(self, agent: Fields, status: str, dialstring: str) -> None:
        more: dict[str, Any] = {"caller": self.caller, "peer": agent}
        self.pbx.emit("Dial", dialstatus=status, forward="", dialstring=dialstring, **more)


def _name_dialled(agent: Fields) -> str:
    return f"PJSIP/{agent['caller']['number']}"
