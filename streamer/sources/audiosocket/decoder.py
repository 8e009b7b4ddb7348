"""What a caller sends over AudioSocket, as items of its leg: its audio in the format that it really has, and what is odd about it."""

from __future__ import annotations

from streamer.core.audio import SAMPLE_WIDTH, AudioChunk
from streamer.sources.base import DtmfReceived, Odd, RateKnown, StreamItem
from streamer.wire import audiosocket as wire
from streamer.wire.cadence import FormatDetector
from streamer.wire.formats import Format, decode

USUAL_RATE = 8_000
"""Samples a second of kind 0x10, which is also the label of formats that have no kind of their own."""

MOST_RAW = 64
"""Bytes of a key that is none which are kept."""

_MOST_SAID = 20
_ERRORS = {
    0x01: "the caller has hung up",
    0x02: "a frame could not be forwarded",
    0x04: "it is out of memory",
}


class Decoder:
    """Decodes one caller's messages; `format` is what kind 0x10 carries, None to detect it. `peer` is an untrusted name for messages."""

    def __init__(self, peer: str, format: Format | None) -> None:
        self.kind_rate: int | None = None
        """Samples a second of the kind of audio that the caller sends, which is also what it expects."""
        self.format: Format | None = None
        self.rate = 0
        """Samples a second of the audio itself, once that is known."""
        self._peer = peer
        self._forced = format
        self._detector = FormatDetector()
        self._undecided: list[tuple[bytes, float]] = []  # as many as the detector needs
        self._said: set[str] = set()

    def take(self, message: wire.Message, arrival: float) -> list[StreamItem]:
        """Return what a message brings; `RateKnown` comes before the first audio."""
        match message:
            case wire.Audio(rate, payload):
                return self._take_audio(rate, payload, arrival)
            case wire.Digit(None, raw):
                return self._take_no_key(raw, arrival)
            case wire.Digit(digit):
                return [DtmfReceived(0, digit, arrival)]
            case wire.Malformed(length):
                what = f"has sent a UUID of {length} bytes, where {wire.UUID_SIZE} are expected; it is ignored"
                return self._odd(what, length, once="uuid")
            case wire.Failed(code):
                return self._odd(f"reports an error: {describe_error(code)}")
            case wire.Unknown(kind, length):
                return self._odd(
                    f"sends frames of the unknown kind 0x{kind:02x}; they are ignored", length
                )
            case wire.Identified():
                return self._odd("has sent a second UUID; it is ignored")
            case wire.Silence() | wire.Terminated():
                return []

    def finish(self) -> list[StreamItem]:
        """Return what is undecided at the end."""
        return self._decide(self._detector.finish()) if self._undecided else []

    def _take_no_key(self, raw: bytes, arrival: float) -> list[StreamItem]:
        shown = f"0x{raw[:MOST_RAW].hex()}" if raw else "nothing"
        what = f"has sent a key that no telephone has ({shown}); such keys are noted as they come, and the call goes on"
        key = DtmfReceived(0, None, arrival, raw[:MOST_RAW])
        return [key, *self._odd(what, len(raw), once="key")]

    def _take_audio(self, rate: int, payload: bytes, arrival: float) -> list[StreamItem]:
        if not payload:
            return []  # it says nothing, not even a rate
        if self.kind_rate is None:
            self.kind_rate = rate
        if rate != self.kind_rate:
            change = f"has changed its rate from {self.kind_rate} to {rate}, which a call cannot do"
            return self._odd(f"{change}; that audio is dropped", len(payload))
        if self.format is not None:
            return self._decode(payload, arrival)
        self._undecided.append((payload, arrival))
        format_ = Format.SLIN if rate != USUAL_RATE else self._forced
        format_ = format_ or self._detector.take(payload, arrival)
        return self._decide(format_) if format_ else []

    def _decide(self, format_: Format) -> list[StreamItem]:
        assert self.kind_rate
        self.format = format_
        rate = self.kind_rate if format_ is Format.SLIN else format_.rate
        self.rate = rate
        items: list[StreamItem] = [RateKnown(0, rate)]
        if format_ is not Format.SLIN and self._forced is None:
            items += self._odd(
                f"sends {format_} under the label of slin and is decoded accordingly; dial it with c(slin), or set its"
                " format with --format",
                frames=0,
            )
        undecided, self._undecided = self._undecided, []
        for payload, arrival in undecided:
            items += self._decode(payload, arrival)
        return items

    def _decode(self, payload: bytes, arrival: float) -> list[StreamItem]:
        assert self.format
        pcm = decode(payload, self.format)
        items: list[StreamItem] = []
        if self.format in (Format.SLIN, Format.SLIN16) and len(payload) % SAMPLE_WIDTH:
            items += self._odd(
                "sends an odd number of bytes; half a sample is dropped each time", 1
            )
        if pcm:
            items.append(AudioChunk(0, pcm, arrival))
        return items

    def _odd(
        self, what: str, odd_bytes: int = 0, *, frames: int = 1, once: str = ""
    ) -> list[StreamItem]:
        """Return what is counted, and said if nothing of this kind was; the kind is `once`, or else the words themselves."""
        kind = once or what
        is_new = kind not in self._said and len(self._said) < _MOST_SAID
        if is_new:
            self._said.add(kind)
        return [Odd(0, f"{self._peer} {what}" if is_new else "", odd_bytes, frames)]


def describe_error(code: int | None) -> str:
    """Say what an error frame means; the codes are those of Asterisk's res_audiosocket.h."""
    if code is None:
        return "no code given"
    return _ERRORS.get(code, f"code 0x{code:02x}")


_PROXY_HEADERS = {(b[0], int.from_bytes(b[1:])) for b in (b"PRO", b"\r\n\r")}
"""How HAProxy's header begins, as text and in binary (proxy-protocol.txt, 2.1 and 2.2), read as kind and length."""


def describe_beginning(kind: int, length: int) -> str:
    """Describe a first frame that is not a UUID, for the person who set up the peer."""
    if kind == 0x16 and length >> 8 == 0x03:  # a record of the kind "handshake", of any version
        return "a TLS handshake; AudioSocket is not encrypted"
    if (kind, length) in _PROXY_HEADERS:
        return "the PROXY header of a load balancer; turn off send-proxy there, since AudioSocket has no such header"
    if chr(kind).isascii() and chr(kind).isupper():
        return f"the letter {chr(kind)}, as an HTTP client does; AudioSocket is not HTTP"
    what = "audio" if kind in wire.RATES else f"a frame of the kind 0x{kind:02x}"
    return f"{what}, {length} bytes long"
