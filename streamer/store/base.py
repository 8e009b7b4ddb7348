"""What is kept and given back, and the seam where a database plugs in.

Whatever a PBX, a model or a file name holds can be kept, and words and paths come back as they went in. A store may show what a
terminal or a database cannot hold of other strings as escapes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from streamer.core.alert import Alert
from streamer.core.audio import Leg
from streamer.core.events import SPEECH_RATE, Call, Dtmf, EndReason, Hold, Segment, Unclear
from streamer.core.mark import Mark
from streamer.store.outbox import KINDS, MOST_READ, EndpointRow, StoredEvent

PAGE = 50
"""Rows of a list or a search, unless it is asked for more or fewer."""

LAST_WORDS = 200
"""Characters of a call's last segment that a list has."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a leg is settled: up to which sample at `SPEECH_RATE`, and the number of its last utterance.

    The number counts utterances without words too; `is_complete` if the leg has been transcribed to its end.
    """

    position: int = 0
    utterance: int = 0
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class LegRow:
    """One leg of a stored call, the first of its WAVs, and how far it is settled."""

    leg: Leg
    recording: Path
    progress: Progress


@dataclass(frozen=True, slots=True)
class CallRow:
    """One stored call; `duration` is in samples at `SPEECH_RATE`, and None, like `reason` and `ended_at`, until it has ended."""

    id: str
    source: str
    started_at: datetime
    ended_at: datetime | None
    reason: EndReason | None
    duration: int | None
    folder: Path
    legs: tuple[LegRow, ...]
    segments: int
    """How many segments are settled."""
    last_words: str
    """The end of the last of them, one harmless line of at most `LAST_WORDS` characters."""
    zero_at: datetime | None = None
    """When its first frame came, from which positions count; None before, for files, and where it was not kept: then from `started_at`."""
    has_alert: bool = False
    """A rule has fired on it."""

    @property
    def is_complete(self) -> bool:
        """Say whether every leg has been turned into words to its end."""
        return all(row.progress.is_complete for row in self.legs)

    @property
    def duration_s(self) -> float | None:
        """Return how long it was, in seconds."""
        return None if self.duration is None else self.duration / SPEECH_RATE


@dataclass(frozen=True, slots=True)
class Talk:
    """How long a leg has spoken, in samples at `SPEECH_RATE`, up to and with an utterance."""

    spoken: int = 0
    utterance: int = 0


@dataclass(frozen=True, slots=True)
class TroubleRow:
    """Something that went wrong; an untrusted line. `call_id` is None where no single stored call is concerned."""

    call_id: str | None
    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert to keep, unless its rule has fired on its call before, or within `quiet_s` seconds of it on any call."""

    alert: Alert
    quiet_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Retention:
    """What is known of the clock by which old calls are deleted, and which deletion of every call is announced."""

    seen_at: datetime | None = None
    """What the clock said last; None if it was never looked at."""
    boot: str = ""
    booted_at: datetime | None = None
    """When the machine was booted, by that clock; `boot` is the boot's own name."""
    announced_at: datetime | None = None
    """When a deletion of every call was announced; None if none is."""
    cutoff: datetime | None = None
    """It is of calls that began before this."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment that a search has found; `start` and `end` are samples of the leg at `SPEECH_RATE`.

    `text` is one harmless line; `spans` are the parts of it that were looked for, as character offsets in order.
    """

    call_id: str
    leg: str
    channel: str
    utterance: int
    start: int
    end: int
    spoken_at: datetime
    """When the utterance began."""
    text: str
    spans: tuple[tuple[int, int], ...]
    folder: Path
    """Of the recording, when it was stored."""
    language: str
    number: str = ""
    name: str = ""
    """Of the leg's party, as the PBX told it; untrusted."""
    leg_number: int = 0
    """The leg's place among those of its call."""

    @property
    def place(self) -> tuple[int, int, int]:
        """Return by what the lines of a call are put in order."""
        return self.start, self.leg_number, self.utterance

    @property
    def start_s(self) -> float:
        """Return where it begins in the leg's WAV, in seconds."""
        return self.start / SPEECH_RATE


@dataclass(frozen=True, slots=True)
class Around:
    """The lines of the same call next to a hit, in the order of the call; none of them has spans."""

    before: tuple[Hit, ...] = ()
    after: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which calls are looked at, all of them by default.

    `since` (included) and `until` (not) bound when a call began, or for a search when something was said; `channel` is a part of
    the name of a channel of the call, in any case of letters; `calls` are ids; `has_alert` is for those on which a rule has fired.
    """

    since: datetime | None = None
    until: datetime | None = None
    channel: str = ""
    calls: frozenset[str] | None = None
    has_alert: bool = False

    def matches(self, call: CallRow) -> bool:
        """Say whether a call is one of those that are looked at."""
        return (
            (not self.has_alert or call.has_alert)
            and (self.since is None or call.started_at >= self.since)
            and (self.until is None or call.started_at < self.until)
            and (self.calls is None or call.id in self.calls)
            and any(self.channel.lower() in row.leg.channel.lower() for row in call.legs)
        )


EVERYTHING = Filter()


class Reader(Protocol):
    """What can be asked of a store; what is read has been committed. Every method may raise StoreError."""

    async def read_call(self, call_id: str) -> CallRow:
        """Return one call.

        Raises:
            NotFoundError: It is not there.
        """

    async def find_calls(self, prefix: str, *, limit: int = 10) -> list[str]:
        """Return the ids that begin with `prefix`, newest first; one that equals it stands alone."""

    async def known_calls(self, call_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that are there."""

    async def last_call(self) -> str | None:
        """Return the id of the newest call, None if there is none."""

    async def list_calls(
        self,
        filter: Filter = EVERYTHING,
        *,
        text: str = "",
        limit: int = PAGE,
        before: str | None = None,
    ) -> list[CallRow]:
        """Return calls, newest first.

        With `text` only those in which a search for it finds something; `before` is the last id of the page before.

        Raises:
            UsageError: `text` is no query.
        """

    async def list_older(self, than: datetime) -> list[str]:
        """Return the ids of calls that began before a moment, oldest first."""

    async def search(
        self, query: str, filter: Filter = EVERYTHING, *, limit: int = PAGE, offset: int = 0
    ) -> list[Hit]:
        """Return the segments that a query finds, newest first.

        Words, "a phrase", a beginning as `cancel*`, parentheses, and AND, OR, NOT in capitals are understood.

        Raises:
            UsageError: It is no query.
        """

    async def read_around(self, hits: Sequence[Hit], *, lines: int) -> list[Around]:
        """Return up to so many lines of the same call before and after each hit."""

    async def read_progress(self, call_id: str) -> dict[str, Progress]:
        """Return how far each leg is settled, by label; empty if the call is not there."""

    async def read_segments(
        self, call_id: str, *, after: Mapping[str, int] | None = None
    ) -> list[Segment]:
        """Return segments by start time, of each leg those with a greater utterance than `after` says of its label."""

    async def read_told(self, call_id: str, observer: str) -> dict[str, int]:
        """Return the last utterance of each leg that an observer has been told of, by label; of a leg never told of, nothing."""

    async def read_talk(self, after: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, Talk]]:
        """Return of calls, by id and label, how long legs have spoken in segments with a greater utterance than `after` says.

        A leg that `after` does not name counts from its first one; one without such segments is left out.
        """

    async def read_unclear(self, call_id: str) -> list[Unclear]:
        """Return where somebody spoke and no words could be made of it, by start time."""

    async def read_alerts(self, call_ids: Collection[str]) -> list[Alert]:
        """Return the alerts of calls, by when their words were said."""

    async def read_marks(self, call_ids: Collection[str] | None = None) -> list[Mark]:
        """Return the marks of calls, of all by default: newest call first, in each by place."""

    async def read_troubles(self, call_id: str) -> list[TroubleRow]:
        """Return what went wrong with a call, in order."""

    async def read_retention(self) -> Retention:
        """Return what is known of the clock by which old calls are deleted."""

    async def back_up(self, path: Path) -> None:
        """Write a copy of everything, private to its owner, to a file that is not there yet; others go on meanwhile."""

    async def read_version(self) -> int:
        """Return a number that changes with every commit of anybody; cheap enough to ask 20 times a second."""

    async def read_events(
        self,
        after: int,
        *,
        kinds: Collection[str] = KINDS,
        call_id: str | None = None,
        limit: int = MOST_READ,
    ) -> list[StoredEvent]:
        """Return events behind a number, in order."""

    async def last_event(self) -> int:
        """Return the number of the newest event, 0 if there is none."""

    async def list_endpoints(self) -> list[EndpointRow]:
        """Return the endpoints that have ever been delivered to, by name."""


class Store(Reader, Protocol):
    """What can be kept besides; whatever returns has been committed, and survives a kill of this process.

    Several processes keep things in one store at the same time. An error that `is_temporary` may be gone when the same is tried again.
    """

    async def keep_call(self, call: Call, folder: Path, recordings: Sequence[Path]) -> None:
        """Keep a call and its legs, `recordings` having one path a leg; one that is there keeps its segments and progress.

        What the times of its segments count from stays as it is once there are any.
        """

    async def keep_segment(
        self,
        call_id: str,
        leg: str,
        segment: Segment | None,
        *,
        position: int,
        utterance: int,
        unclear: Sequence[Unclear] = (),
        alerts: Sequence[NewAlert] = (),
    ) -> bool:
        """Keep a segment, None for an utterance without words, with it how far its leg is settled now, and what stayed `unclear` in it.

        So are the `alerts` that it raises, of each call and rule the first.

        The first segment of a number stays; return False if there was one. A leg's position and number never go back.
        """

    async def complete_leg(
        self, call_id: str, leg: str, *, alerts: Sequence[NewAlert] = ()
    ) -> None:
        """Record that a leg has been transcribed to its end, and keep the alerts that this raises."""

    async def keep_alerts(self, alerts: Sequence[NewAlert]) -> None:
        """Keep alerts that the passing of time raises."""

    async def keep_mark(self, mark: Mark) -> bool:
        """Keep a mark in the place of the one that its line has, or take that away; False if its leg is not there."""

    async def end_call(
        self, call_id: str, reason: EndReason, *, duration: int, ended_at: datetime
    ) -> None:
        """Record a call's end; `duration` is in samples at `SPEECH_RATE`."""

    async def keep_happening(self, happening: Dtmf | Hold) -> None:
        """Keep a key that was pressed, or a hold, once; of a leg that is not there, nothing."""

    async def keep_told(self, call_id: str, leg: str, observer: str, *, utterance: int) -> None:
        """Record that an observer has been told of a leg up to an utterance."""

    async def keep_trouble(self, call_id: str | None, message: str, *, at: datetime) -> None:
        """Keep what went wrong; a call that is not there counts as none."""

    async def keep_retention(self, retention: Retention) -> None:
        """Replace what is known of the clock by which old calls are deleted."""

    async def delete_calls(self, call_ids: Collection[str]) -> int:
        """Delete calls so that nothing of them can be read any more, and finish what an earlier deletion left.

        Return how many were there. Deleting no calls only finishes.
        """
