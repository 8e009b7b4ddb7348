"""Asterisk's chan_websocket, sub-protocol `media`: audio without a header, and lines about it as plain text or as JSON.

    plain text   MEDIA_START connection_id:conn1 channel:WebSocket/conn1/0x7f… format:slin16 optimal_frame_size:640 ptime:20
    JSON         {"event":"MEDIA_START","connection_id":"conn1",…,"channel_variables":{…}}

One connection is one channel. MEDIA_START comes first, but audio before it has been seen (asterisk#1712). There is no message about
the end: the connection ends. Commands of more than 128 bytes are dropped with a warning in Asterisk's log, and a message of more
than 65,500 bytes ends the call. (channels/chan_websocket.c of Asterisk 23.5; what each message does was measured.)

Theory of operation. Each line is read by what it looks like; the first one decides how commands are written.

    WAITING --MEDIA_START--> BEGUN        audio and keys are passed on in both
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from streamer.wire.websocket.base import (
    CallBegun,
    CallEnded,
    FlowChanged,
    LegBegun,
    MarkReached,
    Media,
    Message,
    Said,
    Upgrade,
)
from streamer.wire.websocket.calls import find_facts, find_registered, find_unique, find_variable
from streamer.wire.websocket.codecs import name_asterisk_format
from streamer.wire.websocket.fields import (
    Fields,
    find_count,
    find_object,
    find_text,
    odd,
    parse_object,
    press,
)

SOURCE = "chan-websocket"
SUBPROTOCOL = "media"
KEY = "media"
"""The one leg."""

MOST_COMMAND = 128
"""Bytes of a command that Asterisk reads."""

MOST_AUDIO = 65_500
"""Bytes of audio in one message that do not end the call."""

_MOST_PTIME = 1_000
_MARK_FIELD = "correlation_id"


class ChanWebSocket:
    """Decodes what Asterisk sends, in either role of the two."""

    source = SOURCE

    def __init__(self, upgrade: Upgrade, *, rate: int = 0) -> None:
        self._upgrade = upgrade
        self._call = find_registered(upgrade)
        self._has_begun = False
        self._speaker = Commands()

    @property
    def speaker(self) -> Commands:
        """Commands, written as the first line that came."""
        return self._speaker

    def begin(self) -> Iterator[Message]:
        """Return the call, if its id is in the path or the query."""
        if self._call:
            yield CallBegun(self._call, find_facts(self._upgrade.query))

    def take_bytes(self, data: bytes) -> Iterator[Message]:
        """Take audio."""
        yield Media(KEY, data) if data else odd("an empty message", data)

    def take_text(self, text: str) -> Iterator[Message]:
        """Take a line."""
        is_json = text.lstrip().startswith("{")
        self._speaker.learn(is_json=is_json)
        fields = parse_object(text) if is_json else parse_plain(text)
        if fields and find_text(fields, "event") == "MEDIA_START":
            yield from self._start(fields, text)
        else:
            yield _read(fields or {}, text)

    def _start(self, fields: Fields, text: str) -> Iterator[Message]:
        if self._has_begun:
            yield odd("a second MEDIA_START", text)
            return
        self._has_begun = True
        variables = find_object(fields, "channel_variables")
        facts = find_facts(variables, self._upgrade.query)
        if not self._call:
            self._call = self._find_call(fields, variables)
            yield CallBegun(self._call, facts)
        yield LegBegun(
            KEY,
            format=name_asterisk_format(find_text(fields, "format")),
            number=facts.get("from", ""),
            channel=find_text(fields, "channel"),
            frame_bytes=find_count(fields, "optimal_frame_size", most=MOST_AUDIO),
            ptime_ms=find_count(fields, "ptime", most=_MOST_PTIME),
        )

    def _find_call(self, fields: Fields, variables: Fields) -> str:
        named = find_variable(variables) or find_unique(self._upgrade.query)
        return named or find_text(fields, "channel_id", "channel", "connection_id")


class Commands:
    """Writes what Asterisk takes."""

    def __init__(self) -> None:
        self._is_json: bool | None = None

    def learn(self, *, is_json: bool) -> None:
        """Write as the other side does; the first time counts."""
        if self._is_json is None:
            self._is_json = is_json

    def audio(self, payload: bytes) -> bytes:
        """Return the audio itself.

        Raises:
            ValueError: It is empty, or more than Asterisk takes at once.
        """
        if not 0 < len(payload) <= MOST_AUDIO:
            raise ValueError(f"{len(payload)} bytes of audio are not 1 to {MOST_AUDIO}")
        return payload

    def mark(self, name: str) -> str:
        """Ask to be told when the queue has come here.

        Raises:
            ValueError: The name is empty, has a blank or a control character, or is too long.
        """
        if not name or not name.isprintable() or " " in name:
            raise ValueError(f"{name!r} is no name of a mark")
        return self._write("MARK_MEDIA", name)

    def flush(self) -> str:
        """Drop what is queued."""
        return self._write("FLUSH_MEDIA")

    def hang_up(self) -> str:
        """Hang the WebSocket's channel up."""
        return self._write("HANGUP")

    def answer(self) -> str:
        """Answer a channel that was dialled with the option n."""
        return self._write("ANSWER")

    def status(self) -> str:
        """Ask for the state of the queue."""
        return self._write("GET_STATUS")

    def _write(self, command: str, mark: str = "") -> str:
        if self._is_json:
            fields = {"command": command} | ({_MARK_FIELD: mark} if mark else {})
            line = json.dumps(fields, separators=(",", ":"))
        else:
            line = f"{command} {mark}" if mark else command
        if len(line.encode("utf-8", "surrogatepass")) > MOST_COMMAND:
            raise ValueError(f"the command {line[:40]}… has more than {MOST_COMMAND} bytes")
        return line


def parse_plain(text: str) -> Mapping[str, str]:
    """Return the fields of a line of plain text, its first word as `event`; a word without a colon is a mark's name."""
    event, _, rest = text.strip().partition(" ")
    fields = {"event": event}
    before, is_error, error = rest.partition("error_text:")
    if is_error:
        fields["error_text"] = error
    for word in before.split():
        name, colon, value = word.partition(":")
        if event in _MARKS or not colon:
            name, value = _MARK_FIELD, word
        fields.setdefault(name, value)
    return fields


def encode_plain(fields: Mapping[str, str]) -> str:
    """Return a line of plain text; only a stand-in for Asterisk may send this."""
    others = (item for item in fields.items() if item[0] != "event")
    words = (value if name == _MARK_FIELD else f"{name}:{value}" for name, value in others)
    return " ".join([fields["event"], *words])


def encode_json(fields: Mapping[str, object]) -> str:
    """Return a line of JSON; only a stand-in for Asterisk may send this."""
    return json.dumps(fields, separators=(",", ":"))


def _read(fields: Fields, text: str) -> Message:
    match find_text(fields, "event"):
        case "DTMF_END":
            return press(KEY, find_text(fields, "digit"))
        case "MEDIA_XOFF":
            return FlowChanged(may_send=False)
        case "MEDIA_XON":
            return FlowChanged(may_send=True)
        case "MEDIA_MARK_PROCESSED":
            return MarkReached(find_text(fields, _MARK_FIELD))
        case "STATUS" | "QUEUE_DRAINED" | "MEDIA_BUFFERING_COMPLETED" | "ERROR":
            return Said(_show(fields))
        case "MEDIA_STOP":
            # Asterisk has no such event; dialects of it do, and it can mean nothing else.
            return CallEnded()
        case _:
            return odd("no event of chan_websocket", text)


def _show(fields: Fields) -> str:
    """Return an answer's words as plain text has them; the channel is known anyway."""
    shown = []
    for name, value in fields.items():
        word = json.dumps(value) if isinstance(value, bool) else find_text(fields, name)
        if word and name != "channel_id":
            shown.append(word if name in ("event", "error_text") else f"{name}:{word}")
    return " ".join(shown)


_MARKS = frozenset({"MEDIA_MARK_PROCESSED", "MEDIA_BUFFERING_COMPLETED"})
