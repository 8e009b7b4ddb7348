"""Every word kept, found again, taken out: calls and settled segments in SQLite; the only package that speaks SQL."""

from streamer.store.sqlite.filter import EVERYTHING, Filter
from streamer.store.sqlite.query import parse_query
from streamer.store.sqlite.rows import CallRow, Hit, LegRow, Progress, TroubleRow
from streamer.store.sqlite.search import PAGE
from streamer.store.sqlite.store import Reader, Store, open_reader, open_store

__all__ = [
    "EVERYTHING",
    "PAGE",
    "CallRow",
    "Filter",
    "Hit",
    "LegRow",
    "Progress",
    "Reader",
    "Store",
    "TroubleRow",
    "open_reader",
    "open_store",
    "parse_query",
]
