"""Names of ours in a PBX, made from nothing that comes from input.

Asterisk looks ids up by their beginning, and crashes as a whole when the id of a WebSocket's channel is in use or begins one that is:
so every id of ours is new and as long as any other.
"""

from __future__ import annotations

import re
from uuid import UUID, uuid4, uuid5

PREFIX = "streamer-"
_OBJECT = re.compile(r"streamer-[0-9a-f]{32}")
_APPLICATION = re.compile(r"streamer-[0-9a-f]{8}")
_DIGITS_OF_APPLICATION = 8
_LONGEST = 300
_DERIVED = 5
"""The version of the UUID of an id that is derived."""
_NAMESPACE = UUID("4b6a8f0e-6f1c-5b0e-9d35-0a4f3f0c2a57")
"""Any that is always the same."""


def make_id() -> str:
    """Return an id for a channel or a bridge, never the same one twice."""
    return PREFIX + uuid4().hex


def derive_id(channel: str, what: str) -> str:
    """Return the id of what listens to a channel, the same on every node: of two that ask for it, Asterisk refuses one.

    Only for a snoop, whose id in use is a clean refusal.
    """
    return PREFIX + uuid5(_NAMESPACE, f"{channel}\n{what}").hex


def is_shared_id(text: str) -> bool:
    """Say whether `derive_id` may have made it: another node may have something under it."""
    return is_own_id(text) and UUID(text.removeprefix(PREFIX)).version == _DERIVED


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
