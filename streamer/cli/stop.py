"""`streamer stop`: end a recording that another streamer process makes, or a listener that has outlived its `serve`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.cli import output
from streamer.config import Settings
from streamer.core.addresses import parse_address
from streamer.core.reasons import explain
from streamer.errors import ExitCode, NotFoundError, RecordingError
from streamer.recording.index import Recordings
from streamer.recording.reader import say_what_goes_on

if TYPE_CHECKING:
    from streamer.tap.listeners import OtherListener

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
        output.talk(f"{folder.call_id} is not being recorded")
        return ExitCode.DONE
    folder.request_stop()
    if not _wait_until(lambda: not folder.is_live()):
        return output.fail(
            f"the process that records {folder.call_id} did not stop within {_PATIENCE_S:.0f} s; see tap.log in its folder",
            ExitCode.FAILED,
        )
    output.talk(f"stopped recording {folder.call_id}; {say_what_goes_on(folder.path)}")
    return ExitCode.DONE


def run_stop_listener(settings: Settings, address: str) -> int:
    """Ask the listener at an address to take no more calls, and wait until it does not; calls that are live go on to their ends.

    Raises:
        UsageError: The text is no address.
        NotFoundError: No listener of this user is there.
        RecordingError: It cannot be asked.
    """
    other = _find_listener(settings, address)
    shown = other.note.address
    if other.note.is_led():
        return output.fail(
            f"a `serve` that runs has the listener at {shown}; quit that `serve` with q or Ctrl-C",
            ExitCode.FAILED,
        )
    try:
        other.request_stop()
    except OSError as error:
        raise RecordingError(
            f"the listener at {shown} cannot be asked to end: {explain(error)}"
        ) from error
    if not _wait_until(lambda: not other.is_listening()):
        return output.fail(
            f"the listener at {shown} did not end within {_PATIENCE_S:.0f} s; see listener.log in {other.note.recordings}",
            ExitCode.FAILED,
        )
    output.talk(
        f"the listener at {shown} accepts no new calls; live ones are recorded to their end in {other.note.recordings}"
    )
    return ExitCode.DONE


def _find_listener(settings: Settings, address: str) -> OtherListener:
    from streamer.tap.listeners import find_listener

    host, port = parse_address(address, flag="--listener", lowest=1)
    other = find_listener(
        host,
        port,
        recordings=Path(settings.recordings),
        runtime_dir=Path(settings.runtime_dir) if settings.runtime_dir else None,
    )
    if other is None:
        raise NotFoundError(
            f"no listener of streamer that you have started is at {address}; one of a systemd unit is found with its runtime_dir"
        )
    return other


def _wait_until(is_so: Callable[[], bool]) -> bool:
    """Wait with patience, and say whether it came."""
    give_up_at = time.monotonic() + _PATIENCE_S
    while not is_so():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(_POLL_S)
    return True
