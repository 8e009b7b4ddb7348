"""`streamer stop`: end a recording that another streamer process makes."""

from __future__ import annotations

import time
from pathlib import Path

from streamer.cli import output
from streamer.config import Settings
from streamer.errors import ExitCode
from streamer.recording.index import Recordings
from streamer.recording.reader import say_what_goes_on

_PATIENCE_S = 15.0
"""The tap sees the file within 0.5 s, and may then wait 10 s for a slow disk."""

_POLL_S = 0.05


def run_stop(settings: Settings, name: str) -> int:
    """Ask the call's tap to end and wait until it has.

    Raises:
        NotFoundError: There is no such call.
    """
    folder = Recordings(Path(settings.recordings)).find(name)
    if not folder.is_live():
        output.talk(f"{folder.call_id} is not being recorded any more")
        return ExitCode.DONE
    folder.request_stop()
    give_up_at = time.monotonic() + _PATIENCE_S
    while folder.is_live():
        if time.monotonic() > give_up_at:
            return output.fail(
                f"the process that records {folder.call_id} did not stop within {_PATIENCE_S:.0f} s; see tap.log in its folder",
                ExitCode.FAILED,
            )
        time.sleep(_POLL_S)
    output.talk(f"stopped recording {folder.call_id}; {say_what_goes_on(folder.path)}")
    return ExitCode.DONE
