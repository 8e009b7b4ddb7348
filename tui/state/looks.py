"""How the screen looks, kept from one time to the next in a file of the user's own."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from streamer.config import GLYPHS, THEMES, Settings
from streamer.recording.private_files import read_json, replace_json


@dataclass(frozen=True, slots=True)
class Looks:
    """Names as in the settings; empty for what nobody has chosen."""

    theme: str = ""
    glyphs: str = ""


def read_looks(path: Path) -> Looks:
    """Return what was kept; of what cannot be read, nothing."""
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        kept = read_json(path)["looks"]
        theme, glyphs = kept.get("theme"), kept.get("glyphs")
        return Looks(theme if theme in THEMES else "", glyphs if glyphs in GLYPHS else "")
    return Looks()


def choose_looks(settings: Settings, kept: Looks) -> Looks:
    """Return what the settings say, and what was kept where they say nothing."""
    return Looks(settings.theme or kept.theme, settings.glyphs or kept.glyphs)


def keep_looks(path: Path, looks: Looks) -> None:
    """Keep them; other fields of the file stay as they are.

    Raises:
        OSError: The disk does not take it.
    """
    others: dict[str, Any] = {}
    with suppress(OSError, ValueError, TypeError):
        others = dict(read_json(path))
    if others.get("looks") != asdict(looks):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_json(path, others | {"looks": asdict(looks)})
