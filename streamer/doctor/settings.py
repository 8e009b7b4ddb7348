"""Whether the settings can be read, and by whom; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streamer.doctor.findings import Finding, fault, ok, warn


@dataclass(frozen=True, slots=True)
class SettingsFacts:
    """The config file, the environment, and the files that secrets stand in; `trouble` is why they cannot be used."""

    path: str
    exists: bool = False
    trouble: str = ""
    is_exposed: bool = False
    """Others can read the config file, which may hold a secret."""
    exposed: Sequence[str] = ()
    """Files with a secret that others can read."""
    unknown: Sequence[tuple[str, str]] = ()
    """Variables that are no settings, and the nearest that are."""


def judge_settings(facts: SettingsFacts) -> Iterator[Finding]:
    """Yield what is right and wrong with the settings."""
    if facts.trouble:
        yield fault(
            "config",
            facts.trouble,
            "correct it: `streamer config check` names every wrong value, `streamer config` explains each; what follows here was checked without it",
        )
    for path in ([facts.path] if facts.is_exposed else []) + list(facts.exposed):
        yield warn(
            "config", f"others can read {path}, which may hold a secret", f"chmod 600 {path}"
        )
    for name, nearest in facts.unknown:
        yield warn(
            "config",
            f"the environment sets {name}, which is not a setting",
            f"the nearest one is {nearest}",
        )
    if not facts.trouble and not facts.is_exposed and not facts.exposed and not facts.unknown:
        yield ok(
            "config",
            facts.path if facts.exists else f"there is no {facts.path}, so the defaults hold",
        )
