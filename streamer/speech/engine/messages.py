"""What passes between the engine's process and ours, as bytes; no I/O.

A message is two lengths (32 bits, big-endian), a JSON object and raw audio:

    ours -> engine   {"kind": "transcribe", "job": 7, "windows": [{...}, ...]} and their PCM, one after the other
                     {"kind": "drop", "job": 7}                   no request waits for it any more
    engine -> ours   {"kind": "ready", "facts": {...}}            the model is loaded
                     {"kind": "broken", "message": "..."}         it cannot be; the process ends
                     {"kind": "done", "job": 7, "hypotheses": [{...}, ...]}
                     {"kind": "failed", "job": 7, "message": "..."}

No pickles: bytes from a process that runs foreign models never become code here.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from streamer.core.words import encode_words, parse_words
from streamer.speech.base import (
    EncoderWindow,
    Hypothesis,
    ModelFacts,
    Suspicion,
    Window,
    WindowKind,
)

LONGEST_MESSAGE = 1 << 26
"""Bytes; a batch of 64 windows of 30 s in 16 kHz PCM has as many."""

_LENGTHS = struct.Struct(">II")


class MalformedMessageError(ValueError):
    """What came breaks the protocol, so nothing that follows can be trusted."""


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Transcribe these windows."""

    job: int
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """No request waits for this job any more; it is still answered, if only with nothing."""

    job: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The model is loaded."""

    facts: ModelFacts


@dataclass(frozen=True, slots=True)
class Broken:
    """The model cannot be loaded; trying again would not help."""

    message: str


@dataclass(frozen=True, slots=True)
class Done:
    """The windows of a job have been transcribed."""

    job: int
    hypotheses: tuple[Hypothesis, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The engine has raised on a job and lives on."""

    job: int
    message: str


Message = Transcribe | Drop | Ready | Broken | Done | Failed


def encode_message(message: Message) -> bytes:
    """Return the message's bytes."""
    pcm = b""
    fields: dict[str, Any]
    match message:
        case Transcribe(job, windows):
            pcm = b"".join(window.lead + window.pcm for window in windows)
            fields = {
                "kind": "transcribe",
                "job": job,
                "windows": [_encode_window(w) for w in windows],
            }
        case Drop(job):
            fields = {"kind": "drop", "job": job}
        case Ready(facts):
            fields = {"kind": "ready", "facts": asdict(facts)}
        case Broken(text):
            fields = {"kind": "broken", "message": text}
        case Done(job, hypotheses):
            fields = {
                "kind": "done",
                "job": job,
                "hypotheses": [_encode_hypothesis(h) for h in hypotheses],
            }
        case Failed(job, text):
            fields = {"kind": "failed", "job": job, "message": text}
    head = json.dumps(fields, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return _LENGTHS.pack(len(head), len(pcm)) + head + pcm


class Parser:
    """Put messages together from bytes in pieces of any size."""

    def __init__(self) -> None:
        self._unread = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes and return the messages that are complete now.

        Raises:
            MalformedMessageError: It is not this protocol, as when a library has printed into the pipe.
        """
        self._unread += data
        messages = []
        while (message := self._take()) is not None:
            messages.append(message)
        return messages

    def _take(self) -> Message | None:
        if len(self._unread) < _LENGTHS.size:
            return None
        head_size, pcm_size = _LENGTHS.unpack_from(self._unread)
        if head_size + pcm_size > LONGEST_MESSAGE:
            raise MalformedMessageError(
                f"a message of {head_size} + {pcm_size} bytes is not of this protocol"
            )
        end = _LENGTHS.size + head_size + pcm_size
        if len(self._unread) < end:
            return None
        head = bytes(self._unread[_LENGTHS.size : _LENGTHS.size + head_size])
        pcm = bytes(self._unread[_LENGTHS.size + head_size : end])
        del self._unread[:end]
        return _parse(head, pcm)


def _parse(head: bytes, pcm: bytes) -> Message:
    try:
        fields = json.loads(head)
        match fields["kind"]:
            case "transcribe":
                return Transcribe(fields["job"], _parse_windows(fields["windows"], pcm))
            case "drop":
                return Drop(fields["job"])
            case "ready":
                facts = fields["facts"]
                return Ready(ModelFacts(**{**facts, "languages": tuple(facts["languages"])}))
            case "broken":
                return Broken(str(fields["message"]))
            case "done":
                return Done(fields["job"], tuple(map(_parse_hypothesis, fields["hypotheses"])))
            case "failed":
                return Failed(fields["job"], str(fields["message"]))
            case kind:
                raise ValueError(f"unknown kind {kind!r}")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise MalformedMessageError("the engine sent what is no message") from error


def _encode_window(window: Window) -> dict[str, Any]:
    audio = ("pcm", "lead")
    fields = {name: getattr(window, name) for name in Window.__slots__ if name not in audio}
    return {**fields, "lead_bytes": len(window.lead), "bytes": len(window.pcm)}


def _parse_windows(items: Sequence[dict[str, Any]], pcm: bytes) -> tuple[Window, ...]:
    windows, start = [], 0
    for fields in items:
        begin = start + fields.pop("lead_bytes")
        end = begin + fields.pop("bytes")
        fields["kind"] = WindowKind(fields["kind"])
        fields["encoder_window"] = EncoderWindow(fields["encoder_window"])
        for name in ("temperatures", "languages"):
            fields[name] = tuple(fields[name])
        windows.append(Window(lead=pcm[start:begin], pcm=pcm[begin:end], **fields))
        start = end
    if start != len(pcm):
        raise ValueError(f"{len(pcm)} bytes of audio where {start} were announced")
    return tuple(windows)


def _encode_hypothesis(hypothesis: Hypothesis) -> dict[str, Any]:
    fields = {name: getattr(hypothesis, name) for name in Hypothesis.__slots__}
    return {**fields, "words": encode_words(hypothesis.words)}


def _parse_hypothesis(fields: dict[str, Any]) -> Hypothesis:
    words = parse_words(fields.pop("words"))
    return Hypothesis(words=words, suspicion=Suspicion(fields.pop("suspicion")), **fields)
