"""Which calls are meant by what only their folders tell: who called whom, and the keys that were pressed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from streamer.calls.catalog import Entry, list_entries
from streamer.store import Filter, Reader

_ALL = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Parties:
    """Parts of numbers or names, and of the digits pressed; each is empty if any will do."""

    caller: str = ""
    called: str = ""
    digits: str = ""

    def __bool__(self) -> bool:
        return bool(self.caller or self.called or self.digits)

    def match(self, entry: Entry) -> bool:
        """Say whether a call is meant."""
        sides = entry.sides
        return (
            (not self.caller or sides.caller.has(self.caller))
            and (not self.called or sides.called.has(self.called))
            and self.digits in entry.digits
        )


ANYBODY = Parties()


async def narrow(reader: Reader, recordings: Path, filter: Filter, parties: Parties) -> Filter:
    """Return a filter that lets only such calls through; without parties, the same one.

    Raises:
        StoreError: The store cannot be read.
        RecordingError: The folder of recordings cannot be read.
    """
    if not parties:
        return filter
    # What is said after a moment may be of a call that began before it; a call that began after the end says nothing before.
    entries = await list_entries(reader, recordings, replace(filter, since=None), limit=_ALL)
    meant = (entry.call.id for entry in entries if parties.match(entry))
    return replace(filter, calls=frozenset(meant))
