"""Calls that an application asks for: a telephone rings, and enters the application or the dialplan when it has answered.

asked --> ringing --answered--> in the application, or at its extension --> gone
                     `--nobody answers, busy--> gone
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from streamer.simulator.ari.calls import give_voice, name_variables
from streamer.simulator.ari.faults import RefusalError, refuse_allocation
from streamer.simulator.ari.pbx import CONTEXT, Fields, Inside, SimulatedPbx
from streamer.simulator.ari.snoops import enter_application, is_used
from streamer.simulator.ari.sound import Speech

_OUTGOING = ("AppDial2", "(Outgoing Line)")
_CALLER_ID = re.compile(r'\s*"?([^"<]*?)"?\s*<([^>]*)>\s*')
_SET_NAME, _SET_NUMBER = "CALLERID(name)", "CALLERID(num)"
_LONGEST_RING_S = 30.0


@dataclass
class Telephone:
    """How a telephone, or who is behind a trunk, takes a call that it is offered; None is never."""

    answers_after_s: float | None = 2.0
    hangs_up_after_s: float | None = None
    is_busy: bool = False
    voice: Speech | None = None


ENDPOINT_FAULTS = ("no-endpoint=ENDPOINT", "busy=ENDPOINT", "unanswered=ENDPOINT")
"""What `Switchboard.set_fault` takes."""


@dataclass
class Switchboard:
    """The telephones that can be called; those that are not named are as `others`, and `missing` are not registered."""

    others: Telephone = field(default_factory=Telephone)
    telephones: dict[str, Telephone] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    def set_fault(self, text: str) -> bool:
        """Set what `name=ENDPOINT` asks for, one of `ENDPOINT_FAULTS`; False if it is none."""
        name, _, endpoint = text.partition("=")
        match name:
            case "no-endpoint" if endpoint:
                self.missing.add(endpoint)
            case "busy" if endpoint:
                self.telephones[endpoint] = Telephone(is_busy=True)
            case "unanswered" if endpoint:
                self.telephones[endpoint] = Telephone(answers_after_s=None)
            case _:
                return False
        return True

    def find(self, endpoint: str) -> Telephone | None:
        """Return a telephone; None if it is not registered."""
        if endpoint in self.missing:
            return None
        return self.telephones.get(endpoint, self.others)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that is asked for."""

    endpoint: str
    id: str = ""
    application: str = ""
    arguments: str = ""
    context: str = "default"
    exten: str = ""
    caller: tuple[str, str] = ("", "")
    timeout_s: float = _LONGEST_RING_S
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def dialstring(self) -> str:
        """What is dialled, behind the technology."""
        return self.endpoint.partition("/")[2]


def read_wanted(
    pbx: SimulatedPbx, id: str, query: Mapping[str, str], variables: object, board: Switchboard
) -> Wanted:
    """Read what call is asked for.

    Raises:
        RefusalError: As Asterisk refuses.
    """
    endpoint = query.get("endpoint", "")
    technology, _, device = endpoint.partition("/")
    if not endpoint:
        raise RefusalError(400, "Endpoint must be specified")
    if not technology or not device:
        raise RefusalError(400, "Invalid endpoint specified")
    if not query.get("app") and not query.get("extension"):
        raise RefusalError(400, "Application or extension must be specified")
    if not isinstance(variables, dict) or not all(map(_is_text, variables.values())):
        raise RefusalError(400, "Only string values in the 'variables' object allowed")
    if board.find(endpoint) is None:
        raise refuse_allocation()
    if id and is_used(pbx, id):
        raise RefusalError(409, "Channel with given unique ID already exists")
    return Wanted(
        endpoint,
        id,
        query.get("app", ""),
        query.get("appArgs", ""),
        query.get("context", "default"),
        query.get("extension", ""),
        read_caller_id(query.get("callerId", "")),
        _read_timeout(query.get("timeout", "")),
        variables,
    )


def read_caller_id(text: str) -> tuple[str, str]:
    """Return name and number of `Name <number>`, or of a number alone."""
    found = _CALLER_ID.fullmatch(text)
    return (found[1].strip(), found[2].strip()) if found else ("", text.strip())


def dial_out(pbx: SimulatedPbx, wanted: Wanted) -> Fields:
    """Make the channel that rings soon."""
    name, number = _name_party(wanted.endpoint)
    channel = pbx.create(
        f"{name}-{pbx.count('PJSIP'):08x}",
        state="Down",
        id=wanted.id,
        party=(f"Phone {number}", number) if number else ("", ""),
        context=CONTEXT,
        protocol_id=str(uuid4()),
        inside=Inside(before=_OUTGOING),
    )
    pbx.step(channel, *_OUTGOING)
    if any(wanted.caller):
        _show_caller(pbx, channel, wanted.caller)
    name_variables(pbx, channel, channel["id"], "ulaw")
    _set_variables(pbx, channel, wanted.variables)
    pbx.inside[channel["id"]].application = wanted.application
    _tell(pbx, channel, wanted, "")
    return channel


def ring(pbx: SimulatedPbx, channel: Fields, wanted: Wanted) -> None:
    """Let the telephone ring."""
    pbx.change(channel, "Ringing")
    _tell(pbx, channel, wanted, "RINGING")


def answer(pbx: SimulatedPbx, channel: Fields, wanted: Wanted, voice: Speech | None) -> None:
    """Let the telephone answer; it enters what was asked for."""
    pbx.change(channel, "Up")
    _tell(pbx, channel, wanted, "ANSWER")
    give_voice(pbx, channel, voice)
    if wanted.application:
        enter_application(pbx, channel, wanted.application, wanted.arguments)
        return
    channel["dialplan"] |= {"context": wanted.context, "exten": wanted.exten}
    pbx.step(channel, "Answer", "", priority=1)
    pbx.step(channel, "Echo", "", priority=2)


def give_up(pbx: SimulatedPbx, channel: Fields, *, is_busy: bool) -> None:
    """End a call that was not answered."""
    if is_busy:
        pbx.end(channel, cause=17, text="User busy", tech_cause=486)
    else:
        pbx.end(channel, cause=19, text="User alerting, no answer", tech_cause=480)


def hang_up_there(pbx: SimulatedPbx, channel: Fields) -> None:
    """Let the party hang up."""
    pbx.emit("ChannelHangupRequest", channel=channel)
    pbx.emit("ChannelHangupRequest", cause=16, soft=True, channel=channel)
    is_in_application = pbx.inside[channel["id"]].is_in_application
    pbx.quit(channel)
    channel["dialplan"] |= {"app_name": _OUTGOING[0], "app_data": _OUTGOING[1]}
    if is_in_application:
        pbx.end(channel)
    else:
        pbx.end(channel, cause=0, text="Unknown")


def _name_party(endpoint: str) -> tuple[str, str]:
    """Return the beginning of the channel's name, and the number of a telephone of ours; a trunk has none."""
    technology, _, device = endpoint.partition("/")
    if "@" in device:
        return f"{technology}/{device.rpartition('@')[2]}", ""
    first, slash, _ = device.partition("/")
    return f"{technology}/{first}", "" if slash else first


def _show_caller(pbx: SimulatedPbx, channel: Fields, caller: tuple[str, str]) -> None:
    name, number = caller
    given = {key: one for key, one in (("name", name), ("number", number)) if one}
    channel["caller"] |= given
    _tell_caller(pbx, channel)
    channel["connected"] = {"name": name, "number": number}
    pbx.emit("ChannelConnectedLine", channel=channel)


def _set_variables(pbx: SimulatedPbx, channel: Fields, variables: Mapping[str, str]) -> None:
    pbx.variables[channel["id"]] |= variables
    for name, key in ((_SET_NAME, "name"), (_SET_NUMBER, "number")):
        if name in variables:
            channel["caller"][key] = variables[name]
            _tell_caller(pbx, channel)


def _tell_caller(pbx: SimulatedPbx, channel: Fields) -> None:
    pbx.emit(
        "ChannelCallerId",
        caller_presentation=0,
        caller_presentation_txt="Presentation Allowed, Not Screened",
        channel=channel,
    )


def _tell(pbx: SimulatedPbx, channel: Fields, wanted: Wanted, status: str) -> None:
    pbx.emit("Dial", dialstatus=status, forward="", dialstring=wanted.dialstring, peer=channel)


def _read_timeout(text: str) -> float:
    try:
        seconds = float(text or 0)
    except ValueError:
        raise RefusalError(400, "Bad Request: timeout is no number") from None
    if seconds < 0:
        return float("inf")
    return seconds or _LONGEST_RING_S


def _is_text(value: object) -> bool:
    return isinstance(value, str)
