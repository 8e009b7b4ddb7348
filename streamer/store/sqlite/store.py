"""The store in SQLite: open it to write or only to read, and call what it can do.

A `SqliteStore` has two connections, each with a thread of its own: one that writes, in order, and one that reads, so that a search never
holds up a final, and what is read has been committed.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from streamer.core.alert import Alert
from streamer.core.events import Call, Dtmf, EndReason, Hold, Segment, Unclear
from streamer.core.mark import Mark
from streamer.core.transcript import Transcript
from streamer.errors import NotFoundError, StoreError
from streamer.store.base import (
    EVERYTHING,
    PAGE,
    Around,
    CallRow,
    Filter,
    Hit,
    NewAlert,
    Progress,
    Retention,
    Talk,
    TroubleRow,
)
from streamer.store.outbox import KINDS, MOST_READ, Delivery, EndpointRow, StoredEvent
from streamer.store.sqlite import (
    around,
    deletion,
    events,
    marking,
    outbox,
    reading,
    search,
    writing,
)
from streamer.store.sqlite.connection import (
    Connection,
    check_writing,
    connect,
    file_uri,
    lacks_room,
    prepare_writing,
)
from streamer.store.sqlite.files import exists, has_content, is_missing_or_empty, make_private
from streamer.store.sqlite.migrations import MIGRATIONS
from streamer.store.sqlite.schema import migrate, read_schema

OLDEST_SQLITE = (3, 37)
"""The first with STRICT tables."""

_MEMORY = "file::memory:"


class SqliteReader:
    """What can be asked; see `store.base.Reader`."""

    def __init__(self, db: Connection) -> None:
        self._reading = db

    async def read_call(self, call_id: str) -> CallRow:
        """Return one call; NotFoundError if it is not there."""
        return await reading.read_call(self._reading, call_id)

    async def find_calls(self, prefix: str, *, limit: int = 10) -> list[str]:
        """Return the ids that begin with `prefix`, newest first; one that equals it stands alone, none is empty."""
        return await reading.find_calls(self._reading, prefix, limit=limit)

    async def known_calls(self, call_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that are there."""
        return await reading.known_calls(self._reading, call_ids)

    async def last_call(self) -> str | None:
        """Return the id of the newest call, None if there is none."""
        rows = await reading.find_calls(self._reading, "", limit=1)
        return rows[0] if rows else None

    async def list_calls(
        self,
        filter: Filter = EVERYTHING,
        *,
        text: str = "",
        limit: int = PAGE,
        before: str | None = None,
    ) -> list[CallRow]:
        """Return calls, newest first; see `search.list_calls`."""
        return await search.list_calls(self._reading, filter, text=text, limit=limit, before=before)

    async def list_older(self, than: datetime) -> list[str]:
        """Return the ids of calls that began before a moment, oldest first."""
        return await reading.list_older(self._reading, than)

    async def search(
        self, query: str, filter: Filter = EVERYTHING, *, limit: int = PAGE, offset: int = 0
    ) -> list[Hit]:
        """Return segments, newest first; see `search.search`."""
        return await search.search(self._reading, query, filter, limit=limit, offset=offset)

    async def read_around(self, hits: Sequence[Hit], *, lines: int) -> list[Around]:
        """Return up to so many lines of the same call before and after each hit."""
        return await around.read_around(self._reading, hits, lines=lines)

    async def read_progress(self, call_id: str) -> dict[str, Progress]:
        """Return how far each leg is settled, by label; empty if the call is not there."""
        return await reading.read_progress(self._reading, call_id)

    async def read_segments(
        self, call_id: str, *, after: Mapping[str, int] | None = None
    ) -> list[Segment]:
        """Return segments by start time, of each leg those with a greater utterance than `after` says of its label."""
        return await reading.read_segments(self._reading, call_id, after=after)

    async def read_transcript(self, call_id: str) -> Transcript:
        """Return what is settled of a call; NotFoundError if it is not there."""
        return await reading.read_transcript(self._reading, call_id)

    async def read_talk(self, after: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, Talk]]:
        """Return how long legs have spoken since; see `reading.read_talk`."""
        return await reading.read_talk(self._reading, after)

    async def read_unclear(self, call_id: str) -> list[Unclear]:
        """Return where somebody spoke and no words could be made of it, by start time."""
        return await reading.read_unclear(self._reading, call_id)

    async def read_told(self, call_id: str, observer: str) -> dict[str, int]:
        """Return the last utterance of each leg that an observer has been told of, by label."""
        return await reading.read_told(self._reading, call_id, observer)

    async def read_alerts(self, call_ids: Collection[str]) -> list[Alert]:
        """Return the alerts of calls, by when their words were said."""
        return await reading.read_alerts(self._reading, call_ids)

    async def read_marks(self, call_ids: Collection[str] | None = None) -> list[Mark]:
        """Return the marks of calls, of all by default: newest call first, in each by place."""
        return await reading.read_marks(self._reading, call_ids)

    async def read_troubles(self, call_id: str) -> list[TroubleRow]:
        """Return what went wrong with a call, in order."""
        return await reading.read_troubles(self._reading, call_id)

    async def read_retention(self) -> Retention:
        """Return what is known of the clock by which old calls are deleted."""
        return await reading.read_retention(self._reading)

    async def back_up(self, path: Path) -> None:
        """Write a copy of everything to a file that is not there yet; see `reading.back_up`."""
        await reading.back_up(self._reading, path)

    async def read_version(self) -> int:
        """Return a number that changes with every commit of anybody; cheap enough to ask 20 times a second."""
        return await reading.read_version(self._reading)

    async def read_events(
        self,
        after: int,
        *,
        kinds: Collection[str] = KINDS,
        call_id: str | None = None,
        limit: int = MOST_READ,
    ) -> list[StoredEvent]:
        """Return events behind a number, in order."""
        return await events.read_events(
            self._reading, after, kinds=kinds, call_id=call_id, limit=limit
        )

    async def last_event(self) -> int:
        """Return the number of the newest event, 0 if there is none."""
        return await events.last_event(self._reading)

    async def list_endpoints(self) -> list[EndpointRow]:
        """Return the endpoints that have ever been delivered to, by name."""
        return await outbox.list_endpoints(self._reading)


class SqliteStore(SqliteReader):
    """What can be kept besides; see `store.base.Store`."""

    def __init__(self, reader: Connection, writer: Connection) -> None:
        super().__init__(reader)
        self._writing = writer

    async def keep_call(self, call: Call, folder: Path, recordings: Sequence[Path]) -> None:
        """Keep a call and its legs; one that is there keeps its segments and progress."""
        await writing.keep_call(self._writing, call, folder, recordings)

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
        """Keep a segment and the leg's progress together; False if its number is taken. See `writing.keep_segment`."""
        return await writing.keep_segment(
            self._writing,
            call_id,
            leg,
            segment,
            position=position,
            utterance=utterance,
            unclear=unclear,
            alerts=alerts,
        )

    async def complete_leg(
        self, call_id: str, leg: str, *, alerts: Sequence[NewAlert] = ()
    ) -> None:
        """Record that a leg has been transcribed to its end."""
        await writing.complete_leg(self._writing, call_id, leg, alerts=alerts)

    async def keep_alerts(self, alerts: Sequence[NewAlert]) -> None:
        """Keep alerts that the passing of time raises."""
        await writing.keep_alerts(self._writing, alerts)

    async def keep_mark(self, mark: Mark) -> bool:
        """Keep a mark in the place of the one that its line has, or take that away; False if its leg is not there."""
        return await marking.keep_mark(self._writing, mark)

    async def end_call(
        self, call_id: str, reason: EndReason, *, duration: int, ended_at: datetime
    ) -> None:
        """Record a call's end; `duration` is in samples at `SPEECH_RATE`."""
        await writing.end_call(self._writing, call_id, reason, duration=duration, ended_at=ended_at)

    async def keep_happening(self, happening: Dtmf | Hold) -> None:
        """Keep a key that was pressed, or a hold, once."""
        await writing.keep_happening(self._writing, happening)

    async def keep_told(self, call_id: str, leg: str, observer: str, *, utterance: int) -> None:
        """Record that an observer has been told of a leg up to an utterance."""
        await writing.keep_told(self._writing, call_id, leg, observer, utterance=utterance)

    async def keep_trouble(self, call_id: str | None, message: str, *, at: datetime) -> None:
        """Keep what went wrong; a call that is not there counts as none."""
        await writing.keep_trouble(self._writing, call_id, message, at=at)

    async def keep_retention(self, retention: Retention) -> None:
        """Replace what is known of the clock by which old calls are deleted."""
        await writing.keep_retention(self._writing, retention)

    async def delete_calls(
        self, call_ids: Collection[str], *, patience_s: float = deletion.PATIENCE_S
    ) -> int:
        """Delete calls so that nothing of them can be read any more; see `deletion.delete_calls`."""
        return await deletion.delete_calls(self._writing, call_ids, patience_s=patience_s)


class SqliteOutbox(SqliteStore):
    """What each endpoint has yet to get; see `store.outbox.Outbox`."""

    async def take_up(
        self, endpoint: str, kinds: Collection[str], *, most: int, most_dead: int
    ) -> int:
        """Take new events up for an endpoint; see `outbox.take_up`."""
        return await outbox.take_up(self._writing, endpoint, kinds, most=most, most_dead=most_dead)

    async def read_waiting(
        self, endpoint: str, *, without_calls: Collection[str] = (), limit: int = MOST_READ
    ) -> list[Delivery]:
        """Return what waits for an endpoint, oldest first."""
        return await outbox.read_waiting(
            self._reading, endpoint, without_calls=without_calls, limit=limit
        )

    async def note_delivered(self, endpoint: str, number: int) -> None:
        """Take note that an endpoint has an event."""
        await outbox.note_delivered(self._writing, endpoint, number)

    async def note_failed(self, endpoint: str, number: int, error: str, *, is_dead: bool) -> None:
        """Take note that an endpoint has refused an event, and whether that was the last attempt."""
        await outbox.note_failed(self._writing, endpoint, number, error, is_dead=is_dead)

    async def resend(self, endpoint: str = "", *, numbers: Sequence[int] = ()) -> int:
        """Have dead letters wait again; return how many."""
        return await outbox.resend(self._writing, endpoint, numbers=numbers)

    async def list_dead(self, endpoint: str = "", *, limit: int) -> list[Delivery]:
        """Return dead letters, of one endpoint or of all, oldest first."""
        return await outbox.list_dead(self._reading, endpoint, limit=limit)


@asynccontextmanager
async def open_store(path: Path, *, must_exist: bool = False) -> AsyncIterator[SqliteOutbox]:
    """Open the database to write, making it, private to its owner, if it is missing.

    Raises:
        NotFoundError: It is missing and `must_exist`.
        StoreError: It cannot be opened or written, is damaged, or is of a newer streamer or another program.
    """
    _check_library()
    if must_exist and not exists(path):
        raise NotFoundError(f"there is no database {path}; the first call makes it")
    make_private(path)
    async with connect(file_uri(path, "mode=rw"), name=str(path)) as writer:
        await read_schema(writer.fetch, writer.name)
        await prepare_writing(writer)
        await migrate(writer)
        await check_writing(writer)
        writer.guard(path)
        async with connect(file_uri(path, "mode=rw"), name=str(path)) as reader:
            await reader.fetch("PRAGMA query_only = ON")
            yield SqliteOutbox(reader, writer)


@asynccontextmanager
async def open_reader(path: Path) -> AsyncIterator[SqliteReader]:
    """Open the database only to read, whether or not it can be written; a missing one counts as empty and is not made.

    Raises:
        StoreError: It cannot be opened, is damaged, or is of an older or newer streamer or of another program.
    """
    _check_library()
    if is_missing_or_empty(path):
        async with connect(_MEMORY, name=str(path)) as db:
            await migrate(db)
            yield SqliteReader(db)
        return
    async with connect(file_uri(path, await _reading_options(path)), name=str(path)) as db:
        number = await read_schema(db.fetch, db.name)
        if number < len(MIGRATIONS):
            raise StoreError(
                f"{path} was made by an older streamer (schema {number}, this one needs {len(MIGRATIONS)});"
                " `streamer resume --all` brings it up to date"
            )
        yield SqliteReader(db)


async def _reading_options(path: Path) -> str:
    """Return how to open a database to read.

    SQLite makes two files beside one that has a log. Where it may not, or the disk is full, and no other program has made them, the
    database is at rest, and can be read as a file that does not change.
    """
    options = "mode=ro"
    log = path.with_name(path.name + "-wal")
    try:
        async with connect(file_uri(path, options), name=str(path)) as db:
            await db.fetch("SELECT count(*) FROM sqlite_schema")
    except StoreError as error:
        may_make_files = os.access(path.parent, os.W_OK) and not lacks_room(error)
        if not os.access(path, os.R_OK) or may_make_files or has_content(log):
            raise
        options += "&immutable=1"
    return options


def _check_library() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        raise StoreError(
            f"this Python has SQLite {sqlite3.sqlite_version}, and the database needs {needed}; use a newer Python"
        )
