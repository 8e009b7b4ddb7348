"""The first of Rapida's two phases, as a dialplan goes through it: a context is asked for over HTTP, and the media goes to its path."""

from __future__ import annotations

from dataclasses import replace
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit, urlunsplit
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

from streamer.simulator.websocket.conversation import WebCall
from streamer.wire.websocket.calls import RAPIDA_PATH

ASSISTANT = "streamer"
"""The id of an assistant; servers of streamer's do not look at it."""

NUMBERS = {"from": "1000", "to": "2000"}
_PHASE_1 = "/v1/talk/asterisk/call/"
_MOST_ANSWER = 200


class RefusedError(Exception):
    """The server has refused the first phase; the message says how."""


def ask_for_context(call: WebCall, *, timeout_s: float) -> WebCall:
    """Return a call with the context that the server at its url gives it; blocks.

    The url's path is what stands before Rapida's, and its query, with an `x-api-key`, goes with the request.

    Raises:
        RefusedError: The server gives none.
        OSError: It cannot be reached.
    """
    parts = urlsplit(call.url)
    before = parts.path.rstrip("/")
    query = "&".join(part for part in (urlencode(NUMBERS), parts.query) if part)
    scheme = "https" if parts.scheme == "wss" else "http"
    url = urlunsplit((scheme, parts.netloc, f"{before}{_PHASE_1}{ASSISTANT}", query, ""))
    context = _get(url, timeout_s)
    path = f"{before}{RAPIDA_PATH}{quote(context, safe='')}"
    media = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    return replace(call, url=media, script=replace(call.script, call=context))


def _get(url: str, timeout_s: float) -> str:
    try:
        with build_opener(ProxyHandler({}), HTTPSHandler()).open(url, timeout=timeout_s) as answer:
            context = str(answer.read(_MOST_ANSWER + 1), "utf-8", "replace").strip()
    except HTTPError as error:
        said = error.read(_MOST_ANSWER).decode("utf-8", "replace").strip()
        raise RefusedError(f"HTTP {error.code}{': ' if said else ''}{said}") from error
    except URLError as error:
        raise OSError(str(error.reason)) from error
    except HTTPException as error:
        raise OSError("the server does not answer HTTP") from error
    if not context or len(context) > _MOST_ANSWER or not context.isprintable():
        raise RefusedError("the answer of the first phase is no contextId")
    return context
