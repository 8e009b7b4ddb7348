"""Where audio belongs on the call's clock: holes become silence, stalls with their bursts do not.

Theory of operation. A leg's next sample is due at `zero + samples / rate`. How much later than that a chunk arrives is its
*lateness*. Lateness up to `TOLERANCE` is jitter. Beyond it there are two explanations, which only the next moments tell apart:
the network held the audio back (then it now arrives faster than real time and lateness falls again), or the party sent none (then
lateness stays). So the leg is *held*: chunks are kept until `PATIENCE` has passed without lateness falling any more. The smallest
lateness seen meanwhile is what is really missing; if it is still beyond the tolerance, that much silence goes in front.

    ON_TIME --lateness > TOLERANCE--> HELD --lateness <= TOLERANCE, or PATIENCE without a fall--> ON_TIME

Audio that comes faster than it can have been said, see `pace`, is *surplus*: it is not written until the leg's position equals the clock
again, and where it came is noise.

Positions are samples of the leg, counted from the call's zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from streamer.core.audio import AudioChunk
from streamer.media.pace import PaceWatch

TOLERANCE = 0.100
"""Seconds of lateness that are jitter, measured as up to +-35 ms on one leg."""

PATIENCE = 0.200
"""Seconds that a hold lasts, counted again from each time that lateness has fallen by `CATCHING_UP`."""

CATCHING_UP = 0.020
"""Seconds by which lateness must fall within `PATIENCE` to count as faster than real time."""


class _State(Enum):
    ON_TIME = auto()
    HELD = auto()


@dataclass(frozen=True, slots=True)
class Silence:
    """Samples of silence to write in place of a hole."""

    samples: int


@dataclass(slots=True)
class Noise:
    """A part of a leg in which audio came too fast to be what was said, in seconds; `end_s` is None while it lasts."""

    start_s: float
    end_s: float | None = None


Placed = bytes | Silence
"""What goes into the recording next."""


@dataclass(slots=True)
class CallClock:
    """The clock that all legs of a call share: zero is the arrival of the call's first frame."""

    zero: float | None = None

    def start(self, arrival: float) -> float:
        """Return zero, which is `arrival` if nothing has arrived before."""
        if self.zero is None:
            self.zero = arrival
        return self.zero


@dataclass(slots=True)
class Timeline:
    """Place one leg's chunks on the call's clock, in order, each exactly once."""

    rate: int
    clock: CallClock
    samples: int = 0
    """Samples placed or held so far, silence included."""
    silence: int = 0
    """Samples of silence put in so far."""
    surplus: int = 0
    """Samples that came too fast and were not placed."""
    noise: list[Noise] = field(default_factory=list)
    _pace: PaceWatch = field(default_factory=PaceWatch)
    _state: _State = _State.ON_TIME
    _held: list[bytes] = field(default_factory=list)
    _least: float = 0.0
    _mark: float = 0.0
    _settles_at: float = 0.0

    def place(self, chunk: AudioChunk) -> list[Placed]:
        """Take the next chunk and return what may be written now, silence before audio."""
        zero = self.clock.start(chunk.arrival)
        self._pace.take(chunk.samples / self.rate, chunk.arrival)
        if self._is_noise(chunk.arrival - zero, zero):
            return self._place_noise(chunk, chunk.arrival - zero - self.samples / self.rate)
        return self._place(chunk)

    def _is_noise(self, now_s: float, zero: float) -> bool:
        """Keep book of where the pace was wrong, and say whether it is."""
        since, is_noted = self._pace.wrong_since, bool(self.noise) and self.noise[-1].end_s is None
        if since is not None and not is_noted:
            self.noise.append(Noise(since - zero))
        elif since is None and is_noted:
            self.noise[-1].end_s = now_s
        return since is not None

    def _place_noise(self, chunk: AudioChunk, lateness: float) -> list[Placed]:
        before = self.finish()
        if lateness < 0:
            self.surplus += chunk.samples
            return before
        self.samples += chunk.samples
        return [*before, chunk.pcm]

    def _place(self, chunk: AudioChunk) -> list[Placed]:
        lateness = chunk.arrival - self.clock.start(chunk.arrival) - self.samples / self.rate
        if self._state is _State.ON_TIME:
            if lateness <= TOLERANCE:
                self.samples += chunk.samples
                return [chunk.pcm]
            self._begin_hold(chunk.arrival, lateness)
        elif chunk.arrival >= self._settles_at and not self._is_catching_up(lateness):
            return self._release() + self._place(chunk)
        return self._hold(chunk, lateness)

    def settle(self, now: float) -> list[Placed]:
        """Return what a hold that has lasted long enough by `now` releases; call it when no chunk comes."""
        if self._state is _State.ON_TIME or now < self._settles_at:
            return []
        if self._is_catching_up(self._least):
            self._extend(now)
            return []
        return self._release()

    def finish(self) -> list[Placed]:
        """Return what is still held at the leg's end."""
        return self._release() if self._state is _State.HELD else []

    @property
    def settles_at(self) -> float | None:
        """When `settle` has something to return if nothing arrives before; None while nothing is held."""
        return self._settles_at if self._state is _State.HELD else None

    def _begin_hold(self, now: float, lateness: float) -> None:
        self._state = _State.HELD
        self._least = self._mark = lateness
        self._settles_at = now + PATIENCE

    def _hold(self, chunk: AudioChunk, lateness: float) -> list[Placed]:
        self._held.append(chunk.pcm)
        self.samples += chunk.samples
        self._least = min(self._least, lateness)
        if self._least <= TOLERANCE:
            return self._release()
        if chunk.arrival >= self._settles_at:
            self._extend(chunk.arrival)
        return []

    def _is_catching_up(self, lateness: float) -> bool:
        return self._mark - min(self._least, lateness) >= CATCHING_UP

    def _extend(self, now: float) -> None:
        self._mark = self._least
        self._settles_at = now + PATIENCE

    def _release(self) -> list[Placed]:
        placed: list[Placed] = list(self._held)
        self._held.clear()
        self._state = _State.ON_TIME
        if self._least > TOLERANCE:
            missing = round(self._least * self.rate)
            self.samples += missing
            self.silence += missing
            placed.insert(0, Silence(missing))
        return placed
