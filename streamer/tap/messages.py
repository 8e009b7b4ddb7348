"""What a tap in a process of its own says to whoever started it: one frozen set of messages, a JSON object a line.

    outbound    RecordingBegun | ChannelTaken     Said | LegRefused     Exited
    inbound     ListeningBegun... | AddressTaken  Said                  Exited

What happens to a call stands in its folder, where everybody can follow it (`recording.feed`); only what stands nowhere else is said.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class RecordingBegun:
    """The call's folder exists, and its legs are being connected."""

    folder: Path


@dataclass(frozen=True, slots=True)
class ChannelTaken:
    """Another tap records one of the channels already, into `folder`."""

    folder: Path


@dataclass(frozen=True, slots=True)
class LegRefused:
    """The PBX has refused a leg; `message` is an untrusted line. Its folder is gone if every leg was refused."""

    leg: str
    message: str


@dataclass(frozen=True, slots=True)
class ListeningBegun:
    """Calls, or registrations, may come to `address`, a host and port; `source` says which, `calls` how many fit at once."""

    source: str
    address: str
    calls: int = 0


@dataclass(frozen=True, slots=True)
class AddressTaken:
    """Another listener of the same recordings is at `address` already."""

    source: str
    address: str


@dataclass(frozen=True, slots=True)
class Said:
    """Something the user should read, an untrusted line; `call_id` is None where no single call is concerned."""

    message: str
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Exited:
    """The last message: the exit code that the process ends with."""

    code: int


Message = RecordingBegun | ChannelTaken | LegRefused | ListeningBegun | AddressTaken | Said | Exited

_KINDS: dict[str, type[Message]] = {
    "recording": RecordingBegun,
    "channel_taken": ChannelTaken,
    "leg_refused": LegRefused,
    "listening": ListeningBegun,
    "address_taken": AddressTaken,
    "said": Said,
    "exited": Exited,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def encode_message(message: Message) -> bytes:
    """Return a message as one line."""
    fields = asdict(message)
    return json.dumps({"is": _NAMES[type(message)], **fields}, default=str).encode() + b"\n"


def parse_message(line: bytes) -> Message:
    """Return the message of a line.

    Raises:
        ValueError: It is not one; the message names the field.
    """
    fields = json.loads(line)
    if not isinstance(fields, dict) or fields.get("is") not in _KINDS:
        raise ValueError(f"{line[:80]!r} does not say which message it is")
    kind = _KINDS[fields.pop("is")]
    try:
        return kind(**{name: _parse_field(name, value) for name, value in fields.items()})
    except TypeError as error:
        raise ValueError(f"{line[:80]!r} is not a message: {error}") from error


def _parse_field(name: str, value: Any) -> Any:
    wanted: type | tuple[type, ...] = str
    if name in ("code", "calls"):
        wanted = int
    elif name == "call_id":
        wanted = (str, type(None))
    if not isinstance(value, wanted):
        raise ValueError(f"{name} cannot be {value!r}")
    return Path(str(value)) if name == "folder" else value
