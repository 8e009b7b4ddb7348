"""Which call an upgrade or its parameters name, and who takes part in it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote
from uuid import UUID

from streamer.wire.websocket.base import Upgrade
from streamer.wire.websocket.fields import Fields, find_text

RAPIDA_PATH = "/v1/talk/asterisk/ctx/"
"""What a context's id follows, in Rapida's second phase."""

REGISTERED = ("contextId", "ctx", "uuid")
"""Parameters that hold the id which a registration gave."""

VARIABLES = ("RAPIDA_CONTEXT_ID", *REGISTERED)
_UNIQUE = ("callid", "call_id", "callId", "linkedid", "uniqueid")

_FACTS = {
    "from": ("from", "caller", "callerid"),
    "to": ("to", "extension", "dnid"),
    "did": ("did",),
    "queue": ("queue",),
    "agent": ("agent",),
}
"""What is known of a call, by the names that `/register` knows too."""


def find_registered(upgrade: Upgrade) -> str:
    """Return the id in a path of Rapida's, a parameter, or the last part of a path that is a UUID; empty if there is none."""
    path = unquote(upgrade.path, errors="replace")
    if path.startswith(RAPIDA_PATH):
        return path.removeprefix(RAPIDA_PATH).rstrip("/")
    if said := find_text(upgrade.query, *REGISTERED):
        return said
    last = path.rstrip("/").rpartition("/")[2]
    return last if is_uuid(last) else ""


def find_unique(fields: Fields) -> str:
    """Return the name that a PBX has for a call, as a dialplan would pass it on."""
    return find_text(fields, *_UNIQUE)


def find_variable(variables: Fields) -> str:
    """Return the id that a channel's variables name: under a known name, or else the first that is a UUID."""
    if said := find_text(variables, *VARIABLES):
        return said
    own = (name for name in variables if not name.startswith("MEDIA_WEBSOCKET_"))
    values = (find_text(variables, name) for name in own)
    return next((value for value in values if is_uuid(value)), "")


def find_facts(*sources: Fields) -> Mapping[str, str]:
    """Return the facts of a call that are said; a later source wins."""
    facts: dict[str, str] = {}
    for fields in sources:
        said = {fact: find_text(fields, *names) for fact, names in _FACTS.items()}
        facts |= {fact: value for fact, value in said.items() if value}
    return facts


def is_uuid(text: str) -> bool:
    """Say whether a text is a UUID as PBXs write it, with its four dashes."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
