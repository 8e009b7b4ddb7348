"""Facts of each protocol by which audio leaves a PBX, for code that has to say what becomes of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ProtocolFacts:
    """What is known of a protocol, on either side of it; `name` is the `source` of its calls."""

    name: str
    is_in_call_path: bool
    """Our end of the connection is a party of the call, so the call changes when the connection ends."""
    on_stop: str
    """What becomes of the call when its recording is stopped, as a clause."""
    ways: Mapping[str, str] = field(default_factory=dict)
    """The same where it is known by which way of the PBX a call came in, by the name that `/register` has for the way."""


_UNTOUCHED = "the call itself goes on"

STREAM_CHANNEL = ProtocolFacts("stream-channel", False, _UNTOUCHED)
ARI = ProtocolFacts("ari", False, _UNTOUCHED)
ARI_CALL = ProtocolFacts("ari-call", True, "the call is hung up, for streamer has made it")
AUDIOSOCKET = ProtocolFacts(
    "audiosocket",
    True,
    "its dialplan goes on, unless this was Dial without the option g: then the caller is hung up",
    {
        "app": "its dialplan goes on, without us",
        "dial": "its dialplan goes on if Dial had the option g; if not, the caller is hung up",
        "spy": _UNTOUCHED,
    },
)
CHAN_WEBSOCKET = ProtocolFacts(
    "chan-websocket",
    True,
    "the WebSocket's channel is hung up; the dialplan goes on only behind Dial(…,,g), else the caller is hung up",
    {
        "dial": "its dialplan goes on if Dial had the option g; if not, the caller is hung up",
        "spy": _UNTOUCHED,
    },
)
YEASTAR = ProtocolFacts("yeastar", False, _UNTOUCHED)
TWILIO = ProtocolFacts(
    "twilio",
    True,
    "the call itself goes on, with the verb after <Connect> if that is how it came; without one it ends",
)
AUDIO_STREAM = ProtocolFacts("audio-stream", False, _UNTOUCHED)

PROTOCOLS: Mapping[str, ProtocolFacts] = {
    facts.name: facts
    for facts in (
        STREAM_CHANNEL,
        ARI,
        ARI_CALL,
        AUDIOSOCKET,
        CHAN_WEBSOCKET,
        YEASTAR,
        TWILIO,
        AUDIO_STREAM,
    )
}


WAYS = tuple(sorted({way for facts in PROTOCOLS.values() for way in facts.ways}))
"""What `/register` may say of how a call comes in."""


def explain_stop(source: str, *, via: str = "") -> str:
    """Return what becomes of a call of a source when its recording is stopped, as a clause; of one that is unknown, the harmless case.

    `via` is one of `WAYS` if it is known by which the call came in.
    """
    facts = PROTOCOLS.get(source, STREAM_CHANNEL)
    return facts.ways.get(via, facts.on_stop)


def explain_kill(source: str) -> str:
    """Return what becomes of a call of a source when the process that records it is killed, as a clause."""
    facts = PROTOCOLS.get(source, STREAM_CHANNEL)
    if facts is ARI_CALL:
        return "its party hears nothing more, and the next recording through ARI hangs it up"
    is_kept = not facts.is_in_call_path and facts is not ARI
    return "the keeper reads on, so the call itself continues" if is_kept else facts.on_stop
