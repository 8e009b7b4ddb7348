"""How training proceeds, by samples seen: learning rate and weights of the losses."""

from dataclasses import dataclass

LAST_SHARE_OF_RATE = 0.01


@dataclass(frozen=True)
class Weights:
    """How much each part of the loss counts beside the token."""

    phone_sequence: float
    phone_frames: float
    alignment: float


@dataclass(frozen=True)
class Schedule:
    """Warm-up, plateau, linear decay; a changed total moves only the decay."""

    samples: int
    """Samples in all, over every process."""
    rate: float = 7.0e-4
    warmup: int = 3000
    """Samples; a run too short for so many rises until its decay begins."""
    decay_share: float = 0.85
    """Last part of the samples, in which the rate falls."""

    def progress(self, seen: int) -> float:
        """Share of the samples seen, 0-1."""
        return min(1.0, seen / self.samples)

    def learning_rate(self, seen: int) -> float:
        """Rate after so many samples."""
        warmup = min(self.warmup, self.samples * (1 - self.decay_share))
        rising = min(1.0, (seen + 1) / max(1, warmup))
        falling = min(1.0, (1 - self.progress(seen)) / self.decay_share)
        return self.rate * rising * max(LAST_SHARE_OF_RATE, falling)

    def weights(self, seen: int) -> Weights:
        """Weights of the losses: the phones teach first, the tokens decide in the end."""
        left = 1 - self.progress(seen)
        return Weights(
            phone_sequence=0.2 + 0.3 * left,
            phone_frames=0.1 + 0.6 * left,
            alignment=0.10,
        )
