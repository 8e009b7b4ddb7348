"""Taking calls out so that nothing of them can be read in the files any more.

1. One transaction deletes the rows, whose places SQLite fills with zeros (`secure_delete`), and leaves a note in `erasure`.
2. The full-text index forgets. It keeps deleted words beside a mark until its parts are merged, so they all are, in small steps
   between which others write. (FTS5's own `secure-delete`, of SQLite 3.42, leaves words in the tree above the pages; our tests
   found them.)
3. The file is written anew (`VACUUM`). SQLite leaves copies of rows that it once moved in the unused middle of its pages, which
   `secure_delete` does not reach. Others read meanwhile, and wait to write.
4. The log, which still has the old pages, is written back and cut to nothing. That needs a moment in which no program reads.

If we die in between, the note stays and the next deletion does the rest.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection

from streamer.errors import StoreError
from streamer.store.sqlite.columns import encode_text
from streamer.store.sqlite.connection import Connection, Run

PATIENCE_S = 10.0
"""How long a deletion waits for readers to finish."""

_MERGE_PAGES = 1000
_RETRY_S = 0.05


async def delete_calls(
    db: Connection, call_ids: Collection[str], *, patience_s: float = PATIENCE_S
) -> int:
    """Delete calls with all that was said in them, and finish what an earlier deletion left; return how many were there.

    Raises:
        StoreError: Nothing was deleted, because the database cannot be written; or the calls are gone from every list, but not yet
            every copy of their words is, because a program is reading, or the disk has no room to write the file anew. The
            message says which; the next deletion, also one of no calls, goes on with it.
    """
    async with db.transaction() as run:
        deleted = await _delete_rows(run, [encode_text(call_id) for call_id in call_ids])
        [(last_note,)] = await run("SELECT max(id) FROM erasure")
    if last_note is not None:
        try:
            await _erase(db, last_note, patience_s)
        except StoreError as error:
            raise StoreError(
                f"the calls are deleted, but not yet every copy of their words: {error}; the next deletion removes the rest",
                is_temporary=error.is_temporary,
            ) from error
    return deleted


async def _erase(db: Connection, last_note: int, patience_s: float) -> None:
    await _merge_index(db)
    await _write_anew(db)
    await _cut_log(db, patience_s)
    # Later notes are of deletions that another process has begun meanwhile.
    await db.fetch("DELETE FROM erasure WHERE id <= :last", {"last": last_note})


async def _delete_rows(run: Run, call_ids: list[str]) -> int:
    deleted = await run(
        """
        DELETE FROM call
        WHERE id IN (SELECT value FROM json_each(:calls))
        RETURNING id
        """,
        {"calls": json.dumps(call_ids)},
    )
    if deleted:
        await run("INSERT INTO erasure DEFAULT VALUES")
    return len(deleted)


async def _merge_index(db: Connection) -> None:
    pages = -_MERGE_PAGES  # negative: all parts are to become one
    while await _merge_some(db, pages):
        pages = _MERGE_PAGES


async def _merge_some(db: Connection, pages: int) -> bool:
    """Merge a few pages of the index's parts; return whether there was anything to merge."""
    async with db.transaction() as run:
        [(before,)] = await run("SELECT total_changes()")
        await run(
            "INSERT INTO segment_text (segment_text, rank) VALUES ('merge', :pages)",
            {"pages": pages},
        )
        [(after,)] = await run("SELECT total_changes()")
    return bool(after - before > 1)


async def _write_anew(db: Connection) -> None:
    # What is kept of a large database is too much for memory; nothing that was deleted gets into the file beside.
    await db.fetch("PRAGMA temp_store = FILE")
    try:
        await db.fetch("VACUUM")
    finally:
        await db.fetch("PRAGMA temp_store = MEMORY")


async def _cut_log(db: Connection, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while not await _try_to_cut_log(db):
        if time.monotonic() > deadline:
            raise StoreError(
                f"{db.name}-wal keeps a copy while another program reads the database",
                is_temporary=True,
            )
        await asyncio.sleep(_RETRY_S)


async def _try_to_cut_log(db: Connection) -> bool:
    try:
        async with db.impatient() as run:
            [(is_busy, _, _)] = await run("PRAGMA wal_checkpoint(TRUNCATE)")
    except StoreError as error:
        if not error.is_temporary:
            raise
        return False
    return not is_busy
