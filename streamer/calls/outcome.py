"""What becomes of a call that is being outcome, as far as its watcher has to say it in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from streamer.errors import ExitCode


@dataclass(slots=True)
class WatchOutcome:
    """A call that is being watched; `folder` is None before its tap has made it."""

    folder: Path | None = None
    exit_code: int = ExitCode.FAILED
    """The tap's own, as far as it has said one."""
    refusals: list[str] = field(default_factory=list)
    """Why the PBX has refused legs, untrusted lines."""
    is_over: bool = False
    """The call has ended, all its words are settled and the tap is gone."""
