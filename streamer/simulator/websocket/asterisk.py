"""Asterisk's end of chan_websocket: what it plays of what comes, and what it answers; pure.

Theory of operation. One frame of the queue is played every 20 ms. A mark is a place in the queue, and is answered when the playing
has come there; the queue's length decides on XOFF and XON. (Asterisk 23.5, measured.)
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterator

from streamer.simulator.returned import Returned
from streamer.simulator.websocket.heard import Ending, Heard, Verdict
from streamer.wire.websocket.chan_websocket import (
    MOST_AUDIO,
    MOST_COMMAND,
    encode_json,
    encode_plain,
)
from streamer.wire.websocket.fields import find_text, parse_object

FRAME_S = 0.02
XOFF_AT, XON_AT, FULL_AT = 900, 800, 1000
"""Frames in the queue."""

_QUIET = frozenset(
    {
        "ANSWER",
        "START_MEDIA_BUFFERING",
        "PAUSE_MEDIA",
        "CONTINUE_MEDIA",
        "SET_MEDIA_DIRECTION",
    }
)
"""Commands that are taken and not answered."""


class AsteriskPeer:
    """Asterisk's end of chan_websocket."""

    def __init__(self, heard: Heard, *, call: str, frame_bytes: int, is_json: bool, now: float):
        self.verdict: Verdict | None = None
        self._heard = heard
        self._call = call
        self._frame_bytes = frame_bytes
        self._is_json = is_json
        self._played_at = now
        self._queued = 0
        self._marks: deque[tuple[int, str]] = deque()
        self._reports_drained = False
        self._is_full = False

    @property
    def due(self) -> float:
        """When the next frame is played."""
        is_waiting = self._marks or self._is_full or self._reports_drained
        return self._played_at + FRAME_S if is_waiting else math.inf

    @property
    def notes(self) -> list[str]:
        """What Asterisk warns of in its log."""
        return self._heard.notes

    def count(self, now: float) -> Returned:
        """Return the audio that came until `now`."""
        return self._heard.count(now)

    def take(self, message: str | bytes, now: float) -> Iterator[str]:
        """Take audio or a command."""
        yield from self.advance(now)
        if isinstance(message, bytes):
            yield from self._queue(message, now)
        elif len(message.encode("utf-8", "replace")) > MOST_COMMAND:
            self._heard.note(f"a command of more than {MOST_COMMAND} bytes was dropped")
        else:
            yield from self._obey(message)

    def advance(self, now: float) -> Iterator[str]:
        """Play on until `now`."""
        frames = int((now - self._played_at) / FRAME_S + 1e-6)
        self._played_at += frames * FRAME_S
        self._queued = max(0, self._queued - frames)
        self._marks = deque((max(0, place - frames), name) for place, name in self._marks)
        while self._marks and not self._marks[0][0]:
            yield self._say("MEDIA_MARK_PROCESSED", correlation_id=self._marks.popleft()[1])
        if self._is_full and self._queued < XON_AT:
            self._is_full = False
            yield self._say("MEDIA_XON")
        if self._reports_drained and not self._queued:
            self._reports_drained = False
            yield self._say("QUEUE_DRAINED")

    def _queue(self, audio: bytes, now: float) -> Iterator[str]:
        if len(audio) > MOST_AUDIO:
            detail = f"{len(audio)} bytes in one message, of which Asterisk takes {MOST_AUDIO}"
            self.verdict = Verdict(Ending.DROPPED, detail)
            return
        whole = len(audio) - len(audio) % self._frame_bytes
        if whole < len(audio):
            self._heard.note(f"audio behind whole frames of {self._frame_bytes} bytes was dropped")
        room = (FULL_AT - self._queued) * self._frame_bytes
        if whole > room:
            self._heard.note(f"audio beyond a queue of {FULL_AT} frames was dropped")
        if taken := audio[: min(whole, room)]:
            self._queued += len(taken) // self._frame_bytes
            self._heard.hear(taken, now)
        if self._queued >= XOFF_AT and not self._is_full:
            self._is_full = True
            yield self._say("MEDIA_XOFF")

    def _obey(self, line: str) -> Iterator[str]:
        fields = parse_object(line) if self._is_json else None
        command, _, name = line.strip().partition(" ")
        if self._is_json:
            command = find_text(fields or {}, "command")
            name = find_text(fields or {}, "correlation_id")
        match command:
            case "HANGUP":
                self.verdict = Verdict(Ending.ASKED, "HANGUP")
            case "MARK_MEDIA":
                self._marks.append((self._queued, name))
                yield from self.advance(self._played_at)
            case "FLUSH_MEDIA":
                self._queued = 0
                self._marks.clear()
            case "GET_STATUS":
                yield self._tell_status()
            case "STOP_MEDIA_BUFFERING":
                yield self._say("MEDIA_BUFFERING_COMPLETED", correlation_id=name)
            case "REPORT_QUEUE_DRAINED":
                self._reports_drained = True
            case known if known in _QUIET:
                pass
            case _:
                self._heard.note("an unknown command was ignored")
                if self._is_json:
                    yield self._say("ERROR", error_text="Unable to parse JSON command")

    def _tell_status(self) -> str:
        return self._say(
            "STATUS",
            channel_id=self._call,
            queue_length=self._queued,
            xon_level=XON_AT,
            xoff_level=XOFF_AT,
            queue_full=self._is_full,
            bulk_media=False,
            media_paused=False,
        )

    def _say(self, event: str, **fields: str | int) -> str:
        if self._is_json:
            return encode_json({"event": event, "channel_id": self._call, **fields})
        words = {name: json.dumps(v) if isinstance(v, int) else v for name, v in fields.items()}
        return encode_plain({"event": event, **{k: v for k, v in words.items() if v}})
