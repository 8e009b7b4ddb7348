"""Which channels of a file become legs, as `--channels` says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import chain

from streamer.core.audio import Leg

Piece = tuple[bytes, ...]
"""Some slin16 of each channel."""

_LABELS = ("left", "right")


class ChannelChoice(StrEnum):
    """What becomes of the channels of a file."""

    AUTO = "auto"
    """Those that are speakers: not silent, and no other's echo."""
    SPLIT = "split"
    FIRST = "first"
    MIX = "mix"


def choose_channels(
    choice: ChannelChoice, read: Callable[[], Iterator[Piece]]
) -> tuple[tuple[Leg, ...], Iterator[Piece]]:
    """Return the legs of a file and their audio; `read` reads its channels from the beginning, as often as it is called.

    Raises:
        UsageError: It cannot be read.
    """
    pieces = read()
    first = next(pieces)
    count = len(first)
    if count == 1 or choice is ChannelChoice.SPLIT:
        return _name_legs(range(count), count), chain([first], pieces)
    if choice is ChannelChoice.MIX:
        return _name_legs(range(1), 1), map(_mix, chain([first], pieces))
    chosen = (0,) if choice is ChannelChoice.FIRST else _find_speakers(read)
    legs = _name_legs(chosen, count if len(chosen) > 1 else 1)
    return legs, (tuple(piece[n] for n in chosen) for piece in chain([first], pieces))


def _find_speakers(read: Callable[[], Iterator[Piece]]) -> tuple[int, ...]:
    from streamer.speech.audio.channels import find_speakers  # with the arrays below it

    return find_speakers(read())


def _mix(piece: Piece) -> Piece:
    """Return the mean of all channels."""
    import numpy as np

    tracks = [np.frombuffer(track, np.int16).astype(np.int32) for track in piece]
    return ((sum(tracks[1:], tracks[0]) // len(tracks)).astype(np.int16).tobytes(),)


def _name_legs(channels: Iterable[int], count: int) -> tuple[Leg, ...]:
    """Return a leg for each of these channels, of `count`; one alone is nobody's side."""
    if count == 1:
        return (Leg("speaker", "file"),)
    if count == len(_LABELS):
        return tuple(Leg(_LABELS[n], _LABELS[n]) for n in channels)
    return tuple(Leg(f"leg{n + 1}", f"track {n + 1}") for n in channels)
