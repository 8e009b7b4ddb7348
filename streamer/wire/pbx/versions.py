"""Versions of Asterisk as people and packages write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from streamer.core.untrusted import printable
from streamer.errors import UsageError

_LAST_PLAUSIBLE = 29
"""A major version comes once a year, and 23 was the newest in 2026; what is beyond is a slip."""

_NUMBER = r"(0|[1-9][0-9]?)"
_WRITTEN = re.compile(
    r"(?:asterisk[ -])?(?P<certified>certified[/-])?v?(?:[0-9]:)?"
    rf"(?P<major>[1-9][0-9]?)(?:\.{_NUMBER})?(?:\.{_NUMBER})?(?:\.{_NUMBER})?"
    r"(?P<rest>(?:-cert[0-9]{1,2})?(?:-(?:rc|beta|alpha|pre)[0-9]{1,2})?(?:-vici)?(?:[~+][\w.~+:-]{0,80}|-[0-9][\w.~+:-]{0,80})?)",
    re.IGNORECASE | re.ASCII,
)
_OLD_FIRST_NUMBER = 1


@dataclass(frozen=True, slots=True)
class Version:
    """A release; a candidate counts as its release, a certified version and a package as what they were made from."""

    major: int
    minor: int = 0
    patch: int = 0
    written: str = ""
    """As it was given."""

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def parse_version(text: str, *, flag: str = "--version") -> Version:
    """Read a version such as 22.5, 22.5.1, 20, certified/20.7-cert1, 23.0.0-rc1, or what `asterisk -V` prints; 20 is 20.0.0.

    Raises:
        UsageError: There is no such version of Asterisk; the message names the flag.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if not found or not _is_plausible(int(found["major"])):
        raise UsageError(
            f"{flag} must look like 22.5, 22.5.1, certified/20.7-cert1 or 23.0.0-rc1, not {printable(text, limit=40)!r};"
            " `asterisk -V` prints yours"
        )
    minor, patch = (int(found[n] or 0) for n in (3, 4))
    return Version(int(found["major"]), minor, patch, text.strip())


def _is_plausible(major: int) -> bool:
    """Say whether there was such a major version: after 1.8 came 10."""
    return major == _OLD_FIRST_NUMBER or 10 <= major <= _LAST_PLAUSIBLE
