"""What has been measured, kept in the user's cache, so that a run that was cut off goes on where it was."""

from __future__ import annotations

import hashlib
import json
import math
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamer
from tools.bench.real.materials import CACHE

_TOOLS = Path(__file__).parent
_JUDGED_BY = ("legs.py", "measures.py")
"""Of the bench itself: what a figure depends on."""


@dataclass(frozen=True, slots=True)
class Results:
    """Figures that depend on the code of `streamer/speech`; `is_fresh` measures anew, once a run, what is there already."""

    folder: Path
    is_fresh: bool = False
    limit_s: float = math.inf
    """Of each leg only so much is measured."""
    _measured: set[str] = field(default_factory=set)
    """By this run."""

    async def take(self, *key: str, make: Callable[[], Awaitable[Any]]) -> Any:
        """Return what was measured under this key, as JSON has it, or measure it now."""
        limit = [] if math.isinf(self.limit_s) else [f"{self.limit_s:g}s"]
        name = " ".join([*key, *limit])
        path = self.folder / f"{name.replace('/', '_').replace(' ', '-')}.json"
        if path.exists() and (not self.is_fresh or name in self._measured):
            progress(f"{name}: measured before")
            return json.loads(path.read_text())
        began = time.monotonic()
        progress(f"{name} ...")
        encoded = json.dumps(await make())
        _replace(path, encoded)
        self._measured.add(name)
        progress(f"{name}: took {time.monotonic() - began:.0f} s")
        return json.loads(encoded)


def open_results(*, is_fresh: bool = False, limit_s: float = math.inf) -> Results:
    """Return the results of this state of the code."""
    own = [_TOOLS / name for name in _JUDGED_BY]
    speech = sorted((Path(streamer.__file__).parent / "speech").rglob("*.py"))
    return Results(CACHE / "results" / hash_files([*speech, *own]), is_fresh, limit_s)


def hash_files(paths: Iterable[Path]) -> str:
    """Return a short name for what files hold."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def progress(line: str) -> None:
    """Say on stderr how far the run is: stdout is the report."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


def _replace(path: Path, text: str) -> None:
    """Write a file that is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)
