"""What a call over a WebSocket sends, and when, in each of the shapes; pure but for the reading of files."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from streamer.core.audio import SAMPLE_WIDTH
from streamer.media.decode import decode_mono, decode_tracks
from streamer.simulator.script import EndKind
from streamer.wire import g711
from streamer.wire.websocket import audio_stream, chan_websocket, twilio, yeastar
from streamer.wire.websocket.audio_stream import join_stereo
from streamer.wire.websocket.base import MediaFormat
from streamer.wire.websocket.chan_websocket import encode_json, encode_plain
from streamer.wire.websocket.yeastar import encode_message

FRAME_S = 0.02
YEASTAR_SAMPLES = 640
"""In one message, at either rate."""

DIGIT_S = 0.12
"""Seconds without audio while a key is held (measured)."""


@dataclass(frozen=True, slots=True)
class TimedMessage:
    """One message, due `at` seconds after the connection."""

    at: float
    message: str | bytes


@dataclass(frozen=True, slots=True)
class WebScript:
    """All that one call sends: what comes first, then the messages in order of time, and what ends it.

    `digit` writes a key that is pressed, None where there is no such thing; `format` is that of audio that comes back. `is_json` is
    how chan_websocket's commands are read.
    """

    name: str
    call: str
    opening: tuple[str, ...]
    messages: tuple[TimedMessage, ...]
    closing: tuple[str, ...]
    ends_at: float
    format: MediaFormat
    digit: Callable[[str], str] | None = None
    end: EndKind = EndKind.HANG_UP
    is_json: bool = False


def write_chan_websocket(
    path: Path, *, call: str, format: MediaFormat, is_json: bool = False
) -> WebScript:
    """Mix a file into what Asterisk sends, in one spelling of the two."""
    pcm = decode_mono(path, rate=format.rate)
    frames = _space_out(_cut(_code(pcm, format), _frame_bytes(format)), FRAME_S)
    encode: Callable[[dict[str, str]], str] = encode_json if is_json else encode_plain
    start = {
        "event": "MEDIA_START",
        "connection_id": "simulated",
        "channel": f"WebSocket/simulated/{call}",
        "channel_id": call,
        "format": name_format(format),
        "optimal_frame_size": str(_frame_bytes(format)),
        "ptime": str(round(FRAME_S * 1000)),
    }
    return WebScript(
        path.name,
        call,
        (encode(start),),
        frames,
        (),
        len(frames) * FRAME_S,
        format,
        lambda digit: encode({"event": "DTMF_END", "digit": digit, "channel_id": call}),
        is_json=is_json,
    )


def write_yeastar(path: Path, *, call: str, format: MediaFormat) -> WebScript:
    """Make each channel of a file a channel of Yeastar's, all on one connection."""
    step = YEASTAR_SAMPLES / format.rate
    names = [f"PJSIP/{1000 + n}-{call}" for n in range(500)]
    tracks = list(zip(names, decode_tracks(path, rate=format.rate), strict=False))

    def write(channel: str, audio: bytes, status: str) -> str:
        number = channel.removeprefix("PJSIP/")[:4]
        coded = base64.b64encode(audio).decode()
        return encode_message(coded, call=call, channel=channel, number=number, status=status)

    messages = [
        replace(frame, message=write(channel, bytes(frame.message), "process"))
        for channel, pcm in tracks
        for frame in _space_out(_cut(pcm, YEASTAR_SAMPLES * SAMPLE_WIDTH), step)
        if isinstance(frame.message, bytes)
    ]
    closing = tuple(write(channel, b"", "end") for channel, _ in tracks)
    return _order(path, call, (), messages, closing, step, format)


def write_twilio(path: Path, *, call: str, format: MediaFormat) -> WebScript:
    """Make the first two channels of a file the two tracks of a stream."""
    stream = f"MZ{call}"
    tracks = dict(zip(twilio.TRACKS, decode_tracks(path, rate=format.rate), strict=False))

    def write(event: str, **fields: object) -> str:
        whole = {"event": event, "streamSid": stream, **fields}
        return json.dumps(whole, separators=(",", ":"))

    start = {
        "accountSid": "AC",
        "streamSid": stream,
        "callSid": call,
        "tracks": list(tracks),
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": format.rate, "channels": 1},
        "customParameters": {},
    }
    messages = [
        TimedMessage(number * FRAME_S, write("media", media=_describe(track, number, payload)))
        for track, pcm in tracks.items()
        for number, payload in enumerate(_cut(_code(pcm, format), _frame_bytes(format)))
    ]
    opening = (
        json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}),
        write("start", start=start),
    )
    closing = (write("stop", stop={"accountSid": "AC", "callSid": call}),)
    script = _order(path, call, opening, messages, closing, FRAME_S, format)
    return replace(
        script,
        digit=lambda digit: write("dtmf", dtmf={"track": "inbound_track", "digit": digit}),
    )


def write_audio_stream(path: Path, *, call: str, format: MediaFormat) -> WebScript:
    """Send a file as FreeSWITCH does, one channel as mono, and of more the first two as stereo."""
    tracks = decode_tracks(path, rate=format.rate)[:2]
    is_stereo = len(tracks) == 2
    pcm = join_stereo(*tracks) if is_stereo else tracks[0]
    about = {
        "uuid": call,
        "sampleRate": format.rate,
        "mixType": "stereo" if is_stereo else "mono",
    }
    frames = _space_out(_cut(pcm, _frame_bytes(format) * len(tracks)), FRAME_S)
    ends_at = len(frames) * FRAME_S
    return WebScript(path.name, call, (json.dumps(about),), frames, (), ends_at, format)


WRITERS: Mapping[str, Callable[..., WebScript]] = {
    chan_websocket.SOURCE: write_chan_websocket,
    yeastar.SOURCE: write_yeastar,
    twilio.SOURCE: write_twilio,
    audio_stream.SOURCE: write_audio_stream,
}
"""What makes a file into a call, by the name of its protocol."""

FORMATS: Mapping[str, MediaFormat] = {
    chan_websocket.SOURCE: MediaFormat("slin", 16_000),
    yeastar.SOURCE: MediaFormat("slin", 8_000),
    twilio.SOURCE: MediaFormat("ulaw", 8_000),
    audio_stream.SOURCE: MediaFormat("slin", 16_000),
}
"""What each sends unless it is told otherwise."""


def with_hole(script: WebScript, *, at: float, seconds: float) -> WebScript:
    """Send nothing for a while, as for a party that is muted: what follows comes later."""
    later = [_move(one, one.at + seconds) if one.at >= at else one for one in script.messages]
    return replace(script, messages=tuple(later), ends_at=script.ends_at + seconds)


def with_stall(script: WebScript, *, at: float, seconds: float) -> WebScript:
    """Hold messages back for a while and send them in one burst, as a network does."""
    until = at + seconds
    held = [_move(one, max(one.at, until)) if one.at >= at else one for one in script.messages]
    return replace(script, messages=tuple(held), ends_at=max(script.ends_at, until))


def with_digits(script: WebScript, *, at: float, digits: str) -> WebScript:
    """Press keys one after another from `at` on; the audio waits meanwhile.

    Raises:
        ValueError: The protocol has no keys.
    """
    write = script.digit
    if write is None:
        raise ValueError("it has no message for a key")
    held_s = len(digits) * DIGIT_S
    pressed = [TimedMessage(at + n * DIGIT_S, write(one)) for n, one in enumerate(digits, start=1)]
    waiting = with_hole(script, at=at, seconds=held_s)
    messages = sorted([*pressed, *waiting.messages], key=lambda one: one.at)
    return replace(waiting, messages=tuple(messages), ends_at=max(waiting.ends_at, at + held_s))


def play(script: WebScript, *, loop: bool = False) -> Iterator[TimedMessage]:
    """Yield what is sent between opening and closing; with `loop` again and again."""
    begins = 0.0
    while True:
        yield from (_move(one, begins + one.at) for one in script.messages)
        begins += max(script.ends_at, FRAME_S)
        if not loop:
            return


def name_format(format: MediaFormat) -> str:
    """Return Asterisk's name of a format."""
    if format.codec != "slin":
        return format.codec
    return "slin" if format.rate == 8_000 else f"slin{format.rate // 1000}"


def _code(pcm: bytes, format: MediaFormat) -> bytes:
    return pcm if format.codec == "slin" else g711.encode(pcm, g711.Law(format.codec))


def _frame_bytes(format: MediaFormat) -> int:
    return int(format.rate * FRAME_S) * (SAMPLE_WIDTH if format.codec == "slin" else 1)


def _describe(track: str, number: int, payload: bytes) -> dict[str, str]:
    at_ms = round(number * FRAME_S * 1000)
    return {
        "track": track,
        "chunk": str(number + 1),
        "timestamp": str(at_ms),
        "payload": base64.b64encode(payload).decode(),
    }


def _order(
    path: Path,
    call: str,
    opening: tuple[str, ...],
    messages: list[TimedMessage],
    closing: tuple[str, ...],
    step: float,
    format: MediaFormat,
) -> WebScript:
    in_order = tuple(sorted(messages, key=lambda one: one.at))
    ends_at = in_order[-1].at + step if in_order else 0.0
    return WebScript(path.name, call, opening, in_order, closing, ends_at, format)


def _cut(payload: bytes, size: int) -> list[bytes]:
    return [payload[start : start + size] for start in range(0, len(payload), size)]


def _space_out(frames: Sequence[bytes], step: float) -> tuple[TimedMessage, ...]:
    return tuple(TimedMessage(n * step, frame) for n, frame in enumerate(frames))


def _move(message: TimedMessage, at: float) -> TimedMessage:
    return TimedMessage(at, message.message)
