"""The channels of external media: what is asked for, and how each appears, is answered and ends; without any connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from streamer.simulator.ari.faults import Faults, RefusalError, refuse_allocation
from streamer.simulator.ari.pbx import Fields, Inside, SimulatedPbx
from streamer.simulator.ari.snoops import is_used
from streamer.simulator.ari.sound import FRAME_S, RATES

_OUTGOING = ("AppDial2", "(Outgoing Line)")
_OPTIONS = frozenset({"", "f(json)", "f(plain-text)", "d(in)", "d(out)", "d(both)"})
_AUDIOSOCKET, _WEBSOCKET = ("tcp", "audiosocket"), ("websocket", "none")


class CrashError(Exception):
    """A request that a real Asterisk does not survive: it is gone as a whole."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A medium that is asked for; `data` is the UUID of an AudioSocket."""

    id: str
    application: str
    host: str
    port: int
    format: str
    transport: str
    data: str = ""
    options: str = ""

    @property
    def dialstring(self) -> str:
        """Where the channel dials."""
        if self.transport == "audiosocket":
            return f"{self.host}:{self.port}/{self.data}"
        return "/".join(part for part in ("INCOMING", self.options) if part)

    @property
    def frame_size(self) -> int:
        """Bytes of a frame."""
        width = 1 if self.format in ("ulaw", "alaw") else 2
        return int(RATES[self.format] * FRAME_S) * width


def read_medium(pbx: SimulatedPbx, query: Mapping[str, str], faults: Faults) -> Asked:
    """Read what a medium shall be.

    Raises:
        RefusalError: As Asterisk refuses.
        CrashError: It would crash.
    """
    for name in ("app", "external_host", "format"):
        is_needed = name != "external_host" or query.get("connection_type") != "server"
        if is_needed and not query.get(name):
            raise RefusalError(400, f"{name} cannot be empty")
    kind = query.get("transport", "udp").lower(), query.get("encapsulation", "rtp").lower()
    if kind == _AUDIOSOCKET and faults.has_transport("audiosocket"):
        return _read_audiosocket(pbx, query, faults)
    if kind == _WEBSOCKET and faults.has_transport("websocket"):
        return _read_websocket(pbx, query, faults)
    if kind[0] == "websocket" and faults.has_transport("websocket"):
        raise RefusalError(400, "encapsulation must be 'none' for websocket transport")
    raise RefusalError(501, "The encapsulation and/or transport is not supported")


def make_medium(pbx: SimulatedPbx, asked: Asked) -> Fields:
    """Make the channel of a medium, which dials."""
    is_audiosocket = asked.transport == "audiosocket"
    name = f"AudioSocket/{asked.host}:{asked.port}-{asked.data}"
    if not is_audiosocket:
        name = f"WebSocket/INCOMING/0x7feb{pbx.count('WebSocket'):08x}"
    inside = Inside(is_medium=True, before=_OUTGOING)
    channel = pbx.create(name, state="Down", id=asked.id, inside=inside)
    pbx.variables[channel["id"]] |= _name_variables(asked)
    pbx.step(channel, *_OUTGOING)
    inside.application = asked.application
    _tell_dialling(pbx, channel, asked, "")
    return channel


def answer_medium(pbx: SimulatedPbx, channel: Fields, asked: Asked) -> None:
    """Let the other side of a medium be there."""
    pbx.change(channel, "Up")
    _tell_dialling(pbx, channel, asked, "ANSWER")


def show_medium(pbx: SimulatedPbx, channel: Fields) -> Fields:
    """Return the channel as the answer shows it."""
    return channel | {"channelvars": dict(pbx.variables[channel["id"]])}


def _read_audiosocket(pbx: SimulatedPbx, query: Mapping[str, str], faults: Faults) -> Asked:
    host, _, port = query["external_host"].rpartition(":")
    if not host or not port.isdecimal():
        raise RefusalError(400, "external_host must be <host>:<port>")
    if not query.get("data"):
        raise RefusalError(400, "data can not be empty")
    has_modules = all(map(faults.has_module, ("res_audiosocket.so", "chan_audiosocket.so")))
    id = query.get("channelId", "")
    if not _is_uuid(query["data"]) or not has_modules or (id and is_used(pbx, id)):
        raise refuse_allocation()
    if query["format"] not in RATES:
        raise refuse_allocation()
    return Asked(
        id,
        query["app"],
        host.strip("[]"),
        int(port),
        query["format"],
        "audiosocket",
        query["data"],
    )


def _read_websocket(pbx: SimulatedPbx, query: Mapping[str, str], faults: Faults) -> Asked:
    id, options = query.get("channelId", ""), query.get("transport_data", "")
    if id and is_used(pbx, id):
        raise CrashError(f"channelId {id} is in use, or begins one that is")
    if options not in _OPTIONS:
        raise CrashError(f"transport_data {options} is not known")
    is_known = query["format"] in RATES and query.get("connection_type") == "server"
    if not is_known or not faults.has_module("chan_websocket.so"):
        raise refuse_allocation()
    return Asked(
        id, query["app"], "INCOMING", 0, query["format"], "websocket", str(uuid4()), options
    )


def _name_variables(asked: Asked) -> dict[str, str]:
    if asked.transport == "audiosocket":
        return {
            "AUDIOSOCKET_SERVICE": f"{asked.host}:{asked.port}",
            "AUDIOSOCKET_UUID": asked.data,
        }
    return {
        "MEDIA_WEBSOCKET_CONNECTION_ID": asked.data,
        "MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE": str(asked.frame_size),
    }


def _tell_dialling(pbx: SimulatedPbx, channel: Fields, asked: Asked, status: str) -> None:
    pbx.emit("Dial", dialstatus=status, forward="", dialstring=asked.dialstring, peer=channel)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return len(text) == len(str(UUID(int=0)))
