"""Which schema a database has, and the steps that bring it up to date, each applied and noted in one transaction."""

from __future__ import annotations

from streamer.core.scripts import indexed_text
from streamer.errors import StoreError
from streamer.store.sqlite import migrations
from streamer.store.sqlite.connection import APPLICATION, Connection, Run
from streamer.store.sqlite.indexing import indexed_utterance


async def migrate(db: Connection) -> None:
    """Bring the schema up to date; several processes may do so at once.

    Raises:
        StoreError: The database is of a newer streamer or of another program, or cannot be written.
    """
    if await read_schema(db.fetch, db.name) == len(migrations.MIGRATIONS):
        return
    await db.define(migrations.INDEXED_TEXT, indexed_text, 1)
    await db.define(migrations.INDEXED_UTTERANCE, indexed_utterance, 2)
    for number, step in enumerate(migrations.MIGRATIONS, start=1):
        async with db.transaction() as run:
            if await read_schema(run, db.name) < number:
                await _apply(run, number, step)


async def read_schema(run: Run, name: str) -> int:
    """Return the number of the last migration that was applied, 0 for an empty database.

    Raises:
        StoreError: It is higher than any that this streamer knows, or the database is of another program.
    """
    [(tables, ours)] = await run(
        "SELECT count(*), count(*) FILTER (WHERE name = 'migration') FROM sqlite_schema"
    )
    [(application,)] = await run("PRAGMA application_id")
    if application not in (0, APPLICATION) or (tables and not ours):
        raise StoreError(f"{name} belongs to another program; name another file with --db")
    if not tables:
        return 0
    [(number,)] = await run("SELECT coalesce(max(number), 0) FROM migration")
    if number > len(migrations.MIGRATIONS):
        raise StoreError(
            f"{name} was made by a newer streamer (schema {number}, this one knows {len(migrations.MIGRATIONS)});"
            " upgrade streamer or name another file with --db"
        )
    return int(number)


async def _apply(run: Run, number: int, step: migrations.Migration) -> None:
    await run(
        """
        CREATE TABLE IF NOT EXISTS migration (
            number     INTEGER PRIMARY KEY,
            name       TEXT NOT NULL,
            applied_at TEXT NOT NULL
        ) STRICT
        """
    )
    for statement in step():
        await run(statement)
    await run(
        """
        INSERT INTO migration (number, name, applied_at)
        VALUES (:number, :name, strftime('%Y-%m-%dT%H:%M:%fZ'))
        """,
        {"number": number, "name": step.__name__},
    )
