"""Is audio only another's echo: what the other line carried, later, at any level, through a short filter and a telephone's codec?

Theory of operation. The lag at which the two correlate best is looked for, and then the filter of `_TAPS` that makes the most of one
out of the other there. What is left of the first when that is taken away is its own. An echo leaves nothing but the line's noise;
a word over an echo is left whole, and is looked for block by block, so that it counts however short it is beside the echo. Two that
speak at the same time have little in common: of 600 pairs of utterances, no filter at any lag made more than 0.37 of one out of the
other, and of echoes it made 0.91 at least, through mu-law, down to -40 dB.

Everything is done at 8 kHz, where telephones are, and where most of any voice is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.core.audio import FULL_SCALE
from streamer.core.events import SPEECH_RATE

Samples = NDArray[np.int16]
_Sound = NDArray[np.float64]

LONGEST_LAG = SPEECH_RATE * 4 // 10
"""Samples by which an echo may be late, as over two satellites."""

EARLIEST = SPEECH_RATE * 4 // 100
"""Samples by which it may seem early, because the legs of a call are put on one clock by their packets."""

SHORTEST = SPEECH_RATE * 4 // 10
"""Samples below which nothing can be said."""

LOWER = 10 ** (-6 / 20)
"""Level of an echo on another line, as a share of what it is an echo of, at most."""

_STEP = 2
"""Of the samples only every second one is looked at."""

_TAPS = 96
_TAPS_BEFORE = 24
"""Taps in front of the best lag."""

_BLOCK = SPEECH_RATE // _STEP * 32 // 1000
_OWN_BLOCKS = 3
"""Blocks in a row that hold more than echo where somebody says something of his own."""

_EXPLAINED = 0.85
_OWN_SHARE = 0.25
"""Of a block's power, what no echo leaves."""

_ABOVE_NOISE = 4.0
_BELOW_TOP = 10 ** (-25 / 10)
"""Blocks below the loudest by more do not count: nobody hears a word there."""

_LEAST = 10 ** (-75 / 10)
_HALF_BAND = np.sinc(np.arange(-15, 16) / _STEP) * np.hamming(31)
_LOW_PASS = _HALF_BAND / _HALF_BAND.sum()


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much of one line another explains."""

    explained: float
    """Share of its power above its own noise, 0 to 1."""
    gain: float
    """Its level as a share of the other's."""
    lag: int
    """Samples at `SPEECH_RATE` by which it is late; negative if it is early."""
    has_own: bool
    """Somewhere in it is more than the other explains."""

    @property
    def is_echo(self) -> bool:
        """Say whether it holds nothing but what the other explains."""
        return self.explained >= _EXPLAINED and not self.has_own


NOTHING_ALIKE = Likeness(0.0, 1.0, 0, has_own=True)


def is_echo(own: Samples, other: Samples) -> bool:
    """Say whether one line holds nothing but the echo of another, which is louder.

    `other` begins `LONGEST_LAG` before `own` and ends `EARLIEST` behind it. Takes 4 ms a second, and next to nothing where the other is
    not louder.
    """
    if len(own) < SHORTEST or _loudness(own) > LOWER * _loudness(other):
        return False
    likeness = compare(own, other, lead=LONGEST_LAG)
    return likeness.is_echo and likeness.gain <= LOWER


def compare(
    own: Samples, other: Samples, *, lead: int, expected_lag: int | None = None
) -> Likeness:
    """Return how much of one line another explains; `other` begins `lead` samples before `own`, and ends with it or behind it.

    At an expected lag it is first tried whether a level alone explains it, which takes a tenth of the time.
    """
    y, x = _thin(own), _thin(other)
    if len(x) < len(y) or not y.any() or not x.any():
        return NOTHING_ALIKE
    if expected_lag is not None and 0 <= (shift := (lead - expected_lag) // _STEP) <= len(x) - len(
        y
    ):
        heard = x[shift : shift + len(y)]
        level = float(y @ heard) / max(float(heard @ heard), 1e-12)
        if (likeness := _weigh(y, x, shift, level * heard, lead)).is_echo:
            return likeness
    shift = _find_shift(y, x)
    return _weigh(y, x, shift, _fit(y, x, shift), lead)


def _weigh(y: _Sound, x: _Sound, shift: int, echo: _Sound, lead: int) -> Likeness:
    power, left = _blocks(y), _blocks(y - echo)
    if not len(power):
        return NOTHING_ALIKE
    heard = x[shift : shift + len(y)]
    gain = float(np.sqrt(float(y @ y) / max(float(heard @ heard), 1e-12)))
    explained, has_own = _judge(power, left)
    return Likeness(explained, gain, lead - shift * _STEP, has_own)


def _judge(power: _Sound, left: _Sound) -> tuple[float, bool]:
    """Return the explained share of what is loud, and whether something loud is not explained for long enough to be a word."""
    noise = max(float(np.percentile(power, 10)), _LEAST)
    least = max(float(power.max()) * _BELOW_TOP, 2 * noise)
    loud = power > least
    if not loud.any():
        return 0.0, False
    own = np.maximum(left - noise, 0.0)
    explained = 1 - float(own[loud].sum() / (power[loud] - noise).sum())
    is_own = (own > _OWN_SHARE * (power - noise)) & (left > max(least, _ABOVE_NOISE * noise))
    in_a_row = np.convolve(is_own, np.ones(_OWN_BLOCKS), "valid")
    return max(0.0, explained), bool((in_a_row >= _OWN_BLOCKS).any())


def _find_shift(y: _Sound, x: _Sound) -> int:
    """Return where in `x` the stretch begins that is most like `y`; differences, because a voice's low tones are alike everywhere."""
    dy, dx = np.diff(y, prepend=y[0]), np.diff(x, prepend=x[0])
    products = _correlate(dx, dy, len(x) - len(y) + 1)
    sums = np.concatenate([[0.0], np.cumsum(dx * dx)])
    energies = sums[len(y) :] - sums[: len(sums) - len(y)]
    return int(np.argmax(np.abs(products) / np.sqrt(energies + 1e-9)))


def _fit(y: _Sound, x: _Sound, shift: int) -> _Sound:
    """Return what a filter makes of `x` from `shift` on that comes closest to `y`. (Wiener)"""
    padded = np.pad(x, (_TAPS, _TAPS))
    first = shift + _TAPS_BEFORE + 1
    stretch = padded[first : first + len(y) + _TAPS - 1]
    alike = _correlate(stretch, y, _TAPS)
    itself = _correlate(stretch, stretch, _TAPS)
    places = np.arange(_TAPS)
    matrix = itself[np.abs(np.subtract.outer(places, places))]
    matrix[np.diag_indices(_TAPS)] *= 1 + 1e-4
    matrix[np.diag_indices(_TAPS)] += 1e-9
    taps = np.asarray(np.linalg.solve(matrix, alike), np.float64)
    return _correlate(stretch, taps, len(y))


def _correlate(long: _Sound, short: _Sound, count: int) -> _Sound:
    """Return the sums of `long[n + i] * short[i]` for each n below `count`."""
    size = _good_size(len(long) + len(short))
    spectrum = np.fft.rfft(long, size) * np.conj(np.fft.rfft(short, size))
    return np.asarray(np.fft.irfft(spectrum, size)[:count], np.float64)


def _good_size(least: int) -> int:
    """Return a size at which a transform is fast: 2, 3 or 5 times a power of two, at or above the least."""
    power = 1 << (least - 1).bit_length()
    return next(size for size in (power * 5 // 8, power * 3 // 4, power) if size >= least)


def _blocks(sound: _Sound) -> _Sound:
    """Return the mean power of each whole block."""
    count = len(sound) // _BLOCK
    blocks = sound[: count * _BLOCK].reshape(count, _BLOCK)
    return np.asarray(np.mean(blocks * blocks, axis=1), np.float64)


def _thin(samples: Samples) -> _Sound:
    """Return every second sample, with what is above 4 kHz taken out before."""
    return np.convolve(samples.astype(np.float64) / FULL_SCALE, _LOW_PASS, "same")[::_STEP]


def _loudness(samples: Samples) -> float:
    """Return the level of the loudest tenth, so that pauses do not count."""
    sound = samples.astype(np.float64) / FULL_SCALE
    power = _blocks(sound)
    return float(np.sqrt(np.percentile(power, 95))) if len(power) else 0.0
