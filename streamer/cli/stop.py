"""`streamer stop`: end a recording that another process makes."""

from __future__ import annotations

import time
from pathlib import Path

from streamer.cli import output
from streamer.config import Settings
from streamer.errors import ExitCode
from streamer.recording.reader import find_call, is_live, say_what_goes_on

_PATIENCE_S = 15.0
"""The tap sees the file within 0.5 s, and may then wait 10 s for a slow disk."""

_POLL_S = 0.05


def run_stop(settings: Settings, name: str) -> int:
    """Ask the call's tap to end and wait until it has.

    Raises:
        NotFoundError: There is no such call.
    """
    folder = find_call(Path(settings.recordings), name)
    if not is_live(folder):
        output.talk(f"{folder.name} is not being recorded any more")
        return ExitCode.DONE
    (folder / "stop").touch(mode=0o600)
    give_up_at = time.monotonic() + _PATIENCE_S
    while is_live(folder):
        if time.monotonic() > give_up_at:
            return output.fail(
                f"the recorder of {folder.name} does not react; see its log", ExitCode.FAILED
            )
        time.sleep(_POLL_S)
    output.talk(f"stopped recording {folder.name}; {say_what_goes_on(folder)}")
    return ExitCode.DONE
