"""What one peer brings, and when it came: more frames than any PBX sends are read more slowly, whether they are messages or not."""

from __future__ import annotations

from streamer.sources.admission import FRAMES_PER_SECOND, FrameBudget
from streamer.sources.arrival import Arrivals
from streamer.sources.inbound import ServerOptions
from streamer.sources.websocket.base import Server

LONGEST_REST_S = 0.5


class Traffic:
    """Counts from `begin` to `end`; `arrival` is when the latest bytes came, as far as that is known."""

    def __init__(self, options: ServerOptions, server: Server) -> None:
        self.arrival = 0.0
        self._clock = options.clock
        self._server = server
        self._budget: FrameBudget | None = None
        self._arrivals: Arrivals | None = None
        self._uncounted = 0

    def begin(self) -> None:
        """Count from now on."""
        now = self._clock()
        self._budget = FrameBudget(now)
        self._server.watch.start()
        self._arrivals = Arrivals(self._server.watch, now)
        self._arrivals.read(now, has_emptied=True)

    def receive(self, nbytes: int) -> bytes:
        """Return so many bytes that have come."""
        self.arrival = self._clock()
        if self._arrivals is not None:
            has_emptied = nbytes < len(self._server.buffer)
            self.arrival = self._arrivals.read(self.arrival, has_emptied=has_emptied)
        return bytes(self._server.buffer[:nbytes])

    def take(self, frames: int, *, legs: int) -> float:
        """Count frames of so many legs, each of which may have what one call may; return for how long nothing should be read after them."""
        budget, now = self._budget, self._clock()
        counted, self._uncounted = divmod(self._uncounted + frames, max(1, legs))
        beyond = sum(not budget.take(now) for _ in range(counted)) if budget else 0
        return min(beyond / FRAMES_PER_SECOND, LONGEST_REST_S)

    def pause(self) -> None:
        """Take note that nothing is read for a while."""
        if self._arrivals is not None:
            self._arrivals.pause()

    def end(self) -> None:
        """Count no more; idempotent."""
        if self._arrivals is not None:
            self._arrivals = None
            self._server.watch.stop()
