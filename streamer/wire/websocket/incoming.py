"""Channels of chan_websocket that wait for us: `Dial(WebSocket/INCOMING)`, or ARI's externalMedia; pure.

Asterisk is the server at `/media/ID` of its HTTP port, behind the prefix of http.conf if there is one. ID is the channel's variable
MEDIA_WEBSOCKET_CONNECTION_ID; nothing else is asked for, so whoever knows it may connect, once: 404 for an unknown id and 409 for one that is
taken. (Asterisk 23.5, measured.)
"""

from __future__ import annotations

from urllib.parse import urlsplit

from streamer.errors import NotFoundError, StreamerError, UnreachableError, UsageError
from streamer.wire.stream_channel import check_url, explain_status, public_url

_SCHEMES = ("ws://", "wss://")
_FORM = "ws://HOST:8088/media/ID"
_ID = "ID is the channel's variable MEDIA_WEBSOCKET_CONNECTION_ID"


def is_address(channel: str) -> bool:
    """Say whether what stands for a channel is an address."""
    return channel.lower().startswith(_SCHEMES)


def check_address(url: str) -> None:
    """Refuse what is not the address of one channel.

    Raises:
        UsageError: It is no url, has a user or a query, or no id behind /media/.
    """
    check_url(url)
    parts, shown = urlsplit(url), public_url(url)
    if parts.username is not None:
        raise UsageError(
            f"{shown} has a user in it, which would stand in the recording; set `user` and `password` in the config file"
        )
    if parts.query:
        raise UsageError(f"{shown} has a query, which Asterisk does not read; leave it out")
    before, _, identity = parts.path.rpartition("/")
    if not identity or not before.endswith("/media"):
        raise UsageError(
            f"{shown} is no channel that waits for a connection; write {_FORM}, where {_ID}."
            " The address of stream-channel belongs behind --url"
        )


def explain_refusal(status: int, url: str, location: str = "") -> StreamerError:
    """Say what an HTTP answer other than 101 means; `location` is where it redirects to."""
    shown = public_url(url)
    if status == 404:
        return NotFoundError(
            f"no channel waits at {shown} (HTTP 404): it has hung up, or this is not its id; {_ID}, and `core show channels` lists the"
            " channels WebSocket/INCOMING"
        )
    if status == 409:
        return UnreachableError(
            f"the channel at {shown} is taken (HTTP 409): somebody is connected to it already, and it takes one connection"
        )
    if status == 400:
        return UnreachableError(
            f"{shown} answered HTTP 400: Asterisk does not know the sub-protocol media; load it with `module load chan_websocket.so`,"
            " which Asterisk has from 20.16, 21.11, 22.6 and 23.0 on"
        )
    return explain_status(status, url, location)
