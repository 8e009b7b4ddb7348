"""`streamer play --into-call`: have the tap of a live call play a file to its party."""

from __future__ import annotations

from pathlib import Path

from streamer.calls.party_player import play_into
from streamer.cli import output
from streamer.config import Settings
from streamer.errors import ExitCode
from streamer.recording.index import Recordings


def run_play_into(settings: Settings, name: str, file: Path | None, *, flushes: bool) -> int:
    """Drop what is queued for a call's party if that is wanted, then queue a file for it, if there is one.

    Raises:
        NotFoundError: There is no such call, or no such file.
        UsageError: Nothing can be played to such a call, or the file holds no audio.
        RecordingError: The call is over, or its tap takes nothing.
    """
    folder = Recordings(Path(settings.recordings)).find(name)
    length_s = play_into(folder, file, flushes=flushes)
    if flushes:
        output.talk(f"dropped what was queued for {folder.call_id}")
    if file is not None:
        output.talk(
            f"{length_s:.1f} s are played into {folder.call_id}, after what is queued already;"
            f" `streamer play {folder.call_id} --flush` ends it"
        )
    return ExitCode.DONE
