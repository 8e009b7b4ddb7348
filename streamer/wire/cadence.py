"""Which format a call's frames of kind 0x10 really have, told from their size and the pace at which they come.

Kind 0x10 means slin at 8 kHz. Asterisk also labels ulaw and alaw so, and before 20.17, 22.7 and 23.1 slin16. (Asterisk 23.5,
res_audiosocket.c, `ast_audiosocket_send_frame`; 160 bytes of ulaw each 20 ms were measured.) All other kinds are what they say.

Theory of operation. The measure is bytes a second: 8,000 is G.711, 16,000 slin, 32,000 slin16. A *run* is counted from a frame's
arrival to a later frame's, with the bytes of all frames from the one up to, not including, the other.

- What comes within `LOOSE` of the first frame, or after that without a gap of `CLOSE`, may be a burst, audio from before we were
  there; the run starts with the last of it. After a gap beyond `BREAK` (a hole, or a stall that ends in such a burst) all this
  begins anew.
- A run is judged when a frame comes that is not close to the one before, so never in the middle of a burst.
- Frames last 20 ms nearly always, so the size says what to expect. A run of `CONFIRMED` that agrees decides. With jitter of
  +-10 ms its measure is off by a quarter at most; the limits between the formats are at a factor of 1.41.
- A run that says something else (frames of 10, 30 or 40 ms) decides after `CONVINCED`, by when a short hole has lost its weight.
- If neither has come after `PATIENCE`, the size alone decides, and slin if the size says nothing.

G.711 then waits for `LISTENED` codes, from which `laws` tells the law.
"""

from __future__ import annotations

import math

from streamer.wire.formats import Format
from streamer.wire.laws import likelier_law

CLOSE = 0.005
"""Seconds between frames of a burst; the shortest frames that telephony knows last 10 ms."""

LOOSE = 0.030
"""Seconds in which a burst may have gaps, as one that was sent at once and met jitter."""

BREAK = 0.100
"""Seconds without a frame that end a run; the longest frames in use, 60 ms, and jitter stay below."""

CONFIRMED = 0.075
"""Seconds of a run that agrees with the frames' size."""

CONVINCED = 0.400
"""Seconds of a run that contradicts it."""

PATIENCE = 1.0
"""Seconds from the first frame to the decision, at the latest."""

MOST_FRAMES = 100
MOST_BYTES = 64_000
"""Frames, and bytes in them, that are waited for in less time than that: 2 s of slin16."""

LISTENED = 2_400
"""Codes of G.711, 300 ms, that tell its law."""

_G711, _SLIN, _SLIN16 = 8_000, 16_000, 32_000
_EXPECTED = {160: _G711, 320: _SLIN, 640: _SLIN16}
"""Bytes a second of frames of 20 ms, by their size."""


class FormatDetector:
    """Tell the format of one call's frames of kind 0x10; the caller keeps the frames until it is known."""

    def __init__(self) -> None:
        self._format: Format | None = None
        self._cadence = _Cadence()
        self._codes = bytearray()
        self._frames = self._bytes = 0
        self._begin = 0.0

    def take(self, payload: bytes, arrival: float) -> Format | None:
        """Take the next frame; None means not sure yet, and once there is an answer it stays.

        `arrival` is in seconds of any clock. The answer needs frames: a caller that waited for `PATIENCE` while none came asks
        `finish`.
        """
        if self._format is not None:
            return self._format
        self._begin = arrival if self._frames == 0 else self._begin
        self._frames += 1
        self._bytes += len(payload)
        self._codes += payload[: LISTENED - len(self._codes)]
        self._cadence.take(len(payload), arrival)
        if self._is_overdue(arrival) or self._is_known():
            return self.finish()
        return None

    def finish(self) -> Format:
        """Return the best answer to what has come so far, and stay with it."""
        if self._format is None:
            measure = self._cadence.decided or _EXPECTED.get(self._cadence.largest, _SLIN)
            self._format = self._name(measure)
            self._codes.clear()
        return self._format

    def _is_overdue(self, now: float) -> bool:
        is_full = self._frames >= MOST_FRAMES or self._bytes >= MOST_BYTES
        return is_full or now - self._begin >= PATIENCE

    def _is_known(self) -> bool:
        decided = self._cadence.decided
        return decided is not None and (decided != _G711 or len(self._codes) >= LISTENED)

    def _name(self, measure: int) -> Format:
        if measure == _G711:
            return Format(likelier_law(bytes(self._codes)).value)
        return Format.SLIN if measure == _SLIN else Format.SLIN16


class _Cadence:
    """Bytes a second of the present run, and what they decide."""

    def __init__(self) -> None:
        self.decided: int | None = None
        self.largest = 0
        """Bytes of the largest frame, because the last one of a file is short."""
        self._begin = self._start = self._last = -math.inf
        self._bytes = 0
        self._is_burst = True

    def take(self, size: int, arrival: float) -> None:
        gap = arrival - self._last
        if gap > BREAK:
            self._begin, self._is_burst = arrival, True
        if arrival - self._begin < LOOSE or (self._is_burst and gap < CLOSE):
            self._start, self._bytes = arrival, 0
        elif gap >= CLOSE:
            self._is_burst = False
            self._judge(arrival - self._start)
        self._bytes += size
        self._last = arrival
        self.largest = max(self.largest, size)

    def _judge(self, span: float) -> None:
        measure = _nearest(self._bytes / span)
        is_expected = measure == _EXPECTED.get(self.largest)
        if self.decided is None and span >= (CONFIRMED if is_expected else CONVINCED):
            self.decided = measure


def _nearest(pace: float) -> int | None:
    """Return the format's bytes a second that `pace` is nearest to, None if it is far from all."""
    limits = (
        (known, known / math.sqrt(2), known * math.sqrt(2)) for known in (_G711, _SLIN, _SLIN16)
    )
    return next((known for known, low, high in limits if low <= pace < high), None)
