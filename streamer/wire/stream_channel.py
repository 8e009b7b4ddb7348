"""Asterisk's `stream-channel`: what we ask for, what comes, and what an end means.

The sub-protocol of the third-party module `res_ari_stream`. The client's request names one channel; from then on the PBX sends
binary messages of raw slin16 (16 kHz, 16-bit little-endian, mono), nothing else, and reads nothing. There is no start event, no
error text and no reason at the end, so outcomes are told apart by what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.events import EndReason
from streamer.errors import NotFoundError, SourceError, StreamerError, UnreachableError, UsageError

SUBPROTOCOL = "stream-channel"
CHANNEL_HEADER = "Channel-ID"
"""Spelled exactly so: the module compares it letter by letter."""

DEFAULT_URL = "ws://127.0.0.1:5039/ws"
REFUSAL_WINDOW = 1.0
"""Seconds after the handshake within which a close without audio means that there is no such channel."""

_RESERVED = frozenset({"host", "connection", "upgrade", CHANNEL_HEADER.lower()})
_BEHIND_PROXY = (
    "a proxy answers, but Asterisk behind it does not; check with `http show status` that Asterisk's HTTP server runs, and to which"
    " address the proxy goes"
)
_NORMAL_CLOSE = 1000
_GOING_AWAY = 1001
_FROZEN = (
    "the call may now be frozen inside Asterisk: `core show channels` lists it and a hang-up has no effect;"
    " only a restart of Asterisk clears it. streamer does not connect again"
)


def check_url(url: str) -> None:
    """Refuse what is not a websocket address.

    Raises:
        UsageError: The url is not ws:// or wss://, has no host, a wrong port, or a user without a password.
    """
    shown = public_url(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # What urllib says of it may hold a part of the password.
        raise UsageError(
            f"the url {shown} cannot be parsed; it must look like {DEFAULT_URL}"
        ) from None
    if parts.scheme not in ("ws", "wss"):
        raise UsageError(
            f"the url {shown} does not begin with ws:// or wss://; write it like {DEFAULT_URL}"
        )
    if not parts.hostname or port == 0 or "@" in parts.path:
        raise UsageError(f"the url {shown} has no host; write it like {DEFAULT_URL}")
    if parts.fragment or any(c.isspace() or not c.isprintable() for c in url):
        raise UsageError(
            f"the url {shown} has a character that is not allowed in a url, such as a blank or a #"
        )
    if (parts.username is None) != (parts.password is None):
        raise UsageError(
            f"the url {shown} has a user without a password; write ws://USER:PASSWORD@HOST/ws"
        )


def public_url(url: str) -> str:
    """Return the url without user, password and query, fit for messages, logs and `call.json`."""
    scheme, separator, rest = url.partition("://")
    address, query, _ = rest.partition("?")
    if not separator:
        return url.rpartition("@")[2].partition("?")[0]
    # A password may hold a / or a ?, so everything up to the last @ goes.
    if "@" in rest and "@" not in address:
        address = rest
    return scheme + separator + address.rpartition("@")[2] + ("?…" if query else "")


def check_channel(channel: str) -> None:
    """Refuse a channel name that could not stand in a request header.

    Raises:
        UsageError: It is empty, or holds a control character such as CR or LF, which would smuggle a header in.
    """
    if not channel.strip():
        raise UsageError(
            "the channel is empty; `core show channels concise` in Asterisk lists the names"
        )
    if any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in channel):
        raise UsageError(
            f"the channel {channel!r} holds a control character, which is not allowed in a channel name"
        )


def request_headers(
    channel: str, *, extra: tuple[tuple[str, str], ...] = ()
) -> list[tuple[str, str]]:
    """Return the headers that select `channel`, taken raw: names hold `/`, `;` and `@`.

    Raises:
        UsageError: The channel or an extra header is not allowed in a request.
    """
    check_channel(channel)
    for name, value in extra:
        if not name or not all(c.isalnum() or c in "-_" for c in name) or not name.isascii():
            raise UsageError(f"{name!r} is not a header name; write the header as Name: value")
        if name.lower() in _RESERVED or name.lower().startswith("sec-websocket-"):
            raise UsageError(f"streamer sets the header {name} itself; leave it out")
        if any(ord(c) < 0x20 or ord(c) == 0x7F for c in value):
            raise UsageError(f"the value of the header {name} holds a control character; remove it")
    return [(CHANNEL_HEADER, channel), *extra]


@dataclass(frozen=True, slots=True)
class Audio:
    """Whole slin16 samples; `odd_bytes` is 1 if the message ended in half a sample, which is dropped."""

    pcm: bytes
    odd_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """A text message, which the protocol does not know."""

    length: int


def parse_message(message: bytes | str) -> Audio | Text:
    """Read one websocket message of any size."""
    if isinstance(message, str):
        return Text(len(message))
    odd_bytes = len(message) % SAMPLE_WIDTH
    return Audio(message[: len(message) - odd_bytes], odd_bytes) if odd_bytes else Audio(message)


def explain_status(status: int, url: str, location: str = "") -> UnreachableError:
    """Say what an HTTP answer other than 101 means on an Asterisk; `location` is where it redirects to."""
    shown = public_url(url)
    reasons = {
        301: _explain_redirect(url, location),
        400: "Asterisk does not know the sub-protocol stream-channel; load it with `module load res_ari_stream.so`",
        401: "a proxy in front of Asterisk asks for a login; write it as ws://USER:PASSWORD@... in the config file",
        403: "an access rule forbids this machine; see the [/ws] restriction in http.conf",
        404: "the path is wrong, or res_http_websocket is not loaded; the path is /ws unless http.conf sets a prefix",
        407: "a proxy in between asks for a login; connect to Asterisk itself",
        426: "a proxy in between has removed the websocket upgrade; connect to Asterisk itself",
        429: "a proxy in between allows no more connections for now; wait, or connect to Asterisk itself",
        500: "the server failed; see its log",
        501: "the server knows no websockets; connect to Asterisk itself",
        502: _BEHIND_PROXY,
        503: _BEHIND_PROXY,
        504: _BEHIND_PROXY,
    }
    reason = reasons.get(
        301 if 300 <= status < 400 else status,
        "it is not Asterisk's websocket; check host, port and path",
    )
    return UnreachableError(f"{shown} answered HTTP {status}: {reason}")


def _explain_redirect(url: str, location: str) -> str:
    try:
        target = urljoin(url, location) if location else ""
        scheme, separator, rest = target.partition("://")
        address = {"http": "ws", "https": "wss"}.get(scheme, scheme) + separator + rest
        check_url(address)
    except (UsageError, ValueError):
        return "it redirects to another address, which streamer does not follow; use that address as the url"
    return f"it redirects, which streamer does not follow; use {public_url(address)} as the url"


def suggest_port(url: str) -> str:
    """Return the hint for a port on which nothing listens."""
    port = urlsplit(url).port
    known = {8088: "stock Asterisk", 5039: "Wazo"}
    others = ", ".join(f"{name} uses {number}" for number, name in known.items() if number != port)
    return f"({others})" if others else ""


@dataclass(frozen=True, slots=True)
class Ending:
    """What the end of a connection means; `error` is None where all is well."""

    reason: EndReason
    error: StreamerError | None = None
    note: str = ""


def judge_end(
    channel: str, *, close_code: int | None, close_reason: str = "", frames: int, open_s: float
) -> Ending:
    """Tell an ended call from a channel that does not exist, and from a call that may be frozen.

    `close_code` is the PBX's own close code, None if the connection ended without one; `frames` is how many audio messages had
    come, `open_s` how many seconds after the handshake it ended.
    """
    if close_code is None:
        return Ending(
            EndReason.LOST, SourceError(f"the connection to {channel} broke off; {_FROZEN}")
        )
    if close_code not in (_NORMAL_CLOSE, _GOING_AWAY):
        said = f" ({close_reason})" if close_reason else ""
        return Ending(
            EndReason.LOST,
            SourceError(f"the PBX ended {channel} with close code {close_code}{said}"),
        )
    if frames:
        return Ending(EndReason.HANG_UP)
    if open_s <= REFUSAL_WINDOW:
        return Ending(EndReason.REFUSED, NotFoundError(_no_such_channel(channel)))
    return Ending(EndReason.HANG_UP, note=f"{channel} ended without audio")


def _no_such_channel(channel: str) -> str:
    hint = "`core show channels concise` in Asterisk lists the names"
    if ";" not in channel:
        hint += "; a name that ends in ;1 or ;2 needs quotes, or the shell cuts it off"
    return f"no such channel: {channel}; {hint}"


def explain_silence(channel: str, *, waited_s: float) -> str:
    """Say why a connection may be open without any frames."""
    return (
        f"no audio from {channel} for {waited_s:.0f} s: it is ringing or on hold, or its own format is slin16, which"
        " res_ari_stream cannot send; still waiting"
    )
