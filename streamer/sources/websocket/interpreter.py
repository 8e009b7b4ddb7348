"""What a peer's messages say, by the shape that the connection turns out to have; no sockets."""

from __future__ import annotations

from collections.abc import Iterator

from streamer.sources.websocket.base import Choose
from streamer.sources.websocket.caller import MOST_EARLY, MOST_EARLY_BYTES
from streamer.wire.websocket import base as wire
from streamer.wire.websocket.choice import Refusal

Interpreted = wire.Message | Refusal


class Interpreter:
    """Decodes one connection; what it yields is decoded only when it is asked for, and nothing is to be asked for after a refusal."""

    def __init__(self, upgrade: wire.Upgrade, choose: Choose, *, rate: int) -> None:
        self._upgrade = upgrade
        self._choose = choose
        self._rate = rate
        self._shape: wire.Shape | None = None
        self._undecided: list[str | bytes] = []  # as many as MOST_EARLY, of MOST_EARLY_BYTES

    @property
    def source(self) -> str:
        """The name of the protocol, empty as long as it is not known."""
        return self._shape.source if self._shape else ""

    @property
    def speaker(self) -> wire.Speaker | None:
        """What may be sent."""
        return self._shape.speaker if self._shape else None

    def begin(self) -> Iterator[Interpreted]:
        """Return what the upgrade alone says."""
        return self._try_to_begin(None)

    def take(self, message: str | bytes) -> Iterator[Interpreted]:
        """Return what a message says."""
        if self._shape is None:
            return self._decide(message)
        return _decode(self._shape, message)

    def _decide(self, message: str | bytes) -> Iterator[Interpreted]:
        """Find the shape out by the first text; audio before it waits."""
        size = sum(map(len, self._undecided)) + len(message)
        if len(self._undecided) < MOST_EARLY and size <= MOST_EARLY_BYTES:
            self._undecided.append(message)
        if isinstance(message, str):
            yield from self._try_to_begin(message)

    def _try_to_begin(self, first: str | None) -> Iterator[Interpreted]:
        make = self._choose(self._upgrade, first)
        if isinstance(make, Refusal):
            yield make
        elif make is not None:
            self._shape = make(self._upgrade, rate=self._rate)
            yield from self._shape.begin()
            undecided, self._undecided = self._undecided, []
            for early in undecided:
                yield from _decode(self._shape, early)


def _decode(shape: wire.Shape, message: str | bytes) -> Iterator[wire.Message]:
    yield from shape.take_text(message) if isinstance(message, str) else shape.take_bytes(message)
