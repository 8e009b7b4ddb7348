"""Yeastar's P-Series, "WebSocket Audio Streaming": JSON with Base64, which the PBX sends to a server of ours and reads nothing.

    {"callid":"1755940023.7","channelid":"PJSIP/1009-…","number":"1009","callflow":"","status":"process","audio":"…"}

A channel is a leg. Any number of connections may carry one callid; each says all of this in every message. The audio is slin at 8 or
16 kHz, which no message says: 640 samples each, 12.5 or 25 messages a second. The last message of a channel has the status `end`.
(Audio Stream Fields, Yeastar's help; its own examples are no JSON, so what cannot be read is counted and costs nothing.)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum

from streamer.wire.websocket.base import (
    CallBegun,
    LegBegun,
    LegEnded,
    Media,
    MediaFormat,
    Message,
    Said,
    Upgrade,
)
from streamer.wire.websocket.fields import (
    Fields,
    decode_base64,
    find_count,
    find_text,
    odd,
    parse_object,
)

SOURCE = "yeastar"
RATES = (8_000, 16_000)
FRAME_BYTES = 1_280
"""Bytes of audio in a message at either rate."""

MOST_LEGS = 100
"""Channels of one connection that are followed."""

_MOST_CALLS = 10
_LONGEST_NAME = 200
"""Characters of a callid or channelid; every message is looked up by them."""


class _Leg(Enum):
    LIVE = "live"
    ENDED = "ended"


class Yeastar:
    """Decodes one connection; `rate` or `?rate=` is what the PBX's page is set to, 0 if it is to be found out."""

    source = SOURCE
    speaker = None

    def __init__(self, upgrade: Upgrade, *, rate: int = 0) -> None:
        said = find_count(upgrade.query, "rate", most=max(RATES))
        known = next((one for one in (said, rate) if one in RATES), None)
        self._format = MediaFormat("slin", known) if known else None
        self._calls: list[str] = []
        self._legs: dict[str, _Leg] = {}

    def begin(self) -> Iterator[Message]:
        """Return nothing: the upgrade says nothing of a call."""
        return iter(())

    def take_bytes(self, data: bytes) -> Iterator[Message]:
        """Take what Yeastar does not send."""
        yield odd("a binary message", data)

    def take_text(self, text: str) -> Iterator[Message]:
        """Take a piece of a channel's audio, or its end."""
        fields = parse_object(text)
        if fields is None:
            yield odd("no JSON object", text)
            return
        call, key = find_text(fields, "callid"), find_text(fields, "channelid")
        audio = decode_base64(find_text(fields, "audio"))
        if not call or not key:
            yield odd("no callid or no channelid", text)
        elif max(len(call), len(key)) > _LONGEST_NAME:
            yield odd(f"a callid or channelid of more than {_LONGEST_NAME} characters", text)
        elif audio is None or not isinstance(fields.get("audio", ""), str | None):
            yield odd("audio that is not Base64", text)
        elif not self._knows(key):
            yield odd(f"audio of an ended channel, or of more than {MOST_LEGS}", text)
        else:
            yield from self._name_call(call, fields)
            yield from self._follow(key, audio, fields)

    def _knows(self, key: str) -> bool:
        if key in self._legs:
            return self._legs[key] is _Leg.LIVE
        return len(self._legs) < MOST_LEGS

    def _name_call(self, call: str, fields: Fields) -> Iterator[Message]:
        if call in self._calls:
            return
        if not self._calls:
            callflow = find_text(fields, "callflow")
            yield CallBegun(call, {"callflow": callflow} if callflow else {})
        elif len(self._calls) < _MOST_CALLS:
            yield Said(f"this connection carries another call too, which is kept with it: {call}")
        if len(self._calls) < _MOST_CALLS:
            self._calls.append(call)

    def _follow(self, key: str, audio: bytes, fields: Fields) -> Iterator[Message]:
        if key not in self._legs:
            self._legs[key] = _Leg.LIVE
            number = find_text(fields, "number")
            yield LegBegun(
                key,
                format=self._format,
                number=number,
                channel=key,
                frame_bytes=FRAME_BYTES,
            )
        if audio:
            yield Media(key, audio)
        if find_text(fields, "status").lower() == "end":
            self._legs[key] = _Leg.ENDED
            yield LegEnded(key)


def encode_message(
    audio: str, *, call: str, channel: str, number: str = "", callflow: str = "", status: str
) -> str:
    """Return a message about a channel; only a stand-in for the PBX may send this."""
    fields = {
        "callid": call,
        "channelid": channel,
        "number": number,
        "callflow": callflow,
        "status": status,
        "audio": audio,
    }
    return json.dumps(fields, separators=(",", ":"))
