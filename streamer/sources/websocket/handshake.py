"""The request of a connection: read, and judged before anything is opened; no sockets.

A request that asks for no WebSocket is for whoever answers HTTP. One that does must show what its listener asks for, or name a call that
is registered, and may not be of another web page.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamer.sources.websocket.access import Verdict
from streamer.sources.websocket.base import Server
from streamer.sources.websocket.conversation import Conversation
from streamer.sources.websocket.origin import is_of_another_page
from streamer.sources.websocket.request import (
    END_OF_HEAD,
    MOST_HEAD,
    asks_for_websocket,
    explain_no_http,
)
from streamer.wire.websocket import base as wire
from streamer.wire.websocket.choice import Refusal


@dataclass(frozen=True, slots=True)
class Asked:
    """A WebSocket is asked for; `rest` came behind the request."""

    upgrade: wire.Upgrade
    rest: bytes


@dataclass(frozen=True, slots=True)
class OtherRequest:
    """A request for something else, with all that has come."""

    data: bytes


@dataclass(frozen=True, slots=True)
class NoRequest:
    """What has come is no HTTP; `is_answered` if whoever sent it can be told so, and is."""

    why: str
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Granted:
    """A WebSocket is opened for a request, as the shapes know it."""

    upgrade: wire.Upgrade
    is_trusted: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """No WebSocket is opened; whoever guesses is answered slowly."""

    status: int
    why: str
    is_guess: bool = False


class Head:
    """Reads the head of a connection's request."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._data = bytearray()
        self.is_empty = True
        """Whether nothing has come."""

    def feed(self, data: bytes) -> Asked | OtherRequest | NoRequest | Refused | None:
        """Take bytes, and return what is asked for as soon as that is known."""
        self.is_empty = False
        self._data += data
        if why := explain_no_http(bytes(self._data[:1])):
            return NoRequest(why, is_answered=False)
        end = self._data.find(END_OF_HEAD)
        if end < 0:
            is_long = len(self._data) > MOST_HEAD
            long = f"the request's head is longer than {MOST_HEAD} bytes"
            return Refused(431, long) if is_long else None
        whole = bytes(self._data)
        self._data.clear()
        head, rest = whole[: end + len(END_OF_HEAD)], whole[end + len(END_OF_HEAD) :]
        if not asks_for_websocket(head):
            return OtherRequest(whole)
        upgrade = self._conversation.read_request(head)
        if upgrade is None:
            return NoRequest("its request is not one of HTTP", is_answered=True)
        return Asked(upgrade, rest)


def judge(
    upgrade: wire.Upgrade, server: Server, *, local: str, limit: str | None, has_spare: bool
) -> Granted | Refused:
    """Decide by the request alone whether a WebSocket is opened.

    `limit` is why the peer is sent away unless its call is registered, `has_spare` whether it has the last descriptor, so in any case.
    """
    verdict, known = server.access.judge(upgrade)
    is_expected = server.expects(_find_name(known, server))
    if has_spare:
        return Refused(503, limit or "")
    if limit is not None and not is_expected:
        return Refused(429, limit)
    if verdict is Verdict.WRONG:
        wrong = "what it shows of what this listener asks for (`auth`) is wrong"
        return Refused(401, wrong, is_guess=True)
    if is_of_another_page(upgrade, names=server.names, local=local):
        return Refused(403, "a web page may not send calls here")
    if verdict is Verdict.MISSING and not is_expected:
        nothing = "it shows nothing of what this listener asks for (`auth`)"
        return Refused(401, nothing, is_guess=server.access.has_paths)
    return Granted(known, verdict is Verdict.RIGHT)


def _find_name(upgrade: wire.Upgrade, server: Server) -> str:
    """Return the call that the request alone names."""
    make = server.choose(upgrade)
    if make is None or isinstance(make, Refusal):
        return ""
    shape = make(upgrade)
    return next((one.call for one in shape.begin() if isinstance(one, wire.CallBegun)), "")
