"""What can be asked, one line each: how it is asked, who may, and what OpenAPI says of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from streamer import __version__
from streamer.core.tokens import Scope

if TYPE_CHECKING:
    from streamer.api.answers import Ask

ROOT = "/api/v1"

Answer = Callable[["Ask"], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One of the query; `kind` is a type of JSON schema, `more` the rest of one."""

    name: str
    about: str
    kind: str = "string"
    more: Mapping[str, Any] = field(default_factory=dict)
    is_needed: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that can be asked; a part of `path` in braces is any text without a slash."""

    method: str
    path: str
    about: str
    answer: Answer
    scope: Scope = Scope.READ
    parameters: tuple[Parameter, ...] = ()
    content: str = "application/json"
    other_contents: tuple[str, ...] = ()
    status: int = 200
    missing: str = ""
    """What it answers with 404, if that is no error as JSON."""
    body: Mapping[str, Any] | None = None
    """What OpenAPI says of the body of a request: schemas by type."""
    needs_body: bool = True
    is_public: bool = False
    """Nothing is asked of whoever asks."""
    is_open_here: bool = False
    """No token is needed where only this machine can ask."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return what its paths match."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))


def describe(routes: tuple[Route, ...]) -> dict[str, Any]:
    """Return the OpenAPI document of routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _describe_route(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "streamer", "version": __version__, "license": {"name": "MIT"}},
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "error": {
                    "type": "object",
                    "properties": {"error": {"type": "string"}},
                    "required": ["error"],
                }
            },
        },
    }


def _describe_route(route: Route) -> dict[str, Any]:
    contents: dict[str, Any] = {content: {} for content in (route.content, *route.other_contents)}
    answer = {"description": "done", "content": contents}
    refused = {
        "description": "refused; the body says why",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/error"}}},
    }
    body = {}
    if route.body is not None:
        body = {"requestBody": {"content": dict(route.body), "required": route.needs_body}}
    missing = {}
    if route.missing:
        missing = {"404": {"description": "not known", "content": {route.missing: {}}}}
    return {
        "summary": route.about,
        "operationId": route.answer.__name__,
        "parameters": list(_describe_parameters(route)),
        **body,
        "security": [] if route.is_public else [{"token": [route.scope.value]}],
        "responses": {str(route.status): answer, **missing, "default": refused},
    }


def _describe_parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for each in route.parameters:
        yield {
            "name": each.name,
            "in": "query",
            "description": each.about,
            **({"required": True} if each.is_needed else {}),
            "schema": {"type": each.kind, **each.more},
        }
