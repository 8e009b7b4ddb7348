"""What has become of a watched call, as far as a command has to say it when it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from streamer.errors import ExitCode


@dataclass(slots=True)
class WatchOutcome:
    """What is known of the call so far; `folder` is None before its tap has made it."""

    folder: Path | None = None
    exit_code: int = ExitCode.FAILED
    """The tap's own, as far as it has said one."""
    refusals: list[str] = field(default_factory=list)
    """Why the PBX has refused legs, untrusted lines."""
    is_over: bool = False
    """The call has ended, all its words are settled and the tap is gone."""
