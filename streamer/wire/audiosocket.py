"""AudioSocket: frames of kind, length and payload on a TCP connection that Asterisk makes to us.

    byte 0     kind
    bytes 1-2  length of the payload, big-endian
    then       the payload; audio is little-endian

One connection is one channel. The first frame is its UUID; the end is the end of the connection. To Asterisk nothing but audio and
`terminate` may be sent: any other kind, and audio without samples, ends the call. (include/asterisk/res_audiosocket.h of
Asterisk 23.5; what each kind does was measured.)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from streamer.core.audio import SAMPLE_WIDTH

TERMINATE = b"\x00\x00\x00"
"""The frame that lets the dialplan go on; Asterisk itself never sends it."""

FRAME_MS = 20
"""Milliseconds of audio in one frame of Asterisk's, and in those that it should be sent."""

RATES = {
    0x10: 8_000,
    0x11: 12_000,
    0x12: 16_000,
    0x13: 24_000,
    0x14: 32_000,
    0x15: 44_100,
    0x16: 48_000,
    0x17: 96_000,
    0x18: 192_000,
}
"""Samples a second of each kind of audio; older Asterisks send every format as 0x10."""

DIGITS = frozenset("0123456789*#ABCD")

_HEADER = struct.Struct(">BH")
HEADER_SIZE = _HEADER.size
_IDENTIFIER, _DIGIT = 0x01, 0x03
_KINDS = {rate: kind for kind, rate in RATES.items()}
UUID_SIZE = 16

IDENTIFIER_HEADER = (_IDENTIFIER, UUID_SIZE)
"""Kind and length of the first frame."""


@dataclass(frozen=True, slots=True)
class Identified:
    """The channel's UUID, the first thing that comes."""

    uuid: UUID


@dataclass(frozen=True, slots=True)
class Audio:
    """Audio labelled with a rate; the payload is kept as it came, because the label may be wrong."""

    rate: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Digit:
    """A DTMF digit, one of `DIGITS`; None for what is none, and `raw` is what came instead."""

    digit: str | None
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Silence:
    """A frame of older libraries that says nothing."""


@dataclass(frozen=True, slots=True)
class Terminated:
    """The other side asks for the end."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The other side reports an error, by a number of its own if it has one."""

    code: int | None


@dataclass(frozen=True, slots=True)
class Malformed:
    """A UUID of a length that none has; it is ignored."""

    length: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A frame of an unknown kind; it is ignored."""

    kind: int
    length: int


Message = Identified | Audio | Digit | Silence | Terminated | Failed | Malformed | Unknown


class Parser:
    """Put frames together from bytes in pieces of any size; holds less than one frame, 64 KiB at most."""

    def __init__(self) -> None:
        self._unread = bytearray()

    @property
    def unread(self) -> int:
        """Count the bytes of a frame that is not complete; not 0 at the end means that it was cut off."""
        return len(self._unread)

    @property
    def header(self) -> tuple[int, int] | None:
        """Return kind and length of the frame that comes next, None if they are not there yet."""
        if len(self._unread) < _HEADER.size:
            return None
        kind, length = _HEADER.unpack_from(self._unread)
        return kind, length

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take the next bytes, and return an iterator over the messages that are complete now; a frame says its length, so any is read."""
        self._unread += data
        return self._take_messages()

    def _take_messages(self) -> Iterator[Message]:
        while header := self.header:
            kind, length = header
            end = _HEADER.size + length
            if len(self._unread) < end:
                return
            payload = bytes(self._unread[_HEADER.size : end])
            del self._unread[:end]
            yield _parse(kind, payload)


def _parse(kind: int, payload: bytes) -> Message:
    if kind in RATES:
        return Audio(RATES[kind], payload)
    match kind:
        case 0x01:
            is_uuid = len(payload) == UUID_SIZE
            return Identified(UUID(bytes=payload)) if is_uuid else Malformed(len(payload))
        case 0x03:
            return _parse_digit(payload)
        case 0x00:
            return Terminated()
        case 0x02:
            return Silence()
        case 0xFF:
            return Failed(payload[0] if payload else None)
        case _:
            return Unknown(kind, len(payload))


def _parse_digit(payload: bytes) -> Digit:
    digit = payload.decode("latin-1").upper()
    return Digit(digit) if digit in DIGITS else Digit(None, payload)


def encode_audio(pcm: bytes, rate: int) -> bytes:
    """Return a frame of 16-bit little-endian audio, header and payload in one piece, as Asterisk wants them.

    Raises:
        ValueError: There is no kind for this rate, no whole samples, or too many of them for one frame.
    """
    if rate not in _KINDS:
        raise ValueError(f"AudioSocket has no audio of {rate} samples a second")
    if not pcm or len(pcm) % SAMPLE_WIDTH or len(pcm) > 0xFFFF:
        raise ValueError(f"{len(pcm)} bytes are not a frame of 16-bit audio")
    return _HEADER.pack(_KINDS[rate], len(pcm)) + pcm


def encode_identifier(uuid: UUID) -> bytes:
    """Return the frame that Asterisk begins with; only a stand-in for it may send this."""
    return _HEADER.pack(_IDENTIFIER, UUID_SIZE) + uuid.bytes


def encode_digit(digit: str) -> bytes:
    """Return the frame of a DTMF digit; only a stand-in for Asterisk may send this.

    Raises:
        ValueError: The digit is not one of `DIGITS`.
    """
    if digit not in DIGITS:
        raise ValueError(f"{digit!r} is not a DTMF digit")
    return _HEADER.pack(_DIGIT, 1) + digit.encode("ascii")
