"""Raw audio, which has no header: what a file is by the name that Asterisk gives it, or by `--raw`.

Names are those that Asterisk's `format_*` modules write; its G.726 is packed as in RFC 3551, the first code in the lowest bits.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from streamer.errors import UsageError

NARROW_RATE = 8_000
HIGHEST_RATE = 192_000
"""Samples a second of `.sln192`, the most that Asterisk writes."""


class Codec(StrEnum):
    """How the bytes of a raw file are to be read, by Asterisk's names."""

    SLIN = "slin"
    ULAW = "ulaw"
    ALAW = "alaw"
    G722 = "g722"
    G726_16 = "g726-16"
    G726_24 = "g726-24"
    G726_32 = "g726-32"
    G726_40 = "g726-40"
    G729 = "g729"
    GSM = "gsm"
    VOX = "vox"


CODECS = tuple(codec for codec in Codec if codec is not Codec.VOX)
"""What `--raw` takes; `.vox` is a name only."""

_OF_ANY_RATE = (Codec.SLIN, Codec.ULAW, Codec.ALAW)


@dataclass(frozen=True, slots=True)
class RawFormat:
    """A codec and its samples a second."""

    codec: Codec
    rate: int = NARROW_RATE

    def __str__(self) -> str:
        return f"{self.codec}:{self.rate}" if self.codec in _OF_ANY_RATE else str(self.codec)


_SLIN_NAMES = (
    "sln",
    "slin",
    "sln8",
    "sln12",
    "sln16",
    "sln24",
    "sln32",
    "sln48",
    "sln96",
    "sln192",
)

_BY_SUFFIX = {
    **{
        name: RawFormat(Codec.SLIN, int(name[3:] or 8) * 1000)
        for name in _SLIN_NAMES
        if name != "slin"
    },
    "slin": RawFormat(Codec.SLIN),
    "sln44": RawFormat(Codec.SLIN, 44_100),
    **dict.fromkeys(("ulaw", "ul", "ulw", "mu", "pcm", "au"), RawFormat(Codec.ULAW)),
    **dict.fromkeys(("alaw", "al", "alw"), RawFormat(Codec.ALAW)),
    "raw": RawFormat(Codec.SLIN),
    "g722": RawFormat(Codec.G722, 16_000),
    **{codec.value: RawFormat(codec) for codec in Codec if codec.value.startswith("g726")},
    "g726": RawFormat(Codec.G726_32),
    "g729": RawFormat(Codec.G729),
    "gsm": RawFormat(Codec.GSM),
    "vox": RawFormat(Codec.VOX),
}

AMBIGUOUS = frozenset({".pcm", ".raw"})
"""Suffixes under which Asterisk writes one thing and other programs any."""

UNREADABLE = {
    ".siren7": "Siren 7 (G.722.1)",
    ".siren14": "Siren 14 (G.722.1C)",
    ".g719": "G.719",
    ".g723": "G.723.1 as Asterisk writes it",
    ".ilbc": "iLBC as Asterisk writes it",
}
"""Asterisk's names of what neither FFmpeg nor we can read without a header."""

_MAGIC = re.compile(
    rb"RIFF|RIFX|RF64|OggS|fLaC|ID3|\.snd|FORM|caff|\x1aE\xdf\xa3|....ftyp|#!AMR|0&\xb2u|wvpk|TTA1",
    re.DOTALL,
)
"""How files with a header begin, whatever they are called."""


def parse_raw(text: str) -> RawFormat:
    """Read `CODEC[:RATE]`.

    Raises:
        UsageError: There is no such codec, or it has no such rate.
    """
    name, colon, rate = text.partition(":")
    if name not in CODECS:
        nearest = difflib.get_close_matches(name.casefold(), CODECS, n=1)
        hint = f"did you mean {nearest[0]}? " if nearest else ""
        raise UsageError(
            f"--raw {text} names no codec that can be read; {hint}choose one of {', '.join(CODECS)}"
        )
    fixed = _BY_SUFFIX[Codec(name)] if name not in ("slin",) else _BY_SUFFIX["sln"]
    if not colon:
        return fixed
    if fixed.codec not in _OF_ANY_RATE:
        raise UsageError(f"--raw {text}: {name} has one rate, {fixed.rate}; leave `:{rate}` out")
    if not re.fullmatch(r"[0-9]{4,6}", rate) or not 1_000 <= int(rate) <= HIGHEST_RATE:
        raise UsageError(
            f"--raw {text}: the rate is samples a second, from 1000 to {HIGHEST_RATE}, as in {name}:16000"
        )
    return RawFormat(fixed.codec, int(rate))


def has_header(start: bytes) -> bool:
    """Say whether a file that begins so says itself what it is."""
    return _MAGIC.match(start) is not None


def find_named(path: Path, start: bytes) -> RawFormat | None:
    """Return what a file without a header is by its name; None for one whose `start` is a header, or of another name.

    Raises:
        UsageError: It is named as what cannot be read.
    """
    suffix = path.suffix.casefold()
    if has_header(start):
        return None
    if suffix in UNREADABLE:
        raise UsageError(
            f"{path} is {UNREADABLE[suffix]} by its name, which FFmpeg cannot read; convert it with"
            f" `asterisk -rx 'file convert {path.name} {path.stem}.wav'`"
        )
    return _BY_SUFFIX.get(suffix.removeprefix("."))
