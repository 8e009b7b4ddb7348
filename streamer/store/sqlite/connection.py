"""One connection to the database: a turn at a time, whole transactions, and no error of SQLite's own."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiosqlite

from streamer.errors import StoreError

APPLICATION = 0x53545243
"""SQLite's `application_id` of our databases, so that another program's is never written to."""

BUSY_TIMEOUT_S = 4.0
"""How long a statement waits for another program's transaction."""

_RETRY_S = 0.02

_log = logging.getLogger(__name__)

# It logs every statement with its values, which are what was said.
logging.getLogger("aiosqlite").setLevel(logging.WARNING)

Rows = list[tuple[Any, ...]]
Run = Callable[..., Awaitable[Rows]]
"""Run one statement with its parameters and return all of its rows."""


class _Database(aiosqlite.Connection):
    """Remembers the end of its thread, which is to be awaited: a thread that outlives the event loop prints a traceback."""

    ended: asyncio.Future[Any] | None = None

    def stop(self) -> asyncio.Future[Any] | None:
        self.ended = super().stop()
        return self.ended


class Connection:
    """A connection that tasks share; each takes its turn, so that no task sees another's open transaction."""

    def __init__(self, db: aiosqlite.Connection, name: str) -> None:
        self.name = name
        self._db = db
        self._file: tuple[Path, int] | None = None
        self._turn = asyncio.Lock()

    def guard(self, path: Path) -> None:
        """Refuse to go on when the file at `path` is not the one any more that was opened: what is kept then is lost."""
        self._file = path, path.stat().st_ino

    def _check_place(self) -> None:
        if self._file is None:
            return
        path, file = self._file
        try:
            is_there = path.stat().st_ino == file
        except FileNotFoundError:
            is_there = False
        except OSError:
            return  # SQLite will say it better
        if not is_there:
            raise StoreError(
                f"{self.name} was deleted or replaced while it was in use; start streamer again,"
                " then `streamer resume --all` makes the transcripts that are missing"
            )

    async def define(self, name: str, function: Callable[..., str | None], count: int) -> None:
        """Let statements of this connection call a function of so many texts."""
        await self._db.create_function(name, count, function, deterministic=True)

    async def fetch(self, sql: str, parameters: Mapping[str, object] | None = None) -> Rows:
        """Run one statement and return its rows; a writing one is a transaction of its own.

        Raises:
            StoreError: See `explain`.
        """
        async with self._turn:
            self._check_place()
            return await self._run(sql, parameters)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Run]:
        """Yield what runs statements in one transaction, which is committed at the end and undone by any exception.

        Raises:
            StoreError: See `explain`.
        """
        async with self._turn:
            self._check_place()
            try:
                await self._run("BEGIN IMMEDIATE")
                yield self._run
                await self._run("COMMIT")
            except BaseException:
                # Queued behind whatever a cancelled task left running, and nothing to undo after a commit.
                with suppress(sqlite3.Error):
                    await self._db.rollback()
                raise

    @asynccontextmanager
    async def impatient(self) -> AsyncIterator[Run]:
        """Yield what runs single statements that do not wait for other programs."""
        async with self._turn:
            await self._run("PRAGMA busy_timeout = 0")
            try:
                yield self._run
            finally:
                await self._run(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000:.0f}")

    async def _run(self, sql: str, parameters: Mapping[str, object] | None = None) -> Rows:
        try:
            return list(await self._db.execute_fetchall(sql, parameters or {}))  # type: ignore[arg-type]
        except sqlite3.Error as error:
            raise explain(error, self.name, is_ours=await self._is_ours()) from error

    async def _is_ours(self) -> bool:
        """Say whether the file says that it is streamer's, as far as its beginning can be read."""
        with suppress(sqlite3.Error):
            [(application,)] = await self._db.execute_fetchall("PRAGMA application_id")
            return bool(application == APPLICATION)
        return False


@asynccontextmanager
async def connect(database: str, *, name: str) -> AsyncIterator[Connection]:
    """Open what SQLite calls `database`, a URI; `name` is what messages call it.

    Raises:
        StoreError: See `explain`.
    """
    db = _Database(
        lambda: sqlite3.connect(database, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S),
        iter_chunk_size=64,
    )
    try:
        await db
    except BaseException as error:
        if db.ended:  # also where the opening was cancelled
            await db.ended
        if isinstance(error, sqlite3.Error):
            raise explain(error, name) from error
        raise
    try:
        connection = Connection(db, name)
        # In memory, lest what was said ends in a file of the system's.
        await connection.fetch("PRAGMA temp_store = MEMORY")
        yield connection
    finally:
        with suppress(sqlite3.Error):
            await db.close()


async def prepare_writing(db: Connection) -> None:
    """Set up a connection that writes: a log beside the file, keys that hold, and zeros over what is deleted.

    A commit is in the log before it returns, which a killed process cannot undo; only a power cut may take the last ones, and leaves
    a whole database.
    """
    await _use_log(db)
    for pragma in ("synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
        await db.fetch(f"PRAGMA {pragma}")


async def check_writing(db: Connection) -> None:
    """Raise for a database that SQLite has opened read-only, which it reports only at the first write.

    Raises:
        StoreError: It cannot be written.
    """
    await db.fetch("DELETE FROM erasure WHERE FALSE")


async def _use_log(db: Connection) -> None:
    """Switch to write-ahead logging; SQLite does not wait by itself while another process does the same."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            [(mode,)] = await db.fetch("PRAGMA journal_mode = WAL")
        except StoreError as error:
            if not error.is_temporary or time.monotonic() > deadline:
                raise
            await asyncio.sleep(_RETRY_S)
        else:
            if mode != "wal":
                raise StoreError(
                    f"{db.name} is on a disk where SQLite cannot keep its log beside it; name a file on a local disk with --db"
                )
            return


_OTHER_FILE = "or name another file with --db"
_DAMAGED = (
    "{name} is damaged; move it away or name another with --db,"
    " then `streamer resume --all` makes it anew from the recordings"
)
_FOREIGN = (
    "{name} is no database of streamer's, or is damaged at its beginning; name another file with --db,"
    " then `streamer resume --all` makes it anew from the recordings"
)
_STRANGE = (
    "{name} is not made as this streamer expects it; move it away or name another with --db,"
    " then `streamer resume --all` makes it anew from the recordings"
)
_SHUT = f"{{name}} cannot be opened; check its permissions and its folder's, {_OTHER_FILE}"
_BUSY = "{name} is being written by another program"

_NO_ROOM = "the disk has no room for {name}; free some space"

_TEMPORARY = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_PROTOCOL: _BUSY,
    sqlite3.SQLITE_NOMEM: "there is not enough memory for {name}; end some programs",
    sqlite3.SQLITE_FULL: _NO_ROOM,
    sqlite3.SQLITE_READONLY: f"{{name}} cannot be written; make it and its folder writable {_OTHER_FILE}",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write {name}; check the disk",
}
_PERMANENT = {
    sqlite3.SQLITE_CANTOPEN: _SHUT,
    sqlite3.SQLITE_PERM: _SHUT,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}


def explain(error: sqlite3.Error, name: str, *, is_ours: bool = False) -> StoreError:
    """Return what SQLite says as an error of ours; `is_temporary` if the same may work later.

    Only of a file that `is_ours` it is advised to move it away.
    """
    code = sqlite3.SQLITE_FULL if _is_full(error) else _find_code(error) & 0xFF
    message = _TEMPORARY.get(code) or _PERMANENT.get(code, _STRANGE)
    _log.warning("SQLite says of %s: %s", name, error)
    if message is _DAMAGED and not is_ours:
        message = _FOREIGN
    return StoreError(message.format(name=name), is_temporary=code in _TEMPORARY)


def lacks_room(error: StoreError) -> bool:
    """Say whether SQLite could not make or enlarge a file."""
    return isinstance(error.__cause__, sqlite3.Error) and _is_full(error.__cause__)


def _is_full(error: sqlite3.Error) -> bool:
    """Say whether a disk is full; of the index of the log, SQLite reports only that its size cannot be changed."""
    code = _find_code(error)
    return code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE


def _find_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)


def file_uri(path: Path, options: str) -> str:
    """Return a file as a URI, whatever characters are in its name."""
    return f"{path.absolute().as_uri()}?{options}"
