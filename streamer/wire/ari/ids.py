"""Names of ours in a PBX, made from nothing that comes from input.

Asterisk looks ids up by their beginning, and crashes as a whole when the id of a WebSocket's channel is in use or begins one that is:
so every id of ours is new and as long as any other.
"""

from __future__ import annotations

import re
from uuid import uuid4

PREFIX = "streamer-"
_OBJECT = re.compile(r"streamer-[0-9a-f]{32}")
_APPLICATION = re.compile(r"streamer-[0-9a-f]{8}")
_DIGITS_OF_APPLICATION = 8
_LONGEST = 300


def make_id() -> str:
    """Return an id for a channel or a bridge, never the same one twice."""
    return PREFIX + uuid4().hex


def make_application() -> str:
    """Return a name for an application: one for each process, for of two clients with one name Asterisk cuts the first off."""
    return PREFIX + uuid4().hex[:_DIGITS_OF_APPLICATION]


def is_own_id(text: str) -> bool:
    """Say whether `make_id` may have made it."""
    return _OBJECT.fullmatch(text) is not None


def is_own_application(text: str) -> bool:
    """Say whether `make_application` may have made it."""
    return _APPLICATION.fullmatch(text) is not None


def is_segment(text: str) -> bool:
    """Say whether an id may stand in a path: not if a proxy could read it as a way up, or if it is too long to be one."""
    return text not in ("", ".", "..") and len(text) <= _LONGEST
