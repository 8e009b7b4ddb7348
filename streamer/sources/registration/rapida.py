"""The paths of Rapida's HTTP, so that a dialplan that was written for it works with another host.

    GET      /v1/talk/asterisk/call/{assistantId}?from=...&to=...     200, text/plain, a contextId: a registration as any other
    GET/POST /v1/talk/asterisk/ctx/{contextId}/event                  200 for a call that is expected, or came within an hour

The media of a context comes to `/v1/talk/asterisk/ctx/{contextId}` as a WebSocket, or over AudioSocket with the contextId as UUID.
What an event says becomes facts of the call, and its status; words, times and ends of a call are known here without it.
"""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from aiohttp import web

from streamer.core.untrusted import printable
from streamer.sources.registration.registry import Registry, find_uuid
from streamer.sources.registration.statuses import read_facts

MOST_EVENT = 1 << 16
"""Bytes of an event."""

_ROOT = "/v1/talk/asterisk/"
_CALL = re.compile(rf"{_ROOT}call/[^/]{{1,200}}/?")
_EVENT = re.compile(rf"{_ROOT}ctx/(?P<context>[^/]{{1,200}})/event/?")
_KINDS = ("type", "event")
_log = logging.getLogger(__name__)


def has_path(path: str) -> bool:
    """Say whether a path is one of these."""
    return path.startswith(_ROOT)


def registers(path: str) -> bool:
    """Say whether a path is that of the first phase."""
    return _CALL.fullmatch(path) is not None


async def take_event(request: web.BaseRequest, registry: Registry) -> tuple[int, str]:
    """Take what is said about a call; returns the status and the line to answer with."""
    found = _EVENT.fullmatch(request.path)
    if found is None:
        return 404, "there is no such path; media comes to /v1/talk/asterisk/ctx/ID as a WebSocket"
    if request.method not in ("GET", "POST"):
        return 405, "an event is sent with GET or POST"
    context = find_uuid(found["context"])
    if context is None or not registry.follows(context):
        return 404, "call context not found"
    body = await _read(request)
    if body is None:
        return 413, f"an event has at most {MOST_EVENT} bytes"
    said = _read_event(body) or dict(request.query)
    _log.info("%s: event %s", context, describe_event(said))
    registry.statuses.tell(context, read_facts(said))
    return 200, "ok"


def describe_event(said: Any) -> str:
    """Say in one line which event it is, whatever was sent."""
    fields = said if isinstance(said, dict) else {}
    kind = next((fields[name] for name in _KINDS if isinstance(fields.get(name), str)), "?")
    status = fields.get("dialstatus") or fields.get("status") or fields.get("cause_txt") or ""
    return printable(f"{kind} {status}".strip())


async def _read(request: web.BaseRequest) -> bytes | None:
    """Return a request's body, None if it is too long; how long it takes is the connection's to bound."""
    body = b""
    while chunk := await request.content.read(MOST_EVENT + 1 - len(body)):
        body += chunk
        if len(body) > MOST_EVENT:
            return None
    return body


def _read_event(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
