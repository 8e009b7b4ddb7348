"""What the name of a file tells of the call in it: when it was, whose number, which agent, in which direction.

Without a pattern of the user's a date is looked for as recorders write it: `20250314-101533`, `2025-03-14 10:15:33`, a day
alone, or Asterisk's unique id `1741947333.12`. Where the name has none the file's own time counts. All but a date with its
offset, and a unique id, is local time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from streamer.core.audio import Leg
from streamer.errors import UsageError

GROUPS = ("date", "number", "agent", "direction")
"""What a pattern may name."""

FIRST_YEAR = 1971
"""From here on a moment is one in every time zone; no call is older."""

_DATE = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<gap>[-_.]?)(?P<mo>\d\d)(?P=gap)(?P<d>\d\d)"
    r"(?:[-_ T.@]{0,3}(?P<h>\d\d)(?P<gap2>[-_.:h]?)(?P<mi>\d\d)(?:(?:(?P=gap2)|[m.])(?P<s>\d\d))?)?(?!\d)"
)
_UNIQUE_ID = re.compile(r"(?<!\d)(?P<seconds>1\d{9})\.\d{1,9}(?!\d)")
_EPOCH = re.compile(r"\d{9,10}(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a file's call; strings are untrusted, and empty where nobody knows."""

    name: str
    began_at: datetime
    number: str = ""
    agent: str = ""
    direction: str = ""
    doubt: str = ""
    """Why the pattern told less than it might; one line."""

    def name_leg(self, leg: Leg, *, is_single: bool) -> Leg:
        """Return a leg that says in which file it is, and of which track if there are several."""
        channel = self.name if is_single else f"{self.name} {leg.channel}"
        return replace(leg, channel=channel, number=self.number)

    @property
    def facts(self) -> dict[str, str]:
        """Return what `call.json` keeps."""
        known = {name: getattr(self, name) for name in ("number", "agent", "direction")}
        return {"file": self.name, **{name: value for name, value in known.items() if value}}


def parse_pattern(text: str) -> re.Pattern[str]:
    """Read a `--name-pattern`.

    Raises:
        UsageError: It is no regular expression, or its groups are not those that mean something.
    """
    try:
        pattern = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(
            f"--name-pattern is not a Python regular expression: {_find_fault(error)} in {text!r}"
        ) from error
    strange = [name for name in pattern.groupindex if name not in GROUPS]
    if strange or not pattern.groupindex:
        what = f"has a group {strange[0]}" if strange else "names no group"
        raise UsageError(f"--name-pattern {what}; write (?P<NAME>…) with {', '.join(GROUPS)}")
    return pattern


def read_origin(file: Path, pattern: re.Pattern[str] | None, *, at: datetime | None) -> Origin:
    """Return what a file's name tells; `at` is when the call began, whatever the name says.

    Raises:
        OSError: The file is gone.
    """
    match = pattern.search(file.name) if pattern else None
    told = {name: value or "" for name, value in match.groupdict().items()} if match else {}
    doubt = "" if match or not pattern else "the name does not fit --name-pattern"
    said = told.pop("date", "")
    began_at = at or (_read_date(said) if said else find_date(file.name))
    if said and began_at is None:
        doubt = f"{said!r} in the name is not a readable date"
        began_at = find_date(file.name)
    return Origin(file.name, began_at or _read_change(file), **told, doubt=doubt)


def _read_change(file: Path) -> datetime:
    """Return when a file was changed; now, if that cannot be."""
    now = datetime.now(UTC)
    try:
        changed_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except (ValueError, OverflowError):
        return now
    return changed_at if FIRST_YEAR <= changed_at.year <= now.year else now


def find_date(name: str) -> datetime | None:
    """Return the first moment that a name tells."""
    return next(_find_dates(name), None)


def _find_dates(name: str) -> Iterator[datetime]:
    for match in _DATE.finditer(name):
        numbers = [int(match[part] or 0) for part in ("y", "mo", "d", "h", "mi", "s")]
        try:
            found = datetime(*numbers).astimezone(UTC)  # type: ignore[arg-type]
        except (ValueError, OverflowError):
            continue  # digits that are no date
        if found.year >= FIRST_YEAR:
            yield found
    for match in _UNIQUE_ID.finditer(name):
        yield datetime.fromtimestamp(int(match["seconds"]), UTC)


def _read_date(text: str) -> datetime | None:
    """Return the moment that a date group holds: ISO 8601, digits with anything between, or seconds since 1970."""
    try:
        if _EPOCH.fullmatch(text):
            return datetime.fromtimestamp(float(text), UTC)
        if "T" in text or "+" in text or text.endswith("Z"):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    digits = re.sub(r"\D", "", text)
    return find_date(digits) if len(digits) in (8, 12, 14) else None


def _find_fault(error: Exception) -> str:
    place = getattr(error, "pos", None)
    return (
        "it is too complicated,"
        if place is None
        else f"it makes no sense from character {place + 1} on,"
    )
