"""Twilio Media Streams, and the near copies of it by SignalWire, Telnyx, Plivo and Exotel: JSON with Base64.

    connected -> start -> media, dtmf, mark … -> stop

The copies differ in how they spell names (`streamSid`, `stream_id`, `streamId`, `stream_sid`), in what they call codecs, and Plivo in
what it wants to be sent. A track is a leg: `inbound` is what the party of the stream's own call says, `outbound` what it hears.
(WebSocket Messages, Twilio; Stream call media over WebSocket, Telnyx; Audio Streaming, Plivo; AgentStream, Exotel.)
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from streamer.wire.websocket.base import (
    CallBegun,
    CallEnded,
    LegBegun,
    MarkReached,
    Media,
    MediaFormat,
    Message,
    Said,
    Upgrade,
)
from streamer.wire.websocket.calls import REGISTERED, find_facts, find_registered
from streamer.wire.websocket.codecs import MOST_RATE, name_format
from streamer.wire.websocket.fields import (
    Fields,
    decode_base64,
    find_count,
    find_object,
    find_text,
    odd,
    parse_object,
    press,
)

SOURCE = "twilio"
INBOUND, OUTBOUND = "inbound", "outbound"
TRACKS: Mapping[str, str] = {INBOUND: "from", OUTBOUND: "to"}
"""The legs, and the fact that says whose number it is."""

STREAM_IDS = ("streamSid", "stream_id", "streamId", "stream_sid")
_CALL_IDS = ("callSid", "call_sid", "callId", "call_session_id", "call_control_id")
_PLIVO = "streamId"
_MOST_AUDIO = 1 << 17


class Twilio:
    """Decodes one stream of any of them."""

    source = SOURCE

    def __init__(self, upgrade: Upgrade, *, rate: int = 0) -> None:
        self._upgrade = upgrade
        self._rate = rate
        self._facts: Mapping[str, str] = {}
        self._format: MediaFormat | None = None
        self._early: dict[str, None] = {}
        self._legs: set[str] = set()
        self._speaker: StreamSpeaker | None = None

    @property
    def speaker(self) -> StreamSpeaker | None:
        """What is sent to this stream; None until it has begun."""
        return self._speaker

    def begin(self) -> Iterator[Message]:
        """Return nothing: the call's own name comes with the start."""
        return iter(())

    def take_bytes(self, data: bytes) -> Iterator[Message]:
        """Take what none of them sends."""
        yield odd("a binary message", data)

    def take_text(self, text: str) -> Iterator[Message]:
        """Take an event."""
        fields = parse_object(text)
        if fields is None:
            yield odd("no JSON object", text)
            return
        match find_text(fields, "event"):
            case "start":
                yield from self._start(fields, text)
            case "media":
                yield from self._take_media(find_object(fields, "media"), text)
            case _:
                yield from self._take_event(fields, text)

    def _take_event(self, fields: Fields, text: str) -> Iterator[Message]:
        match find_text(fields, "event"):
            case "connected" | "clearedAudio":
                pass
            case "dtmf":
                key = find_object(fields, "dtmf")
                track = _find_track(key)
                yield press(track if track in TRACKS else INBOUND, find_text(key, "digit"))
            case "mark":
                yield MarkReached(find_text(find_object(fields, "mark"), "name"))
            case "playedStream":
                yield MarkReached(find_text(fields, "name"))
            case "stop":
                yield CallEnded(text=find_text(find_object(fields, "stop"), "reason"))
            case "error":
                yield Said(_explain_error(fields))
            case _:
                yield odd("no event of Media Streams", text)

    def _start(self, fields: Fields, text: str) -> Iterator[Message]:
        start = find_object(fields, "start")
        if self._format or not start:
            yield odd("a second start" if self._format else "a start that says nothing", text)
            return
        self._format = _find_format(find_object(start, "mediaFormat", "media_format"), self._rate)
        self._speaker = _find_speaker(fields, start, self._format)
        own = find_object(start, "customParameters", "custom_parameters")
        self._facts = find_facts(self._upgrade.query, start, own)
        named = find_text(own, *REGISTERED) or find_registered(self._upgrade)
        yield CallBegun(named or find_text(start, *_CALL_IDS), self._facts)
        for track in {**dict.fromkeys(_list_tracks(start)), **self._early}:
            yield from self._begin_leg(track)

    def _take_media(self, media: Fields, text: str) -> Iterator[Message]:
        payload = media.get("payload")
        audio = decode_base64(payload) if isinstance(payload, str) else None
        track = _find_track(media)
        if not audio:
            yield odd("media without audio in Base64", text)
        elif track not in TRACKS:
            yield odd("media of an unknown track", text)
        else:
            yield from self._begin_leg(track)
            yield Media(track, audio)

    def _begin_leg(self, track: str) -> Iterator[Message]:
        if not self._format:
            self._early[track] = None
        elif track not in self._legs:
            self._legs.add(track)
            yield LegBegun(track, format=self._format, number=self._facts.get(TRACKS[track], ""))


@dataclass(frozen=True, slots=True)
class StreamSpeaker:
    """What one stream takes: `id_name` is how it spells the name of its own id, which tells the clouds apart."""

    stream: str
    id_name: str = STREAM_IDS[0]
    format: MediaFormat = MediaFormat("ulaw", 8_000)

    def audio(self, payload: bytes) -> str:
        """Return audio of any length.

        Raises:
            ValueError: It is empty, or far longer than anybody should have queued.
        """
        if not 0 < len(payload) <= _MOST_AUDIO:
            raise ValueError(f"{len(payload)} bytes of audio are not 1 to {_MOST_AUDIO}")
        media: dict[str, str | int] = {"payload": base64.b64encode(payload).decode()}
        if self.id_name == _PLIVO:
            law = self.format.codec == "ulaw"
            media["contentType"] = "audio/x-mulaw" if law else "audio/x-l16"
            media["sampleRate"] = self.format.rate
            return self._write("playAudio", media=media)
        return self._write("media", media=media)

    def mark(self, name: str) -> str:
        """Ask to be told when what was sent has been played."""
        if self.id_name == _PLIVO:
            return self._write("checkpoint", name=name)
        return self._write("mark", mark={"name": name})

    def flush(self) -> str:
        """Drop what is queued."""
        return self._write("clearAudio" if self.id_name == _PLIVO else "clear")

    def hang_up(self) -> None:
        """Return nothing: a stream has no such message, and its call goes on when the connection ends."""
        return

    def _write(self, event: str, **fields: object) -> str:
        whole = {"event": event, self.id_name: self.stream, **fields}
        return json.dumps(whole, separators=(",", ":"))


def _find_speaker(fields: Fields, start: Fields, format: MediaFormat) -> StreamSpeaker:
    for where in (fields, start):
        for name in STREAM_IDS:
            if stream := find_text(where, name):
                return StreamSpeaker(stream, name, format)
    return StreamSpeaker("", format=format)


def _find_format(said: Fields, rate: int) -> MediaFormat:
    rate = find_count(said, "sampleRate", "sample_rate", most=MOST_RATE) or rate
    return name_format(find_text(said, "encoding") or "audio/x-mulaw", rate=rate)


def _find_track(fields: Fields) -> str:
    """Return the track, which some of them leave out where there is only one, and some write as `inbound_track`."""
    return find_text(fields, "track").removesuffix("_track") or INBOUND


def _list_tracks(start: Fields) -> list[str]:
    said = start.get("tracks", start.get("track"))
    names = [name for name in (said if isinstance(said, list) else [said]) if isinstance(name, str)]
    if any(name.startswith("both") for name in names):
        return list(TRACKS)
    return [track for track in TRACKS if track in names or f"{track}_track" in names]


def _explain_error(fields: Fields) -> str:
    error = find_object(fields, "payload", "error") or fields
    words = [find_text(error, name) for name in ("code", "title", "detail", "message")]
    return "error " + " ".join(filter(None, words))
