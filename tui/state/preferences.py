"""What a user has chosen on the screen, kept from one time to the next in a file of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from streamer.recording.private_files import read_json, replace_json

MOST_VIEWS = 50


@dataclass(frozen=True, slots=True)
class View:
    """How the list of calls is looked at."""

    filter: str = ""
    order: str = "attention"
    columns: tuple[str, ...] = ()
    """In their order; empty for those that fit the terminal."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What is kept: how the list is looked at now, without its filter, and the views that were given names."""

    now: View = View()
    views: Mapping[str, View] = field(default_factory=dict)


def default_path() -> Path:
    """Return where they are kept."""
    return Path(platformdirs.user_state_dir("streamer")) / "screen.json"


def read_preferences(path: Path) -> Preferences:
    """Return what was kept; of what cannot be read, nothing."""
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        fields = read_json(path)["calls"]
        views = {
            str(name): _parse_view(view)
            for name, view in list(fields["views"].items())[:MOST_VIEWS]
        }
        return Preferences(_parse_view(fields["now"]), views)
    return Preferences()


def keep_preferences(path: Path, preferences: Preferences) -> None:
    """Keep them; other fields of the file stay as they are.

    Raises:
        OSError: The disk does not take it.
    """
    others: dict[str, Any] = {}
    with suppress(OSError, ValueError, TypeError):
        others = dict(read_json(path))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_json(path, others | {"calls": asdict(preferences)})


def _parse_view(fields: Any) -> View:
    columns = tuple(map(str, fields["columns"]))
    return View(str(fields["filter"]), str(fields["order"]), columns)
