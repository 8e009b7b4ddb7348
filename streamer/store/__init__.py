"""Every word kept, found again, taken out: calls and settled segments, in the database that the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from streamer.config import Settings
from streamer.store.base import (
    EVERYTHING,
    PAGE,
    Around,
    CallRow,
    Filter,
    Hit,
    LegRow,
    NewAlert,
    Progress,
    Reader,
    Retention,
    Store,
    Talk,
    TroubleRow,
)
from streamer.store.outbox import Delivery, EndpointRow, Outbox, StoredEvent

__all__ = [
    "DATABASES",
    "EVERYTHING",
    "PAGE",
    "Around",
    "CallRow",
    "Database",
    "Delivery",
    "EndpointRow",
    "Filter",
    "Hit",
    "LegRow",
    "NewAlert",
    "Outbox",
    "Progress",
    "Reader",
    "Retention",
    "Store",
    "StoredEvent",
    "Talk",
    "TroubleRow",
    "open_outbox",
    "open_reader",
    "open_store",
    "store_path",
]


class Database(Protocol):
    """A kind of database; see `open_store` and `open_reader`."""

    def open_store(
        self, settings: Settings, *, must_exist: bool
    ) -> AbstractAsyncContextManager[Store]:
        """Open it to write."""

    def open_reader(self, settings: Settings) -> AbstractAsyncContextManager[Reader]:
        """Open it only to read."""

    def open_outbox(self, settings: Settings) -> AbstractAsyncContextManager[Outbox]:
        """Open what is there of it to tell others of its events."""


class _SqliteFile:
    """A file that SQLite is loaded for when the first one is opened."""

    def open_store(
        self, settings: Settings, *, must_exist: bool
    ) -> AbstractAsyncContextManager[Store]:
        from streamer.store.sqlite.store import open_store

        return open_store(store_path(settings), must_exist=must_exist)

    def open_reader(self, settings: Settings) -> AbstractAsyncContextManager[Reader]:
        from streamer.store.sqlite.store import open_reader

        return open_reader(store_path(settings))

    def open_outbox(self, settings: Settings) -> AbstractAsyncContextManager[Outbox]:
        """Open what is there of it to tell others of its events."""
        from streamer.store.sqlite.store import open_store

        return open_store(store_path(settings), must_exist=True)


_FILE = _SqliteFile()

DATABASES: Mapping[str, Database] = {"sqlite": _FILE}
"""By what stands before `://` in the setting `db`; what begins with none of these names is the path of a file."""


def open_store(
    settings: Settings,
    *,
    must_exist: bool = False,
    databases: Mapping[str, Database] = DATABASES,
) -> AbstractAsyncContextManager[Store]:
    """Open the database to write, making it, private to its owner, if it is missing.

    Raises:
        NotFoundError: It is missing and `must_exist`.
        StoreError: It cannot be opened or written, is damaged, or is of a newer streamer or another program.
    """
    return _choose(settings, databases).open_store(settings, must_exist=must_exist)


def open_reader(
    settings: Settings, *, databases: Mapping[str, Database] = DATABASES
) -> AbstractAsyncContextManager[Reader]:
    """Open the database only to read; a missing one is empty and is not made.

    Raises:
        StoreError: It cannot be opened, is damaged, or is of an older or newer streamer or of another program.
    """
    return _choose(settings, databases).open_reader(settings)


def open_outbox(
    settings: Settings, *, databases: Mapping[str, Database] = DATABASES
) -> AbstractAsyncContextManager[Outbox]:
    """Open a database that is there to tell others of its events.

    Raises:
        NotFoundError: It is missing.
        StoreError: As with `open_store`.
    """
    return _choose(settings, databases).open_outbox(settings)


def store_path(settings: Settings) -> Path:
    """Return where the database is, or will be, if it is a file."""
    return Path(settings.db or Path(settings.recordings) / "streamer.sqlite3")


def _choose(settings: Settings, databases: Mapping[str, Database]) -> Database:
    scheme, _, rest = settings.db.partition("://")
    return databases.get(scheme, _FILE) if rest else _FILE
