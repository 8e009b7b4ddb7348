"""Every word kept, found again, taken out: calls and settled segments in SQLite; the only package that speaks SQL."""

from streamer.store.filter import EVERYTHING, Filter
from streamer.store.query import parse_query
from streamer.store.rows import CallRow, Hit, LegRow, Progress, TroubleRow
from streamer.store.search import PAGE
from streamer.store.store import Reader, Store, open_reader, open_store

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
