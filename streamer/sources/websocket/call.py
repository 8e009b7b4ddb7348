"""A call over WebSockets; leaving it hangs its connections up."""

from __future__ import annotations

from typing import Any

from streamer.core.audio import Leg
from streamer.sources.call import PeerCall


class WebSocketCall(PeerCall):
    """A call of any number of legs; `source` is the name of its shape."""

    def __init__(self, leg: Leg, *, source: str, **options: Any) -> None:
        super().__init__(leg, **options)
        self.source = source
        self._channels = [leg.channel]

    def add_leg(self, leg: Leg) -> int:
        """Have one more leg, and return its number."""
        self._channels.append(leg.channel)
        return self._inbox.add_leg(leg)

    def explain_silence(self, leg: int, *, waited_s: float) -> str:
        """Say why a connection may be open without any audio."""
        return (
            f"no audio from {self._channels[leg]} for {waited_s:.0f} s: it is muted or on hold, its phone sends nothing while it is"
            " silent, or the PBX was told to send none (option d(out)); still waiting"
        )
