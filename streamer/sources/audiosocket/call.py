"""One caller's call; leaving it lets the dialplan go on."""

from __future__ import annotations

from streamer.sources.call import PeerCall


class AudioSocketCall(PeerCall):
    """A call of one leg."""

    def explain_silence(self, leg: int, *, waited_s: float) -> str:
        """Say why a connection may be open without any frames."""
        return (
            f"no audio from {self.legs[leg].channel} for {waited_s:.0f} s: it is muted or on hold, or its phone sends"
            " nothing while it is silent; still waiting"
        )
