"""The names by which PBXs and clouds call the codecs."""

from __future__ import annotations

import re

from streamer.wire.websocket.base import MediaFormat

LEAST_RATE, MOST_RATE = 4_000, 192_000
"""Samples a second that are believed."""

_SLIN_RATES = {
    "slin": 8_000,
    "slin12": 12_000,
    "slin16": 16_000,
    "slin24": 24_000,
    "slin32": 32_000,
    "slin44": 44_100,
    "slin48": 48_000,
    "slin96": 96_000,
    "slin192": 192_000,
}
"""Asterisk's names, which it cuts off at thousands."""

_OWN_RATES = {"ulaw": 8_000, "alaw": 8_000, "g722": 16_000, "opus": 48_000}
"""Codecs of one rate; RTP says 8000 for g722, which is its clock, not its samples."""

_OTHER_NAMES = {
    "mulaw": "ulaw",
    "pcmu": "ulaw",
    "g711u": "ulaw",
    "pcma": "alaw",
    "g711a": "alaw",
    "l16": "slin",
    "raw": "slin",
    "pcm": "slin",
    "linear16": "slin",
    "base64": "slin",
}
_RATE_IN_NAME = re.compile(r"(?:rate=|@)(\d{4,6})")


def name_asterisk_format(name: str) -> MediaFormat:
    """Return a format by Asterisk's name for it."""
    name = name.strip().lower()
    if name in _SLIN_RATES:
        return MediaFormat("slin", _SLIN_RATES[name])
    return MediaFormat(name, _OWN_RATES.get(name, 0))


def name_format(encoding: str, *, rate: int = 0) -> MediaFormat:
    """Return a format by a MIME type or RTP name such as `audio/x-l16;rate=16000` and `PCMU`, with the rate that is said beside it."""
    said = _RATE_IN_NAME.search(encoding)
    base = re.split(r"[;@]", encoding.strip().lower())[0].strip()
    base = base.removeprefix("audio/").removeprefix("x-")
    codec = _OTHER_NAMES.get(base, base)
    if codec in _OWN_RATES:
        return MediaFormat(codec, _OWN_RATES[codec])
    if codec in _SLIN_RATES:
        return MediaFormat("slin", rate or _believe(said) or _SLIN_RATES[codec])
    return MediaFormat(codec, 0)


def _believe(said: re.Match[str] | None) -> int:
    rate = int(said[1]) if said else 0
    return rate if LEAST_RATE <= rate <= MOST_RATE else 0
