"""What a peer's JSON says, read so that nothing in it can raise: wrong kinds of values count as absent, bombs as no message."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from streamer.wire.audiosocket import DIGITS
from streamer.wire.websocket.base import KeyPressed, Odd

MOST_TEXT = 1 << 18
"""Characters of a text message that are looked at; the longest known, a second of base64 at 48 kHz, has half of them."""

_LONGEST_ODD = 200
_LONGEST_KEY = 16

Fields = Mapping[str, Any]


def parse_object(text: str) -> Fields | None:
    """Return a JSON object; None for what is none, too long, or nested too deep."""
    if len(text) > MOST_TEXT:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def find_text(fields: Fields, *names: str) -> str:
    """Return the first value that can be read as a string and is not empty; lone surrogates, which no file takes, are replaced."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value:
            return value.encode("utf-8", "replace").decode()
    return ""


def find_count(fields: Fields, *names: str, most: int) -> int:
    """Return the first value that is a whole number from 1 to `most`, written as a number or as digits; 0 if there is none."""
    for name in names:
        text = find_text(fields, name)
        if text.isascii() and text.isdigit() and len(text) <= len(str(most)) + 1:
            count = int(text)
            if 0 < count <= most:
                return count
    return 0


def find_object(fields: Fields, *names: str) -> Fields:
    """Return the first value that is an object; an empty one if there is none."""
    values = (fields.get(name) for name in names)
    return next((value for value in values if isinstance(value, dict)), {})


def decode_base64(text: str) -> bytes | None:
    """Return what Base64 stands for, also without its padding; None for what is none."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def press(key: str, digit: str) -> KeyPressed:
    """Return a digit as a key of a leg's telephone, or as none."""
    digit = digit.upper() if digit.isascii() else digit
    if digit in DIGITS:
        return KeyPressed(key, digit)
    return KeyPressed(key, None, digit.encode("utf-8", "replace")[:_LONGEST_KEY])


def odd(why: str, message: str | bytes) -> Odd:
    """Return a message as one that is none of the shape's, shown by how it begins."""
    if isinstance(message, bytes):
        return Odd(f"{why}: {message[:16].hex(' ')}", len(message))
    size = len(message.encode("utf-8", "surrogatepass"))
    return Odd(f"{why}: {message[:_LONGEST_ODD]}", size)
