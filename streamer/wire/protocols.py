"""Facts of each protocol by which audio leaves a PBX, for code that has to say what becomes of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProtocolFacts:
    """What is known of a protocol, on either side of it; `name` is the `source` of its calls."""

    name: str
    is_in_call_path: bool
    """Our end of the connection is a party of the call, so the call changes when the connection ends."""
    on_stop: str
    """What becomes of the call when its recording is stopped, as a clause."""


STREAM_CHANNEL = ProtocolFacts("stream-channel", False, "the call itself goes on")
AUDIOSOCKET = ProtocolFacts("audiosocket", True, "its dialplan goes on, without us")

PROTOCOLS: Mapping[str, ProtocolFacts] = {
    facts.name: facts for facts in (STREAM_CHANNEL, AUDIOSOCKET)
}


def explain_stop(source: str) -> str:
    """Return what becomes of a call of a source when its recording is stopped, as a clause; of one that is unknown, the harmless case."""
    return PROTOCOLS.get(source, STREAM_CHANNEL).on_stop
