"""A call between two telephones of a simulated PBX.

start --> ringing --answer--> up --hold--> held --unhold--> up --hang_up--> gone
            `--hang_up--> gone
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from streamer.simulator.ari.sound import Speech

if TYPE_CHECKING:
    from streamer.simulator.ari.pbx import SimulatedPbx

Fields = dict[str, Any]

OUTGOING = ("AppDial", "(Outgoing Line)")


@dataclass
class SimulatedCall:
    """Two telephones; each step is told as it happens."""

    pbx: SimulatedPbx
    caller: Fields
    called: Fields
    bridge: Fields | None = None
    voices: tuple[Speech | None, Speech | None] = (None, None)
    is_over: bool = field(default=False, init=False)

    def answer(self) -> None:
        """Pick up; both come into a bridge."""
        self.change(self.called, "Up")
        self.called["dialplan"]["exten"] = ""
        self.tell_dialling("ANSWER")
        if self.caller["state"] != "Up":
            self.change(self.caller, "Up")
        self.bridge = self.pbx.make_bridge()
        self.pbx.step(self.called, *OUTGOING)
        for channel, voice in zip((self.caller, self.called), self.voices, strict=True):
            if self.pbx.inside[channel["id"]].voice is None:
                give_voice(self.pbx, channel, voice)
        for channel in (self.called, self.caller):
            self.pbx.enter(self.bridge, channel)

    def hold(self, by: Fields | None = None) -> None:
        """Let one put the other on hold: the one who was called, unless told otherwise."""
        holder = self.called if by is None else by
        self.pbx.inside[holder["id"]].is_holding = True
        self.pbx.emit("ChannelHold", musicclass="default", channel=holder)

    def unhold(self, by: Fields | None = None) -> None:
        """Take the other back."""
        holder = self.called if by is None else by
        self.pbx.inside[holder["id"]].is_holding = False
        self.pbx.emit("ChannelUnhold", channel=holder)

    def hang_up(
        self,
        by: Fields | None = None,
        *,
        is_asked: bool = False,
        cause: int = 16,
        text: str = "Normal Clearing",
    ) -> None:
        """Let one hang up, the caller unless told otherwise, or let an application do it; both channels end."""
        if self.is_over:
            return
        self.is_over = True
        first = self.caller if by is None else by
        if is_asked:
            self.pbx.emit("ChannelHangupRequest", cause=32, soft=True, channel=first)
            self.pbx.leave(first)
        else:
            self.pbx.ask_to_hang_up(first, cause=cause)
        self.pbx.leave(self.called if first is self.caller else self.caller)
        if self.bridge is not None and self.bridge["id"] in self.pbx.bridges:
            self.pbx.end_bridge(self.bridge)
        self.pbx.end(self.called, cause=cause, text=text)
        self.caller["dialplan"] |= {"app_name": "", "app_data": ""}
        self.pbx.end(self.caller, cause=cause, text=text)

    def press(self, digit: str) -> None:
        """Let the caller press a key."""
        self.pbx.press(self.caller, digit)

    def change_codec(self, codec: str) -> None:
        """Let both agree on another codec; no event tells of it."""
        for channel in (self.caller, self.called):
            self.pbx.variables[channel["id"]] |= name_codec(codec)

    def change(self, channel: Fields, state: str) -> None:
        """Give a channel another state."""
        self.pbx.change(channel, state)

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


def start_call(
    pbx: SimulatedPbx,
    caller: str,
    called: str,
    *,
    codec: str,
    voices: tuple[Speech | None, Speech | None],
) -> SimulatedCall:
    """Let a telephone ring another one."""
    first = pbx.create_phone(caller, state="Ring", exten=called)
    pbx.step(first, "NoOp", f"call {caller} -> {called}", priority=1)
    return dial(pbx, first, called, codec=codec, voices=voices)


def dial(
    pbx: SimulatedPbx,
    first: Fields,
    called: str,
    *,
    codec: str,
    voices: tuple[Speech | None, Speech | None],
) -> SimulatedCall:
    """Let a channel ring a telephone."""
    pbx.step(first, "Dial", f"PJSIP/{called},60,t", priority=2)
    second = pbx.create_phone(called, state="Down", exten="s")
    second["connected"] = dict(first["caller"])
    second["dialplan"]["exten"] = called
    pbx.step(second, *OUTGOING, priority=1)
    pbx.emit("ChannelConnectedLine", channel=second)
    linkedid = str(pbx.variables[first["id"]].get("CHANNEL(linkedid)", first["id"]))
    call = SimulatedCall(pbx, first, second, voices=voices)
    call.tell_dialling("", dialstring=called)
    first["connected"] = dict(second["caller"])
    pbx.emit("ChannelConnectedLine", channel=first)
    call.change(second, "Ringing")
    call.tell_dialling("RINGING")
    for one, peer in ((first, second), (second, first)):
        name_variables(pbx, one, linkedid, codec)
        pbx.variables[one["id"]] |= {"BRIDGEPEER": peer["name"], "CHANNEL(peer)": peer["name"]}
        pbx.inside[one["id"]].call = call
    pbx.variables[first["id"]]["DIALEDPEERNAME"] = second["name"]
    return call


def give_voice(pbx: SimulatedPbx, channel: Fields, voice: Speech | None) -> None:
    """Let a channel say something from now on."""
    if voice is not None:
        pbx.inside[channel["id"]].voice = replace(voice, begins_at=pbx.at)


def name_variables(pbx: SimulatedPbx, channel: Fields, linkedid: str, codec: str) -> None:
    """Set what a telephone's channel can be asked for."""
    pbx.variables[channel["id"]] |= {
        "CHANNEL(linkedid)": linkedid,
        "CHANNEL(uniqueid)": channel["id"],
        **name_codec(codec),
        "CHANNEL(pjsip,call-id)": channel["protocol_id"],
        "CALLERID(num)": channel["caller"]["number"],
        "CONNECTEDLINE(num)": channel["connected"]["number"],
    }


def name_codec(codec: str) -> dict[str, str]:
    """Return the variables that name a codec."""
    return {"CHANNEL(audionativeformat)": f"({codec})", "CHANNEL(audioreadformat)": codec}
