"""What the other senders of audio make of what comes back to them; pure."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterator, Mapping

from streamer.core.audio import SAMPLE_WIDTH
from streamer.simulator.returned import Returned
from streamer.simulator.websocket.asterisk import FRAME_S, AsteriskPeer
from streamer.simulator.websocket.heard import Heard, Peer, Verdict
from streamer.wire.websocket import audio_stream, chan_websocket, twilio, yeastar
from streamer.wire.websocket.base import MediaFormat
from streamer.wire.websocket.fields import decode_base64, find_object, find_text, parse_object


class StreamPeer:
    """Twilio's end of a stream that goes both ways."""

    def __init__(self, heard: Heard, *, call: str, now: float) -> None:
        self.verdict: Verdict | None = None
        self._heard = heard
        self._stream = f"MZ{call}"
        self._ends_at = now
        self._marks: deque[tuple[float, str]] = deque()

    @property
    def due(self) -> float:
        """When the next mark is reached."""
        return self._marks[0][0] if self._marks else math.inf

    @property
    def notes(self) -> list[str]:
        """What Twilio reports as warnings."""
        return self._heard.notes

    def count(self, now: float) -> Returned:
        """Return the audio that came until `now`."""
        return self._heard.count(now)

    def take(self, message: str | bytes, now: float) -> Iterator[str]:
        """Take an event."""
        fields = parse_object(message) if isinstance(message, str) else None
        if fields is None or find_text(fields, "streamSid") != self._stream:
            self._heard.note("a message that is no event of this stream was ignored")
            return
        match find_text(fields, "event"):
            case "media":
                self._play(find_text(find_object(fields, "media"), "payload"), now)
            case "mark":
                name = find_text(find_object(fields, "mark"), "name")
                self._marks.append((max(now, self._ends_at), name))
                yield from self.advance(now)
            case "clear":
                self._ends_at = now
                self._marks = deque((now, name) for _, name in self._marks)
                yield from self.advance(now)
            case _:
                self._heard.note("an unknown event was ignored")

    def advance(self, now: float) -> Iterator[str]:
        """Answer the marks that are reached."""
        while self._marks and self._marks[0][0] <= now:
            _, name = self._marks.popleft()
            mark = {"event": "mark", "streamSid": self._stream, "mark": {"name": name}}
            yield json.dumps(mark, separators=(",", ":"))

    def _play(self, payload: str, now: float) -> None:
        audio = decode_base64(payload)
        if not audio:
            self._heard.note("media without audio in Base64 was ignored")
            return
        self._heard.hear(audio, now)
        self._ends_at = max(now, self._ends_at) + len(audio) / 8_000


class DeafPeer:
    """Yeastar's and FreeSWITCH's end: nothing that comes back is played."""

    due = math.inf

    def __init__(self, heard: Heard) -> None:
        self.verdict: Verdict | None = None
        self._heard = heard

    @property
    def notes(self) -> list[str]:
        """What was ignored."""
        return self._heard.notes

    def count(self, now: float) -> Returned:
        """Return that nothing was heard."""
        return self._heard.count(now)

    def take(self, message: str | bytes, now: float) -> Iterator[str]:
        """Ignore a message."""
        self._heard.note(
            f"a message of {'text' if isinstance(message, str) else 'bytes'} was ignored"
        )
        return iter(())

    def advance(self, now: float) -> Iterator[str]:
        """Do nothing."""
        return iter(())


def make_peer(
    source: str, heard: Heard, *, call: str, format: MediaFormat, now: float, is_json: bool = False
) -> Peer:
    """Return the end of a protocol's connection."""
    if source == chan_websocket.SOURCE:
        width = SAMPLE_WIDTH if format.codec == "slin" else 1
        size = int(format.rate * FRAME_S) * width
        return AsteriskPeer(heard, call=call, frame_bytes=size, is_json=is_json, now=now)
    if source == twilio.SOURCE:
        return StreamPeer(heard, call=call, now=now)
    return DeafPeer(heard)


SUBPROTOCOLS: Mapping[str, tuple[str, ...]] = {
    chan_websocket.SOURCE: (chan_websocket.SUBPROTOCOL,),
    yeastar.SOURCE: (),
    twilio.SOURCE: (),
    audio_stream.SOURCE: (),
}
"""What each asks for."""
