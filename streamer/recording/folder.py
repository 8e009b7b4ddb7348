"""A call's folder: this module alone knows the names of its files, its locks, and how its tap is asked for something.

    recordings/20261120-130538-k3f9/
        call.json                      what is known of the call and of each leg; its tap writes it
        caller.wav  [caller.2.wav]     a leg's audio, in one more file after each 4 GiB
        tap.lock  [tap.log]            held while the tap lives; its log if it is a process of its own
        [ari.json]                     what a tap through ARI has inside the PBX; gone when that is
        [stop]                         asks the tap to end the recording
        [play.request] [flush]         asks the tap to play this to the party, and to drop what it plays
        transcriber.lock               held by the one process that transcribes the call
        [caller.partial.json] [lag.json]   what is being said, and how late its words are; gone when all is transcribed
        [names.json]                   what the user calls the speakers

Folder names come from our own ids, file names from labels that the user chose, never from the PBX.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streamer.core.reasons import find_cause
from streamer.errors import RecordingError
from streamer.recording.description import check_description, check_wav_name
from streamer.recording.locks import Lock, is_locked, is_there, read_note, take_lock
from streamer.recording.private_files import (
    UNFINISHED,
    IrregularFileError,
    create_private,
    is_regular,
    open_regular,
    read_json,
    replace_json,
)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PARTIAL = ".partial.json"
_ID_FORMAT = "%Y%m%d-%H%M%S"
_ID = re.compile(rf"\d{{8}}-\d{{6}}-[{_ALPHABET}]{{4}}")


def new_call_id(now: datetime) -> str:
    """Return an id that sorts by time, to the second in UTC, and is safe as a folder's name."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(4))
    return f"{now.astimezone(UTC).strftime(_ID_FORMAT)}-{drawn}"


def is_call_id(name: str) -> bool:
    """Say whether a name looks like one of our ids."""
    return _ID.fullmatch(name) is not None


class CallFolder:
    """One call's folder; making this object touches no file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # put together once: they are looked at with every look at a leg
        self._tap_lock = path / "tap.lock"
        self._transcriber_lock = path / "transcriber.lock"

    @property
    def call_id(self) -> str:
        """The call's id, which names the folder."""
        return self.path.name

    @property
    def call_json(self) -> Path:
        """What its tap knows of the call."""
        return self.path / "call.json"

    @property
    def tap_log(self) -> Path:
        """The log of a tap that is a process of its own."""
        return self.path / "tap.log"

    @property
    def ari(self) -> Path:
        """What its tap has inside the PBX, for whoever has to delete that after a crash."""
        return self.path / "ari.json"

    @property
    def names(self) -> Path:
        """What the user calls the speakers."""
        return self.path / "names.json"

    @property
    def lags(self) -> Path:
        """Seconds by label, of the legs whose words are late; missing while none is."""
        return self.path / "lag.json"

    def find_wav(self, name: object) -> Path:
        """Return the WAV that `call.json` names; in the folder, or wherever `--output` has put it.

        Raises:
            ValueError: It is no name that this program writes.
        """
        return self.path / check_wav_name(name)

    def holds(self, path: Path) -> bool:
        """Say whether a file lies in the folder."""
        return path.parent == self.path

    def wav(self, label: str) -> Path:
        """Name a leg's first WAV."""
        return self.path / f"{label}.wav"

    def partial(self, label: str) -> Path:
        """Name the file of what is being said on a leg."""
        return self.path / f"{label}{_PARTIAL}"

    # Who works on it

    def is_live(self) -> bool:
        """Say whether a tap is recording into it."""
        return is_locked(self._tap_lock)

    def is_transcribed(self) -> bool:
        """Say whether a process is transcribing it, this one included."""
        return is_locked(self._transcriber_lock)

    def transcriber(self) -> tuple[str, int]:
        """Return which command transcribes it and in which process, ("", 0) if none does or it has not said."""
        if not self.is_transcribed():
            return "", 0
        name, _, pid = read_note(self._transcriber_lock)[:40].partition(" ")
        return (name, int(pid)) if name.isalpha() and pid.isdecimal() else ("", 0)

    def take_tap_lock(self) -> Lock:
        """Be its tap; the folder is new, so nobody else knows it.

        Raises:
            OSError: The file cannot be made.
        """
        lock = take_lock(self._tap_lock)
        assert lock is not None, "nobody else knows this folder"
        return lock

    def take_transcriber_lock(self) -> Lock | None:
        """Be the one that transcribes it; None if another process is.

        Raises:
            OSError: The file cannot be made.
        """
        return take_lock(self._transcriber_lock)

    def request_stop(self) -> None:
        """Ask its tap to end the recording, which it does within 0.5 s.

        Raises:
            OSError: The folder cannot be written.
        """
        self._check_place()
        with suppress(FileExistsError):
            os.close(create_private(self._stop, os.O_WRONLY | os.O_EXCL))

    def is_stop_requested(self) -> bool:
        """Say whether its tap has been asked to end; a disk that does not answer says no."""
        return is_there(self._stop)

    def offer_play(self, wav: bytes) -> bool:
        """Ask its tap to play a WAV to the party; False while it has not taken the one before.

        Raises:
            OSError: The folder cannot be written.
        """
        self._check_place()
        unfinished = self._play.with_name(f"{self._play.stem}.{os.getpid()}{UNFINISHED}")
        try:
            with os.fdopen(create_private(unfinished, os.O_WRONLY | os.O_EXCL), "wb") as file:
                file.write(wav)
            os.link(unfinished, self._play)
        except FileExistsError:
            return False
        finally:
            unfinished.unlink(missing_ok=True)
        return True

    def withdraw_play(self) -> None:
        """Take back what was offered and not taken."""
        with suppress(OSError):
            self._play.unlink()

    def is_play_offered(self) -> bool:
        """Say whether a WAV waits to be taken."""
        return is_there(self._play)

    def take_play(self) -> int | None:
        """Return the descriptor of the WAV that its tap is to play next, which nobody else can take; None if there is none.

        Raises:
            OSError: There is something that cannot be taken.
        """
        if not is_there(self._play):
            return None
        descriptor = open_regular(self._play)
        try:
            self._play.unlink()
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def request_flush(self) -> None:
        """Ask its tap to play nothing more of what is queued.

        Raises:
            OSError: The folder cannot be written.
        """
        self._check_place()
        with suppress(FileExistsError):
            os.close(create_private(self._flush, os.O_WRONLY | os.O_EXCL))

    def is_flush_requested(self) -> bool:
        """Say whether its tap has not obeyed yet."""
        return is_there(self._flush)

    def take_flush(self) -> bool:
        """Say, once for each wish, whether its tap is to play nothing more; what waits to be taken is gone with it.

        Raises:
            OSError: The wish cannot be removed.
        """
        if not is_there(self._flush):
            return False
        self._play.unlink(missing_ok=True)
        self._flush.unlink()
        return True

    # call.json

    def read(self) -> dict[str, Any]:
        """Return what `call.json` says.

        Raises:
            RecordingError: It is missing or damaged.
        """
        try:
            self._check_place()
            return check_description(read_json(self.call_json))
        except (OSError, ValueError) as error:
            raise RecordingError(
                f"{self.call_json} cannot be read ({find_cause(error)}); the WAVs beside it are still good"
            ) from error

    def write(self, description: dict[str, Any]) -> None:
        """Replace `call.json`.

        Raises:
            OSError: The disk does not take it.
        """
        replace_json(self.call_json, description)

    # All of it

    def has_recordings(self) -> bool:
        """Say whether there is anything that only a recorder leaves: not so in what is left of a deleted call."""
        return is_regular(self.call_json) or any(map(is_regular, self.path.glob("*.wav")))

    def is_passing(self, path: Path) -> bool:
        """Say whether a file only tells who is at work on the call, or is not whole yet."""
        requests = {self._stop.name, self._play.name, self._flush.name, self.ari.name}
        names = {self._tap_lock.name, self._transcriber_lock.name, self.lags.name, *requests}
        return path.name in names or path.name.endswith((_PARTIAL, UNFINISHED))

    def live_status_files(self) -> Iterator[Path]:
        """Yield what the transcriber shows to others, as far as it is there."""
        yield from self.path.glob(f"*{_PARTIAL}")
        yield self.lags

    def own_files(self, labels: Iterable[str], wavs: Iterable[Path]) -> Iterator[Path]:
        """Yield every file that this program may have left here, `call.json` last, so that a half-emptied folder is still a call.

        `labels` are those of the call's legs, `wavs` what `call.json` says of audio in this folder.
        """
        yield from wavs
        replaced = [*(self.partial(label) for label in labels), self.lags, self.names, self.ari]
        yield from replaced
        yield from (path.with_name(path.name + UNFINISHED) for path in (*replaced, self.call_json))
        yield from self.path.glob(f"{self._play.stem}.*{UNFINISHED}")
        yield from (
            self._play,
            self._flush,
            self._stop,
            self.tap_log,
            self._tap_lock,
            self._transcriber_lock,
        )
        yield self.call_json

    def write_names(self, names: Mapping[str, str]) -> None:
        """Replace what the user calls the speakers.

        Raises:
            OSError: The disk does not take it, or the folder is not to be written.
        """
        self._check_place()
        replace_json(self.names, dict(names))

    def _check_place(self) -> None:
        """Find out that the folder is no link, which may lead to anything."""
        if self.path.is_symlink():
            raise IrregularFileError(self.path.lstat().st_mode)

    @property
    def _stop(self) -> Path:
        return self.path / "stop"

    @property
    def _play(self) -> Path:
        return self.path / "play.request"

    @property
    def _flush(self) -> Path:
        return self.path / "flush"
