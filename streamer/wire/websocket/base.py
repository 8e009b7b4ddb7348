"""What every shape of media over a WebSocket says, whatever it looks like on the wire; pure.

A shape decodes one connection. Strings are the peer's, untrusted and of any length; what is none of a shape's messages is `Odd`, never an
exception, since no peer may end a call by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from streamer.core.events import Cause

CODECS = frozenset({"slin", "ulaw", "alaw", "g722", "opus"})


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The request that opened the connection: its path, the first value of each query parameter, and headers in lower case."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    subprotocols: tuple[str, ...] = ()
    target: str = ""
    """Path and query as they were sent."""


@dataclass(frozen=True, slots=True)
class MediaFormat:
    """How audio is coded: `codec` is one of `CODECS`, or else the peer's own name for what nobody here reads, with a rate of 0.

    slin is 16-bit little-endian; `rate` is in samples a second.
    """

    codec: str
    rate: int
    channels: int = 1


@dataclass(frozen=True, slots=True)
class CallBegun:
    """Which call the connection belongs to, by the PBX's name for it, empty if it has none.

    `facts` may say `from, to, did, queue, agent` and others.
    """

    call: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LegBegun:
    """One more party; `key` is the shape's own name for it, `format` None where it is not said and has to be found out.

    A `label` is empty where the shape does not know who it is. `frame_bytes` and `ptime_ms` are as the peer said, 0 if it did not.
    """

    key: str
    label: str = ""
    format: MediaFormat | None = None
    number: str = ""
    name: str = ""
    channel: str = ""
    frame_bytes: int = 0
    ptime_ms: int = 0


@dataclass(frozen=True, slots=True)
class Media:
    """Audio of a leg, coded as its format says; may come before its `LegBegun`, and is kept then."""

    key: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A DTMF digit of 0-9*#A-D; None for what is none, and `raw` is how it began."""

    key: str
    digit: str | None
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class MarkReached:
    """What we sent up to this mark has been played."""

    mark: str


@dataclass(frozen=True, slots=True)
class FlowChanged:
    """The peer's queue is full, or has room again."""

    may_send: bool


@dataclass(frozen=True, slots=True)
class HoldChanged:
    """A party was put on hold, or taken back."""

    key: str
    held: bool


@dataclass(frozen=True, slots=True)
class LegEnded:
    """A party has left."""

    key: str
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call is over by the peer's word; the connection may stay open a while."""

    cause: Cause | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """Something for the user, an untrusted line: an error that the peer reports, a state that it answers."""

    text: str


@dataclass(frozen=True, slots=True)
class Odd:
    """A message that is none of the shape's, in an untrusted line; `size` in bytes."""

    message: str
    size: int = 0


Message = (
    CallBegun
    | LegBegun
    | Media
    | KeyPressed
    | MarkReached
    | FlowChanged
    | HoldChanged
    | LegEnded
    | CallEnded
    | Said
    | Odd
)


class Speaker(Protocol):
    """What may be sent back, where a shape has that; each returns the message, None where the shape has no such thing.

    Each raises ValueError for what the peer would not take, such as too much audio at once.
    """

    def audio(self, payload: bytes) -> str | bytes | None:
        """Return audio coded as the leg's format says, to be played."""

    def mark(self, name: str) -> str | bytes | None:
        """Return the wish to be told when what was sent so far has been played."""

    def flush(self) -> str | bytes | None:
        """Return the wish to drop what is queued."""

    def hang_up(self) -> str | bytes | None:
        """Return the wish to end the leg."""


class Shape(Protocol):
    """Decodes one connection. `streamer.wire.websocket.choice.SHAPES` has one `Maker` a protocol."""

    @property
    def source(self) -> str:
        """Name of the protocol, as `wire.protocols` has it."""

    @property
    def speaker(self) -> Speaker | None:
        """What may be sent on this connection, as far as is known by now; None where nothing may."""

    def begin(self) -> Iterable[Message]:
        """Return what the upgrade alone says."""

    def take_text(self, text: str) -> Iterable[Message]:
        """Take a text message."""

    def take_bytes(self, data: bytes) -> Iterable[Message]:
        """Take a binary message."""


class Maker(Protocol):
    """Makes the decoder of a connection; `rate` is the listener's setting, for shapes that do not say theirs, 0 if there is none."""

    def __call__(self, upgrade: Upgrade, *, rate: int = 0) -> Shape:
        """Return a decoder that has seen nothing yet."""
