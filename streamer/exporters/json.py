"""JSON: all that is known of a call, to read elsewhere or to import again.

One object, UTF-8:

    format        always "streamer-transcript"
    version       1; fields may be added without changing it, never renamed
    call          our id of the call
    source        where its audio came from, such as "stream-channel"
    started_at    when the call was announced: ISO 8601 with offset, to the millisecond, or null
    zero_at       when its first frame came, to which every start and end adds: the same, or null where nobody knows
    duration      seconds up to the end of the last segment
    sample_rate   samples a second of every *_sample below, whatever the rate of a leg
    legs          objects: leg (its label), channel (the PBX's name for it), rate (samples a second of its WAV), speaker
                  (what a user calls who speaks on it, or name, number or label), number and name of its party as far as the PBX
                  tells them, lost_seconds (audio that came and is not in the recording),
                  missing_seconds (audio that never came, pauses apart); both are null where nobody knows
    segments      objects in order of start:
        leg, utterance              whose, and its number in that leg, from 1
        start, end                  seconds in the leg's WAV, to the millisecond
        start_sample, end_sample    the same, exactly
        language, text              a code such as "en"; the words as one line
        words                       objects: word, start, end, start_sample, end_sample, probability (0 to 1, to three
                                    places), joined (no blank stands before it)

    unclear       objects in order of start: leg, start, end, start_sample, end_sample of speech without words
    from, to      numbers of who called and who was called, or null where nobody knows
    dtmf          only where keys of the telephone were pressed, objects by time: leg, digit (null for what is no key), start
                  (seconds in the leg's WAV), at (the time on the wall)
    holds         only where there were any, objects in order of start: leg, held (whether its party was put on hold, or taken
                  back), start (seconds in the leg's WAV), at (the time on the wall)

    alerts        objects by when their words were said: rule, severity, leg, utterance, start, end, text, at, as in the event
    marks         only where there are any, objects in order of start: leg, utterance, start, end, text, note, at, as in the event

Names that the events of `--json` have too mean the same as there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from streamer.core.audio import Leg, encode_loss, encode_party
from streamer.core.encoding import (
    encode_alert,
    encode_event,
    encode_held,
    encode_mark,
    encode_pressed,
    encode_segment,
    encode_word,
)
from streamer.core.events import SPEECH_RATE, Dtmf, Hold, Segment, Unclear, Word
from streamer.core.transcript import Transcript

FORMAT = "streamer-transcript"
VERSION = 1


def render(transcript: Transcript) -> str:
    """Return the transcript as a JSON document."""
    return json.dumps(encode(transcript), ensure_ascii=False, indent=1) + "\n"


def encode(transcript: Transcript) -> dict[str, Any]:
    """Return the transcript as the object that `render` writes."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "call": transcript.call_id,
        "source": transcript.source,
        "started_at": _encode_moment(transcript.started_at),
        "zero_at": _encode_moment(transcript.zero_at),
        "from": transcript.caller or None,
        "to": transcript.called or None,
        "duration": round(transcript.duration, 3),
        "sample_rate": SPEECH_RATE,
        "legs": [_encode_leg(leg, transcript) for leg in transcript.legs],
        "segments": [_encode_segment(segment) for segment in transcript.segments],
        "unclear": [_encode_unclear(span) for span in transcript.unclear],
        **_encode_dtmf(transcript.dtmf),
        **_encode_holds(transcript.holds),
        "alerts": [encode_alert(alert) for alert in transcript.alerts],
        **({"marks": [encode_mark(each) for each in transcript.marks]} if transcript.marks else {}),
    }


def _encode_moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")


def _encode_leg(leg: Leg, transcript: Transcript) -> dict[str, Any]:
    return {
        "leg": leg.label,
        "channel": leg.channel,
        "rate": leg.rate,
        **encode_party(leg),
        "speaker": transcript.name(leg.label),
        **encode_loss(transcript.losses.get(leg.label)),
    }


def _encode_segment(segment: Segment) -> dict[str, Any]:
    return encode_segment(segment) | {
        "start_sample": segment.start,
        "end_sample": segment.end,
        "words": [_encode_word(word) for word in segment.words],
    }


def _encode_dtmf(dtmf: Sequence[Dtmf]) -> dict[str, Any]:
    told = [{"leg": pressed.leg, **encode_pressed(pressed)} for pressed in dtmf]
    return {"dtmf": told} if told else {}


def _encode_holds(holds: Sequence[Hold]) -> dict[str, Any]:
    told = [{"leg": hold.leg, **encode_held(hold)} for hold in holds]
    return {"holds": told} if told else {}


def _encode_unclear(span: Unclear) -> dict[str, Any]:
    seconds = {name: encode_event(span)[name] for name in ("leg", "start", "end")}
    return seconds | {"start_sample": span.start, "end_sample": span.end}


def _encode_word(word: Word) -> dict[str, Any]:
    return encode_word(word) | {
        "start_sample": word.start,
        "end_sample": word.end,
        "joined": word.is_joined,
    }
