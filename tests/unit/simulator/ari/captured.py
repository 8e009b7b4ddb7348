"""Captured events beside simulated ones: ids and names are numbered in the order in which they come, times are left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from tests.unit.wire.ari.traces import list_events

NOT_SIMULATED = {"ChannelVarset", "ContactStatusChange", "DeviceStateChanged"}
_DIFFERENT = ("timestamp", "creationtime", "protocol_id", "asterisk_id", "application")
"""What is another one in each call, or is added by the socket."""
_NAME = re.compile(r"(PJSIP|Snoop|AudioSocket|WebSocket|CBAnn)/\S+")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Event = dict[str, Any]


def list_captured(name: str) -> list[Event]:
    """Return a capture's events of the kinds that are simulated."""
    events = map(json.loads, list_events(name))
    return [event for event in events if event["type"] not in NOT_SIMULATED]


def tell_stories(events: Iterable[Event]) -> list[list[str]]:
    """Return, for each channel in the order of their creation, what happened to it in its order; channels do not wait for each other."""
    names: dict[str, str] = {}
    stories: dict[str, list[str]] = {}
    for event in events:
        about = event.get("channel") or event.get("peer") or event.get("bridge") or {}
        if event.get("dialstatus") == "RINGING":
            # The telephone's own thread changes its state, before or after this is told.
            event = event | {"peer": event["peer"] | {"state": ""}}
        told = json.dumps(_name_again(event, names), sort_keys=True)
        key = f"dialling {about['id']}" if event["type"] == "Dial" else about.get("id", "")
        stories.setdefault(key, []).append(told)
    return list(stories.values())


def number(events: Iterable[Event]) -> list[Any]:
    """Return events with ids and names numbered in the order in which they come."""
    names: dict[str, str] = {}
    return [_name_again(event, names) for event in events]


def _name_again(value: Any, names: dict[str, str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {
            name: _name_again(one, names, name)
            for name, one in sorted(value.items())
            if name not in _DIFFERENT
        }
    if isinstance(value, list):
        named = [_name_again(one, names, key) for one in value]
        return sorted(named) if key == "channels" else named
    if not isinstance(value, str):
        return value
    if key == "id" or (key == "name" and _NAME.fullmatch(value)) or key == "channels":
        return names.setdefault(value, f"{len(names)}")
    return re.sub(r"127\.0\.0\.1:\d+", "HOST", _UUID.sub("UUID", value))
