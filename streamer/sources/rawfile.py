"""Raw audio under names that tell too little: Asterisk writes mu-law as `.pcm` and slin as `.raw`, others write anything."""

from __future__ import annotations

from pathlib import Path

from streamer.media.findings import Findings
from streamer.media.raw import AMBIGUOUS, Codec, RawFormat, find_named
from streamer.wire.likely import likely_format

_STRETCH = 2_400
"""Bytes that are looked at together: 0.3 s of mu-law."""

_STRETCHES = 64


def choose_raw(path: Path, findings: Findings) -> RawFormat | None:
    """Decide by a file's bytes how it is read, and note it; None if its name or its header decides, or nothing is there. Blocks."""
    if path.suffix.casefold() not in AMBIGUOUS or not path.is_file():
        return None
    stretches = _read_stretches(path)
    named = find_named(path, stretches[0]) if stretches else None
    if named is None:
        return None
    telling = [stretch for stretch in stretches if len(set(stretch)) > 1]
    likely = likely_format(telling) if telling else None
    raw = RawFormat(Codec(likely), named.rate) if likely else named
    doubt = (
        ", though its bytes look like none of slin, ulaw and alaw" if telling and not likely else ""
    )
    findings.take(path, raw, doubt=doubt)
    return raw


def _read_stretches(path: Path) -> list[bytes]:
    """Return the beginning of a file, and stretches from all over it."""
    size = path.stat().st_size
    step = max(_STRETCH, size // _STRETCHES // 2 * 2)
    stretches = []
    with path.open("rb") as file:
        for at in range(0, size, step):
            file.seek(at)
            stretches.append(file.read(_STRETCH))
    return stretches
