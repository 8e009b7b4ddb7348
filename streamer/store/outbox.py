"""What is told to others: events as they were stored, and what of them each endpoint has yet to get.

An event is noted in the transaction of what it tells, by whoever stores that, and numbered in the order in which it can be read. So
whoever reads on behind a number misses nothing, whatever was killed in between.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from streamer.core.events import Event

KINDS = ("call_started", "final", "alert", "dtmf", "hold", "unclear", "mark", "call_ended")
"""Events that are stored, as `--json` names them."""

MOST_READ = 200
"""Events that are read at a time."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event and when it was stored; `mark` tells it from others of its kind in its call."""

    number: int
    call_id: str
    kind: str
    mark: str
    at: datetime
    event: Event
    began_at: datetime | None = None
    """When the utterance of a `final` began."""

    @property
    def key(self) -> str:
        """Return what stays the same of it for ever, also in another database: whoever gets it twice knows it again."""
        named = "\n".join((self.call_id, self.kind, self.mark))
        return f"msg_{sha256(named.encode(errors='backslashreplace')).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to an endpoint; `error` is what went wrong last, an untrusted line."""

    endpoint: str
    event: StoredEvent
    attempts: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """How it stands with an endpoint: how many events wait, how many are dead letters, how many of those made room for others."""

    name: str
    waiting: int
    dead: int
    dropped: int


class Outbox(Protocol):
    """What the process that delivers reads and notes; whatever returns has been committed. Every method may raise StoreError."""

    async def last_event(self) -> int:
        """Return the number of the newest event, 0 if there is none."""

    async def read_version(self) -> int:
        """Return a number that changes with every commit of anybody; cheap enough to ask 20 times a second."""

    async def list_endpoints(self) -> list[EndpointRow]:
        """Return the endpoints that have ever been delivered to, by name."""

    async def list_dead(self, endpoint: str = "", *, limit: int) -> list[Delivery]:
        """Return dead letters, of one endpoint or of all, oldest first."""

    async def take_up(
        self, endpoint: str, kinds: Collection[str], *, most: int, most_dead: int
    ) -> int:
        """Take new events up for an endpoint; one that is new begins with the next event.

        Of more than `most` that wait the oldest become dead letters, and of more than `most_dead` of those the oldest are dropped.
        Return how many became dead letters.
        """

    async def read_waiting(
        self, endpoint: str, *, without_calls: Collection[str] = (), limit: int = MOST_READ
    ) -> list[Delivery]:
        """Return what waits for an endpoint, oldest first."""

    async def note_delivered(self, endpoint: str, number: int) -> None:
        """Take note that an endpoint has an event."""

    async def note_failed(self, endpoint: str, number: int, error: str, *, is_dead: bool) -> None:
        """Take note that an endpoint has refused an event, and whether that was the last attempt."""

    async def resend(self, endpoint: str = "", *, numbers: Sequence[int] = ()) -> int:
        """Have dead letters wait again, all or those of an endpoint or with these numbers; return how many."""
