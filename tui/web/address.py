"""Where a tab is, as its browser's address says it: `/` is the list, `/call/ID` a call, and `#1:20` the line of a moment in it."""

from __future__ import annotations

from dataclasses import dataclass

from streamer.core.transcript import format_position, parse_position
from streamer.recording.folder import is_call_id

LIST = "/"
CALL = "/call/"


@dataclass(frozen=True, slots=True)
class Address:
    """A call and perhaps a moment in it; the list of calls without one."""

    call_id: str = ""
    position_s: float | None = None
    grain_s: float = 1.0
    """How exact the moment is."""

    def __str__(self) -> str:
        if not self.call_id:
            return LIST
        if self.position_s is None:
            return f"{CALL}{self.call_id}"
        tenths = int(self.position_s * 10) % 10 if self.grain_s < 1 else 0
        fraction = f".{tenths}" if self.grain_s < 1 else ""
        return f"{CALL}{self.call_id}#{format_position(self.position_s)}{fraction}"


def parse_address(text: str) -> Address:
    """Read an address that somebody may have typed; what is none of ours is the list, or the call without the moment."""
    path, _, fragment = text.partition("#")
    call_id = path.removeprefix(CALL)
    if not path.startswith(CALL) or not is_call_id(call_id):
        return Address()
    position_s = parse_position(fragment)
    if position_s is None:
        return Address(call_id)
    return Address(call_id, position_s, 0.1 if "." in fragment else 1.0)
