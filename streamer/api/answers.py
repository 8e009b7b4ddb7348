"""The answers of each route: from a request to what `service`, `metrics` and `streaming` do."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from aiohttp import web

from streamer.api.bodies import (
    MARK_SCHEMA,
    PLACING_SCHEMA,
    read_asked,
    read_json,
    read_mark,
    read_playing,
)
from streamer.api.hub import EventHub
from streamer.api.metrics import CONTENT_TYPE, Metrics
from streamer.api.routes import ROOT, Parameter, Route, describe
from streamer.api.service import LONGEST_WAIT_S, MOST_LEFT_OUT, MOST_LISTED, Service
from streamer.api.streaming import read_wanted, stream_events, talk_events
from streamer.core.tokens import Scope
from streamer.errors import UsageError
from streamer.exporters import EXPORTERS

MOST_AUDIO = 64 << 20
"""Bytes of an audio file that is to be played."""

NO_RESULT = "||"
"""The line of a call that is not known, in which a dialplan finds the same three fields."""

_FORMATS = {
    "txt": "text/plain",
    "csv": "text/csv",
    "vtt": "text/vtt",
    "json": "application/json",
    "vcon": "application/vcon+json",
}


@dataclass(frozen=True, slots=True)
class Api:
    """What all answers share."""

    service: Service
    hub: EventHub
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, whose path matched a route with `parts`."""

    request: web.BaseRequest
    api: Api
    parts: Mapping[str, str]

    @property
    def query(self) -> Mapping[str, str]:
        """Return its parameters."""
        return self.request.query

    @property
    def service(self) -> Service:
        """Return what knows of calls."""
        return self.api.service


async def list_calls(ask: Ask) -> web.StreamResponse:
    """Answer with calls."""
    return web.json_response(await ask.service.list_calls(ask.query))


async def show_call(ask: Ask) -> web.StreamResponse:
    """Answer with one call."""
    return web.json_response(await ask.service.show_call(ask.parts["call"]))


async def show_transcript(ask: Ask) -> web.StreamResponse:
    """Answer with what was said on a call."""
    format_name = ask.query.get("format", "json")
    text = await ask.service.export(ask.parts["call"], format_name)
    return web.Response(text=text, content_type=_FORMATS.get(format_name, "text/plain"))


async def show_marks(ask: Ask) -> web.StreamResponse:
    """Answer with the lines of a call that users have marked."""
    return web.json_response(await ask.service.list_marks(ask.parts["call"]))


async def set_mark(ask: Ask) -> web.StreamResponse:
    """Mark a line of a call, or take its mark away."""
    wanted = read_mark(await read_json(ask.request))
    return web.json_response(await ask.service.mark(ask.parts["call"], wanted))


async def find_result(ask: Ask) -> web.StreamResponse:
    """Answer with one line for a dialplan, without a line end, since CURL() takes it as it is."""
    text = await ask.service.find_result(ask.parts["uuid"], ask.query)
    return web.Response(
        text=NO_RESULT if text is None else text, status=404 if text is None else 200
    )


async def search(ask: Ask) -> web.StreamResponse:
    """Answer with what a search finds."""
    return web.json_response(await ask.service.search(ask.query))


async def follow_events(ask: Ask) -> web.StreamResponse:
    """Answer with what happens, as long as the client listens."""
    wanted = read_wanted(ask.request)
    is_socket = ask.request.headers.get("Upgrade", "").lower() == "websocket"
    follow = talk_events if is_socket else stream_events
    return await follow(ask.request, ask.api.hub, wanted)


async def stop_call(ask: Ask) -> web.StreamResponse:
    """Ask for the end of a recording."""
    return web.json_response(await ask.service.stop(ask.parts["call"]))


async def place_call(ask: Ask) -> web.StreamResponse:
    """Have somebody called."""
    body = await read_json(ask.request)
    placed = await ask.service.place(read_asked(body), read_playing(body))
    return web.json_response(
        placed, status=201, headers={"Location": f"{ROOT}/calls/{placed['call']}"}
    )


async def play_into_call(ask: Ask) -> web.StreamResponse:
    """Have the audio file in the body played to the party of a call."""
    with tempfile.TemporaryDirectory(prefix="streamer-") as folder:
        file = await _receive(ask.request, Path(folder) / "audio")
        return web.json_response(await ask.service.play(ask.parts["call"], file, ask.query))


async def show_schema(ask: Ask) -> web.StreamResponse:
    """Answer with the JSON schema of events."""
    text = files("streamer.api").joinpath("events.schema.json").read_text(encoding="utf-8")
    return web.Response(text=text, content_type="application/schema+json")


async def show_openapi(ask: Ask) -> web.StreamResponse:
    """Answer with the OpenAPI document."""
    return web.json_response(describe(ROUTES))


async def show_metrics(ask: Ask) -> web.StreamResponse:
    """Answer with all numbers."""
    body = await ask.api.metrics.render(ask.service)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})


async def say_healthy(ask: Ask) -> web.StreamResponse:
    """Answer at all."""
    return web.json_response({"status": "ok"})


async def say_ready(ask: Ask) -> web.StreamResponse:
    """Answer whether calls would get words."""
    why = _find_lack(ask.service)
    fields: dict[str, Any] = {"ready": not why}
    return web.json_response(fields | ({"why": why} if why else {}), status=503 if why else 200)


def _find_lack(service: Service) -> str:
    if service.backend.store is None:
        return "the database is not open"
    if service.backend.lack:
        return "calls get no words, for want of a model"
    return ""


async def _receive(request: web.BaseRequest, path: Path) -> Path | None:
    """Write the body of a request to a file; None if there is none.

    Raises:
        UsageError: It is too long.
    """
    count = 0
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
        async for chunk in request.content.iter_chunked(1 << 16):
            count += len(chunk)
            if count > MOST_AUDIO:
                raise UsageError(f"the audio file has more than {MOST_AUDIO >> 20} MB")
            file.write(chunk)
    return path if count else None


_SINCE = Parameter("since", "from this time on: ISO 8601, or how long ago, as 2h")
_UNTIL = Parameter("until", "before this time")
_CHANNEL = Parameter("channel", "only channels whose name contains this")
_PARTIES = (
    Parameter("from", "only calls from a number or name with this part"),
    Parameter("to", "only calls to a number or name with this part"),
    Parameter("digits", "only calls in which these keys were pressed, one after another"),
)
_LIMIT = Parameter("limit", "at most so many", "integer", {"minimum": 1, "maximum": MOST_LISTED})

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        f"{ROOT}/calls",
        "Calls, newest first; live ones first",
        list_calls,
        parameters=(
            _SINCE,
            _UNTIL,
            _CHANNEL,
            *_PARTIES,
            Parameter("text", "only calls in which a search for this finds something"),
            Parameter("alerts", "only calls with alerts", "boolean"),
            Parameter("live", "only calls that are being recorded", "boolean"),
            _LIMIT,
            Parameter("before", "only calls before this one: `next` of the answer before"),
        ),
    ),
    Route(
        "POST",
        f"{ROOT}/calls",
        "Call somebody through ARI and record it; the answer comes when it rings",
        place_call,
        scope=Scope.CONTROL,
        status=201,
        body={"application/json": {"schema": PLACING_SCHEMA}},
    ),
    Route(
        "GET", f"{ROOT}/calls/{{call}}", "One call: its id, the beginning of it, or last", show_call
    ),
    Route(
        "GET",
        f"{ROOT}/calls/{{call}}/transcript",
        "What was said on a call",
        show_transcript,
        parameters=(Parameter("format", "json without it", more={"enum": sorted(EXPORTERS)}),),
        other_contents=tuple(sorted({"text/plain", *_FORMATS.values()} - {"application/json"})),
    ),
    Route(
        "GET", f"{ROOT}/calls/{{call}}/marks", "The lines of a call that users marked", show_marks
    ),
    Route(
        "POST",
        f"{ROOT}/calls/{{call}}/marks",
        "Mark a line of a call, change its note, or take its mark away",
        set_mark,
        scope=Scope.CONTROL,
        body={"application/json": {"schema": MARK_SCHEMA}},
    ),
    Route(
        "GET",
        f"{ROOT}/calls/by-id/{{uuid}}/result",
        "One line for a dialplan: last alert|keys|last words",
        find_result,
        parameters=(
            Parameter(
                "wait",
                "seconds to wait until all words are there",
                "number",
                {"minimum": 0, "maximum": LONGEST_WAIT_S},
            ),
        ),
        content="text/plain",
        missing="text/plain",
    ),
    Route(
        "GET",
        f"{ROOT}/search",
        "What was said on all calls, newest first",
        search,
        parameters=(
            Parameter(
                "q",
                "words, a phrase in quotes, a beginning as cancel*, AND, OR, NOT",
                more={"minLength": 1},
                is_needed=True,
            ),
            _SINCE,
            _UNTIL,
            _CHANNEL,
            *_PARTIES,
            _LIMIT,
            Parameter(
                "offset",
                "leave out so many",
                "integer",
                {"minimum": 0, "maximum": MOST_LEFT_OUT},
            ),
        ),
    ),
    Route(
        "GET",
        f"{ROOT}/events",
        "What happens, as Server-Sent Events or over a WebSocket",
        follow_events,
        parameters=(
            Parameter(
                "last_event_id", "go on behind this one, as the header Last-Event-ID", "integer"
            ),
            Parameter("call", "only of this call"),
            Parameter("types", "only these events, separated by commas"),
        ),
        content="text/event-stream",
    ),
    Route(
        "POST",
        f"{ROOT}/calls/{{call}}/stop",
        "End the recording of a live call; the call itself goes on",
        stop_call,
        scope=Scope.CONTROL,
    ),
    Route(
        "POST",
        f"{ROOT}/calls/{{call}}/play",
        "Play the audio file in the body to the party of a live call",
        play_into_call,
        scope=Scope.CONTROL,
        parameters=(Parameter("flush", "drop what is queued before", "boolean"),),
        body={"audio/*": {}},
        needs_body=False,
    ),
    Route("GET", f"{ROOT}/openapi.json", "This document", show_openapi, is_open_here=True),
    Route(
        "GET",
        f"{ROOT}/events.schema.json",
        "The JSON schema of events",
        show_schema,
        content="application/schema+json",
        is_open_here=True,
    ),
    Route(
        "GET",
        "/metrics",
        "Numbers for Prometheus",
        show_metrics,
        content="text/plain",
        is_open_here=True,
    ),
    Route("GET", "/healthz", "Whether the process answers", say_healthy, is_public=True),
    Route("GET", "/readyz", "Whether calls would get words", say_ready, is_public=True),
)
