"""A captured connection of chan_websocket as a call that sends the same, message by message.

JSON Lines: a `meta` line, then `{"t": seconds, "dir": "in", "kind": "text" or "binary", "data": …}` for each message of Asterisk.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamer.errors import UsageError
from streamer.simulator.websocket.script import TimedMessage, WebScript
from streamer.wire.websocket.base import LegBegun, Upgrade
from streamer.wire.websocket.chan_websocket import ChanWebSocket, parse_plain
from streamer.wire.websocket.fields import find_text, parse_object


def load_trace(path: Path, *, call: str = "") -> WebScript:
    """Read a trace; `call` names it, or else its own channel does.

    What Asterisk answered to commands is left out, because it answers those of this call.

    Raises:
        UsageError: The file is missing, or no trace of chan_websocket.
    """
    if not path.is_file():
        raise UsageError(f"no such file: {path}")
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
        if not lines[0]["meta"]["protocol"].startswith("chan_websocket"):
            raise ValueError("it is a trace of another protocol")
        return _script(path.name, [line for line in lines[1:] if line["dir"] == "in"], call)
    except (ValueError, LookupError, AttributeError, TypeError, StopIteration) as error:
        raise UsageError(f"{path} is not a trace of chan_websocket: {error!r}") from error


def _script(name: str, items: list[dict[str, Any]], call: str) -> WebScript:
    begins = float(next(item["t"] for item in items if item["kind"] in ("open", "text", "binary")))
    came = [item for item in items if item["kind"] in ("text", "binary")]
    messages = [TimedMessage(float(item["t"]) - begins, _decode(item)) for item in came]
    first = next(one.message for one in messages if isinstance(one.message, str))
    leg = _find_leg(first)
    if leg.format is None or not leg.format.rate:
        raise ValueError("its audio has a format that cannot be played")
    ends = [float(item["t"]) - begins for item in items if item["kind"] == "close"]
    opening = (first,) if messages[0].message == first else ()
    kept = tuple(one for one in messages[len(opening) :] if not _is_answer(one.message))
    return WebScript(
        name,
        call or find_text(_fields(first), "channel_id", "connection_id"),
        opening,
        kept,
        (),
        max([one.at for one in kept] + ends, default=0.0),
        leg.format,
        is_json=first.startswith("{"),
    )


def _decode(item: dict[str, Any]) -> str | bytes:
    return str(item["data"]) if item["kind"] == "text" else base64.b64decode(item["data"])


def _find_leg(first: str) -> LegBegun:
    taken = ChanWebSocket(Upgrade("/")).take_text(first)
    return next(message for message in taken if isinstance(message, LegBegun))


def _is_answer(message: str | bytes) -> bool:
    if isinstance(message, bytes):
        return False
    return find_text(_fields(message), "event") not in ("MEDIA_START", "DTMF_END")


def _fields(text: str) -> Mapping[str, Any]:
    return (parse_object(text) or {}) if text.startswith("{") else parse_plain(text)
