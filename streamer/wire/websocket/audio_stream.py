"""FreeSWITCH's mod_audio_stream and mod_audio_fork, and jambonz' `listen`: a text about the call, then 16-bit samples.

    {"callSid":…,"from":…,"to":…,"sampleRate":16000,"mixType":"stereo"}     jambonz
    any text of the dialplan's, or none at all                              FreeSWITCH, which says no rate

The samples are little-endian, of one party (`mono`), of both in one (`mixed`), or of both in turn (`stereo`: left is the caller, or
whose channel it is). What is not said by the text may be said in the query (`?rate=16000&mix=stereo`) or by a setting.

Theory of operation. Whatever comes first ends the waiting: a text says how the samples are mixed, samples alone are mono.

    WAITING --text or samples--> BEGUN --text--> keys, marks, and words for the user
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from streamer.core.audio import SAMPLE_WIDTH
from streamer.wire.websocket.base import (
    CallBegun,
    LegBegun,
    MarkReached,
    Media,
    MediaFormat,
    Message,
    Said,
    Upgrade,
)
from streamer.wire.websocket.calls import REGISTERED, find_facts, find_registered, find_unique
from streamer.wire.websocket.codecs import LEAST_RATE, MOST_RATE
from streamer.wire.websocket.fields import (
    Fields,
    find_count,
    find_object,
    find_text,
    odd,
    parse_object,
    press,
)

SOURCE = "audio-stream"
JAMBONZ = "audio.jambonz.org"
SUBPROTOCOLS = (JAMBONZ, "audio.drachtio.org")

MIXED, LEFT, RIGHT = "mixed", "left", "right"
"""Legs: the only one, or the two of stereo."""

_CALL_IDS = ("callSid", "call_sid", "callId", "uuid", "call_uuid", "Unique-ID")
_NUMBERS: Mapping[str, str] = {MIXED: "from", LEFT: "from", RIGHT: "to"}
_STEREO_WIDTH = 2 * SAMPLE_WIDTH
_MOST_AUDIO = 1 << 16
_LONGEST_SAID = 500


class AudioStream:
    """Decodes one connection of any of them."""

    source = SOURCE

    def __init__(self, upgrade: Upgrade, *, rate: int = 0) -> None:
        self._upgrade = upgrade
        self._rate = rate
        self._legs: tuple[str, ...] = ()
        self._rest = b""
        self._speaker = JambonzSpeaker() if JAMBONZ in upgrade.subprotocols else None

    @property
    def speaker(self) -> JambonzSpeaker | None:
        """What jambonz takes; FreeSWITCH's modules play nothing by themselves."""
        return self._speaker

    def begin(self) -> Iterator[Message]:
        """Return nothing: the text may say more than the upgrade."""
        return iter(())

    def take_text(self, text: str) -> Iterator[Message]:
        """Take what is said of the call, or what happens to it."""
        fields = parse_object(text)
        if self._legs:
            yield self._read_event(fields or {}, text)
            return
        if fields is None and text.lstrip().startswith("{"):
            yield odd("a text about the call that is no JSON", text)
        yield from self._start(fields or {})

    def take_bytes(self, data: bytes) -> Iterator[Message]:
        """Take samples."""
        if not self._legs:
            yield from self._start({})
        if len(self._legs) == 1:
            yield Media(self._legs[0], data) if data else odd("an empty message", data)
            return
        whole, self._rest = _cut(self._rest + data)
        for leg, samples in zip(self._legs, split_stereo(whole), strict=True):
            if samples:
                yield Media(leg, samples)

    def _start(self, fields: Fields) -> Iterator[Message]:
        query = self._upgrade.query
        facts = find_facts(query, fields)
        yield CallBegun(_find_call(self._upgrade, fields), facts)
        rate = _find_rate(fields) or _find_rate(query) or self._rate
        self._legs = (LEFT, RIGHT) if _is_stereo(fields) or _is_stereo(query) else (MIXED,)
        for leg in self._legs:
            yield LegBegun(
                leg,
                format=MediaFormat("slin", rate) if rate else None,
                number=facts.get(_NUMBERS[leg], ""),
                name="" if leg == RIGHT else find_text(fields, "callerName", "caller_name"),
            )

    def _read_event(self, fields: Fields, text: str) -> Message:
        mark = find_object(fields, "data")
        match find_text(fields, "event") or find_text(fields, "type"):
            case "dtmf":
                return press(self._legs[0], find_text(fields, "dtmf", "digit"))
            case "mark" if find_text(mark, "event") != "cleared":
                return MarkReached(find_text(mark, "name"))
            case _:
                return Said(text[:_LONGEST_SAID])


class JambonzSpeaker:
    """What jambonz takes where `bidirectionalAudio` has `streaming`: samples at the rate that it says there."""

    def audio(self, payload: bytes) -> bytes:
        """Return the samples themselves.

        Raises:
            ValueError: They are none, not whole, or too many.
        """
        if not payload or len(payload) % SAMPLE_WIDTH or len(payload) > _MOST_AUDIO:
            raise ValueError(f"{len(payload)} bytes are not a message of 16-bit audio")
        return payload

    def mark(self, name: str) -> str:
        """Ask to be told when what was sent has been played."""
        return json.dumps({"type": "mark", "data": {"name": name}}, separators=(",", ":"))

    def flush(self) -> str:
        """Drop what is queued."""
        return '{"type":"killAudio"}'

    def hang_up(self) -> str:
        """End the stream; the call's next verb follows."""
        return '{"type":"disconnect"}'


def split_stereo(data: bytes) -> tuple[bytes, bytes]:
    """Return the left and the right samples of whole pairs of them."""
    sides = []
    for start in (0, SAMPLE_WIDTH):
        side = bytearray(len(data) // 2)
        side[0::2], side[1::2] = data[start::_STEREO_WIDTH], data[start + 1 :: _STEREO_WIDTH]
        sides.append(bytes(side))
    return sides[0], sides[1]


def join_stereo(left: bytes, right: bytes) -> bytes:
    """Return samples in turn; of two that are not equally long, the longer one is cut."""
    count = min(len(left), len(right)) // SAMPLE_WIDTH
    data = bytearray(count * _STEREO_WIDTH)
    for start, side in ((0, left), (SAMPLE_WIDTH, right)):
        end = count * SAMPLE_WIDTH
        data[start::_STEREO_WIDTH] = side[0:end:2]
        data[start + 1 :: _STEREO_WIDTH] = side[1:end:2]
    return bytes(data)


def _cut(data: bytes) -> tuple[bytes, bytes]:
    end = len(data) - len(data) % _STEREO_WIDTH
    return data[:end], data[end:]


def _find_call(upgrade: Upgrade, fields: Fields) -> str:
    registered = find_registered(upgrade) or find_text(fields, *REGISTERED)
    return registered or find_text(fields, *_CALL_IDS) or find_unique({**upgrade.query, **fields})


def _find_rate(fields: Fields) -> int:
    """Return the rate, also where it is written as FreeSWITCH's command takes it (`16k`)."""
    said = find_text(fields, "sampleRate", "sample_rate", "sampling_rate", "rate").lower()
    digits = said.removesuffix("k") + "000" if said.endswith("k") else said
    rate = find_count({"rate": digits}, "rate", most=MOST_RATE)
    return rate if rate >= LEAST_RATE else 0


def _is_stereo(fields: Fields) -> bool:
    mix = find_text(fields, "mixType", "mix_type", "mixtype", "mix").lower()
    return mix == "stereo" or (not mix and find_text(fields, "channels") == "2")
