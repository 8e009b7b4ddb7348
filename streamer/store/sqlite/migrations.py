"""The schema, as the numbered steps that made it; a step that has been released is never changed. `schema` takes them.

Times are UTC as ISO 8601 with milliseconds and a `Z`, positions are samples at `SPEECH_RATE`. A segment's id is the millisecond in
UTC at which its utterance began, or the next one that is free: the full-text index hands out rowids in order, so the newest hits
of a word that was said a million times are its first ones, and a span of time is a span of ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from streamer.store.sqlite.connection import APPLICATION

Migration = Callable[[], Sequence[str]]

INDEXED_TEXT = "streamer_indexed_text"
"""The name in SQL of `scripts.indexed_text`, which the database must know while these run."""

INDEXED_UTTERANCE = "streamer_indexed_utterance"
"""The same of `indexing.indexed_utterance`."""


def m001_calls_and_segments() -> Sequence[str]:
    """Make calls, legs, segments with their full-text index, and troubles."""
    return (
        f"PRAGMA application_id = {APPLICATION}",
        """
        CREATE TABLE call (
            id         TEXT PRIMARY KEY,
            source     TEXT NOT NULL,
            started_at TEXT NOT NULL,
            folder     ANY  NOT NULL,
            ended_at   TEXT,
            reason     TEXT,
            duration   INTEGER
        ) STRICT
        """,
        "CREATE INDEX call_by_time ON call (started_at, id)",
        """
        CREATE TABLE leg (
            id          INTEGER PRIMARY KEY,
            call        TEXT    NOT NULL REFERENCES call ON DELETE CASCADE,
            number      INTEGER NOT NULL,
            label       TEXT    NOT NULL,
            channel     TEXT    NOT NULL,
            rate        INTEGER NOT NULL,
            recording   ANY     NOT NULL,
            position    INTEGER NOT NULL DEFAULT 0,
            utterance   INTEGER NOT NULL DEFAULT 0,
            is_complete INTEGER NOT NULL DEFAULT FALSE,
            UNIQUE (call, label)
        ) STRICT
        """,
        """
        CREATE TABLE segment (
            id        INTEGER PRIMARY KEY,
            leg       INTEGER NOT NULL REFERENCES leg ON DELETE CASCADE,
            utterance INTEGER NOT NULL,
            start     INTEGER NOT NULL,
            end       INTEGER NOT NULL,
            language  TEXT    NOT NULL,
            text      TEXT    NOT NULL,
            words     TEXT    NOT NULL,
            UNIQUE (leg, utterance)
        ) STRICT
        """,
        """
        CREATE TABLE trouble (
            id      INTEGER PRIMARY KEY,
            call    TEXT REFERENCES call ON DELETE CASCADE,
            at      TEXT NOT NULL,
            message TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX trouble_by_call ON trouble (call)",
        "CREATE TABLE erasure (id INTEGER PRIMARY KEY) STRICT",
        # The leg is indexed as a word of its own: a search in few legs is then an intersection inside the index. Nothing ranks
        # hits, so no sizes are kept.
        """
        CREATE VIRTUAL TABLE segment_text USING fts5 (
            text,
            leg,
            content = 'segment',
            content_rowid = 'id',
            tokenize = 'unicode61 remove_diacritics 2',
            prefix = '1 2 3',
            columnsize = 0
        )
        """,
        """
        CREATE TRIGGER segment_is_indexed AFTER INSERT ON segment BEGIN
            INSERT INTO segment_text (rowid, text, leg)
            VALUES (new.id, new.text, new.leg);
        END
        """,
        """
        CREATE TRIGGER segment_leaves_index AFTER DELETE ON segment BEGIN
            INSERT INTO segment_text (segment_text, rowid, text, leg)
            VALUES ('delete', old.id, old.text, old.leg);
        END
        """,
        """
        CREATE TRIGGER segment_is_final BEFORE UPDATE ON segment BEGIN
            SELECT raise(ABORT, 'a segment is settled for good');
        END
        """,
    )


def m002_told_observers() -> Sequence[str]:
    """Keep how far each observer has been told of each leg."""
    return (
        """
        CREATE TABLE told (
            leg       INTEGER NOT NULL REFERENCES leg ON DELETE CASCADE,
            observer  TEXT    NOT NULL,
            utterance INTEGER NOT NULL,
            PRIMARY KEY (leg, observer)
        ) STRICT, WITHOUT ROWID
        """,
    )


def m003_retention() -> Sequence[str]:
    """Keep what the clock said last, and which deletion of every call is announced."""
    return (
        """
        CREATE TABLE retention (
            id           INTEGER PRIMARY KEY CHECK (id = 1),
            seen_at      TEXT,
            boot         TEXT NOT NULL,
            booted_at    TEXT,
            announced_at TEXT,
            cutoff       TEXT
        ) STRICT
        """,
    )


def m004_unclear_speech() -> Sequence[str]:
    """Keep where somebody spoke and no words could be made of it."""
    return (
        """
        CREATE TABLE unclear (
            leg   INTEGER NOT NULL REFERENCES leg ON DELETE CASCADE,
            start INTEGER NOT NULL,
            end   INTEGER NOT NULL,
            PRIMARY KEY (leg, start)
        ) STRICT, WITHOUT ROWID
        """,
    )


def m005_zero_of_calls() -> Sequence[str]:
    """Keep when the first frame of a call came; where it is not known, positions count from `started_at` as before."""
    return ("ALTER TABLE call ADD COLUMN zero_at TEXT",)


def m006_scripts_without_blanks() -> Sequence[str]:
    """Index each character of scripts without blanks as a word, and vowel signs with their letters.

    `indexed` is NULL where the text is indexed as it stands, so that such texts are not kept twice.
    """
    return (
        "DROP TRIGGER segment_is_indexed",
        "DROP TRIGGER segment_leaves_index",
        "DROP TRIGGER segment_is_final",
        "DROP TABLE segment_text",
        "ALTER TABLE segment ADD COLUMN indexed TEXT",
        f"""
        UPDATE segment
        SET indexed = {INDEXED_TEXT}(text)
        WHERE text GLOB '*[^ -~]*'
        """,
        """
        CREATE VIEW segment_words AS
        SELECT id, coalesce(indexed, text) AS text, leg
        FROM segment
        """,
        # As before, with the marks of all scripts as parts of words.
        """
        CREATE VIRTUAL TABLE segment_text USING fts5 (
            text,
            leg,
            content = 'segment_words',
            content_rowid = 'id',
            tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co'",
            prefix = '1 2 3',
            columnsize = 0
        )
        """,
        "INSERT INTO segment_text (segment_text) VALUES ('rebuild')",
        """
        CREATE TRIGGER segment_is_indexed AFTER INSERT ON segment BEGIN
            INSERT INTO segment_text (rowid, text, leg)
            VALUES (new.id, coalesce(new.indexed, new.text), new.leg);
        END
        """,
        """
        CREATE TRIGGER segment_leaves_index AFTER DELETE ON segment BEGIN
            INSERT INTO segment_text (segment_text, rowid, text, leg)
            VALUES ('delete', old.id, coalesce(old.indexed, old.text), old.leg);
        END
        """,
        """
        CREATE TRIGGER segment_is_final BEFORE UPDATE ON segment BEGIN
            SELECT raise(ABORT, 'a segment is settled for good');
        END
        """,
    )


def m007_parties_of_legs() -> Sequence[str]:
    """Keep what the PBX told of each party; `number` is the place of a leg in its call."""
    return (
        "ALTER TABLE leg ADD COLUMN telephone TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE leg ADD COLUMN name TEXT NOT NULL DEFAULT ''",
    )


def m008_alerts() -> Sequence[str]:
    """Keep which rules have fired on which calls, once each; `leg` and what follows are of words that were said."""
    return (
        """
        CREATE TABLE alert (
            id        INTEGER PRIMARY KEY,
            call      TEXT NOT NULL REFERENCES call ON DELETE CASCADE,
            rule      TEXT NOT NULL,
            severity  TEXT NOT NULL,
            at        TEXT NOT NULL,
            leg       TEXT,
            utterance INTEGER,
            start     INTEGER,
            end       INTEGER,
            text      TEXT,
            UNIQUE (call, rule)
        ) STRICT
        """,
        "CREATE INDEX alert_by_rule ON alert (rule, at)",
    )


def m009_events() -> Sequence[str]:
    """Note what is told to others, in the transaction that stores it, and what of it each endpoint has yet to get.

    An event has no words of its own: `item` says where they are, so that nothing is stored twice, and nothing stays of a call that is
    deleted. `mark` tells events of one kind in a call from each other. Numbers are given once, so that a reader can go on behind one.
    """
    return (
        """
        CREATE TABLE event (
            id   INTEGER PRIMARY KEY AUTOINCREMENT,
            call TEXT NOT NULL REFERENCES call ON DELETE CASCADE,
            kind TEXT NOT NULL,
            mark TEXT NOT NULL DEFAULT '',
            at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ')),
            leg  INTEGER,
            item INTEGER,
            data TEXT,
            UNIQUE (call, kind, mark)
        ) STRICT
        """,
        """
        CREATE TRIGGER call_is_told AFTER INSERT ON call BEGIN
            INSERT INTO event (call, kind) VALUES (new.id, 'call_started')
            ON CONFLICT DO NOTHING;
        END
        """,
        """
        CREATE TRIGGER call_end_is_told AFTER UPDATE OF ended_at ON call
        WHEN new.ended_at IS NOT NULL BEGIN
            INSERT INTO event (call, kind) VALUES (new.id, 'call_ended')
            ON CONFLICT DO NOTHING;
        END
        """,
        """
        CREATE TRIGGER segment_is_told AFTER INSERT ON segment BEGIN
            INSERT INTO event (call, kind, mark, leg, item)
            SELECT leg.call, 'final', leg.label || ' ' || new.utterance, leg.id, new.id
            FROM leg
            WHERE leg.id = new.leg
            ON CONFLICT DO NOTHING;
        END
        """,
        """
        CREATE TRIGGER unclear_is_told AFTER INSERT ON unclear BEGIN
            INSERT INTO event (call, kind, mark, leg, item)
            SELECT leg.call, 'unclear', leg.label || ' ' || new.start, leg.id, new.start
            FROM leg
            WHERE leg.id = new.leg
            ON CONFLICT DO NOTHING;
        END
        """,
        """
        CREATE TRIGGER alert_is_told AFTER INSERT ON alert BEGIN
            INSERT INTO event (call, kind, mark, item)
            VALUES (new.call, 'alert', new.rule, new.id)
            ON CONFLICT DO NOTHING;
        END
        """,
        """
        CREATE TABLE endpoint (
            name     TEXT PRIMARY KEY,
            position INTEGER NOT NULL,
            dropped  INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE delivery (
            endpoint TEXT    NOT NULL REFERENCES endpoint ON DELETE CASCADE,
            event    INTEGER NOT NULL REFERENCES event ON DELETE CASCADE,
            call     TEXT    NOT NULL,
            is_dead  INTEGER NOT NULL DEFAULT FALSE,
            attempts INTEGER NOT NULL DEFAULT 0,
            error    TEXT    NOT NULL DEFAULT '',
            PRIMARY KEY (endpoint, is_dead, event)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX delivery_by_event ON delivery (event)",
    )


def m010_marks() -> Sequence[str]:
    """Keep which lines a user has marked, and what he noted."""
    return (
        """
        CREATE TABLE mark (
            leg       INTEGER NOT NULL REFERENCES leg ON DELETE CASCADE,
            utterance INTEGER NOT NULL,
            start     INTEGER NOT NULL,
            end       INTEGER NOT NULL,
            note      TEXT    NOT NULL,
            at        TEXT    NOT NULL,
            PRIMARY KEY (leg, utterance)
        ) STRICT, WITHOUT ROWID
        """,
    )


def m011_numbers() -> Sequence[str]:
    """Index numbers as figures too, also those of what was said before."""
    return (
        f"""
        CREATE TEMPORARY TABLE renumbered AS
        SELECT id, {INDEXED_UTTERANCE}(text, language) AS indexed
        FROM segment
        WHERE {INDEXED_UTTERANCE}(text, language) IS NOT indexed
        """,
        """
        INSERT INTO segment_text (segment_text, rowid, text, leg)
        SELECT 'delete', id, coalesce(indexed, text), leg
        FROM segment
        WHERE id IN (SELECT id FROM renumbered)
        """,
        "DROP TRIGGER segment_is_final",
        """
        UPDATE segment
        SET indexed = renumbered.indexed
        FROM renumbered
        WHERE segment.id = renumbered.id
        """,
        """
        CREATE TRIGGER segment_is_final BEFORE UPDATE ON segment BEGIN
            SELECT raise(ABORT, 'a segment is settled for good');
        END
        """,
        """
        INSERT INTO segment_text (rowid, text, leg)
        SELECT id, coalesce(indexed, text), leg
        FROM segment
        WHERE id IN (SELECT id FROM renumbered)
        """,
        "DROP TABLE temp.renumbered",
    )


MIGRATIONS: tuple[Migration, ...] = (
    m001_calls_and_segments,
    m002_told_observers,
    m003_retention,
    m004_unclear_speech,
    m005_zero_of_calls,
    m006_scripts_without_blanks,
    m007_parties_of_legs,
    m008_alerts,
    m009_events,
    m010_marks,
    m011_numbers,
)
