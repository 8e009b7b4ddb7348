"""Descriptors of a listener: how many it may have, what they are for, and how many calls fit."""

from __future__ import annotations

import contextlib
import resource
from dataclasses import dataclass

from streamer.sources.admission import MOST_STRANGERS_IN_ALL

PER_CALL = 3
"""A call's socket, its WAV and its lock."""

OF_ITS_OWN = 150
"""Files of the process itself, connections that register calls, and spares."""


@dataclass(frozen=True, slots=True)
class Room:
    """What fits into the descriptors of a process."""

    descriptors: int
    calls: int
    strangers: int


def raise_descriptor_limit() -> None:
    """Take as many descriptors as the system gives."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def measure_room() -> Room:
    """Say what fits into the descriptors that this process may have."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return divide(limit if limit != resource.RLIM_INFINITY else 1 << 20)


def divide(descriptors: int) -> Room:
    """Divide descriptors among calls and strangers, so that neither can take what the others need."""
    strangers = min(MOST_STRANGERS_IN_ALL, descriptors // 4)
    calls = (descriptors - strangers - OF_ITS_OWN) // PER_CALL
    return Room(descriptors, max(1, calls), strangers)
