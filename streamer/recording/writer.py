"""A call being recorded: its audio to the WAVs, what is known of it to `call.json`; see `folder` for where."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from streamer.core.audio import Leg
from streamer.core.encoding import encode_time
from streamer.core.events import STATUSES, Call, Cause, Dtmf, EndReason, Hold, judge_outcome
from streamer.core.reasons import explain
from streamer.errors import RecordingError
from streamer.media.timeline import Noise, Placed
from streamer.recording.description import MOST_LEGS
from streamer.recording.disk import Disk, LegFile
from streamer.recording.folder import CallFolder, new_call_id
from streamer.recording.leg_recording import LegRecord, LegRecording
from streamer.recording.locks import Lock
from streamer.recording.private_files import make_private_folder

FORMAT = 1
"""Version of `call.json`."""


class Recording:
    """A call being recorded; every method belongs to the event loop and none blocks, `finish` apart."""

    def __init__(
        self, plan: _Plan, folder: CallFolder, lock: Lock, *, started_at: datetime
    ) -> None:
        self.call = Call(folder.call_id, plan.source, (), started_at)
        self.folder = folder.path
        self._legs: list[LegRecording] = []
        self._plan = plan
        self._place = folder
        self._lock = lock
        self._reason: EndReason | None = None
        self._noted: dict[str, str] = {}
        """Facts that came after the call."""
        for leg, path in zip(plan.legs, wav_paths(folder, plan.legs, plan.output), strict=True):
            self._add(leg, path)
        self._place.write(self.describe())
        self._share = plan.disk.open_share([leg.file for leg in self._legs])

    @property
    def legs(self) -> tuple[LegRecord, ...]:
        """What is known of each leg."""
        return tuple(leg.record for leg in self._legs)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The first WAV of each leg."""
        return tuple(leg.file.path for leg in self._legs)

    def is_stop_requested(self) -> bool:
        """Say whether another process has asked to end the recording."""
        return self._place.is_stop_requested()

    def add_leg(self, leg: Leg) -> Leg:
        """Record one more leg from now on; returns it with a label that no other leg has."""
        taken = {known.label for known in self.call.legs}
        labels = (leg.label, *(f"{leg.label}{n}" for n in range(2, len(taken) + 3)))
        leg = replace(leg, label=next(label for label in labels if label not in taken))
        output = self._plan.output
        is_full = output is not None and is_wav_name(output)  # one file holds one leg
        (path,) = wav_paths(self._place, (leg,), None if is_full else output)
        self._share.add(self._add(leg, path))
        self.save_soon()
        return leg

    def attach(self, leg: int) -> None:
        """Take note that the PBX has accepted a leg's connection."""
        self._legs[leg].record.attached_at = encode_time(datetime.now(UTC))
        self.save_soon()

    def count(self, leg: int, pcm: bytes, *, arrival: float) -> None:
        """Take note of a frame that has come, before it is placed."""
        record = self._legs[leg].record
        is_first = not record.frames
        self._legs[leg].count(pcm, arrival=arrival)
        if is_first:
            self._note_start(record, arrival)

    def append(self, leg: int, placed: Sequence[Placed]) -> None:
        """Queue audio and silence for the disk."""
        self._legs[leg].append(placed)

    def set_rate(self, leg: int, rate: int) -> None:
        """Correct a leg's rate, which was a guess; only before its first audio."""
        self._legs[leg].set_rate(rate)
        legs = list(self.call.legs)
        legs[leg] = replace(legs[leg], rate=rate)
        self.call = replace(self.call, legs=tuple(legs))
        self.save_soon()

    def note_digit(self, leg: int, pressed: Dtmf) -> None:
        """Take note of a key that was pressed: where in the leg's WAV, and when by the clock on the wall."""
        self._legs[leg].note_digit(pressed)

    def note_hold(self, leg: int, hold: Hold) -> bool:
        """Take note that a party was put on hold or taken back; say whether that is new, and there was room for it."""
        return self._legs[leg].note_hold(hold)

    def note_facts(self, facts: Mapping[str, str]) -> None:
        """Note what else the PBX says of the call; a `status` in it replaces the one that we would judge by the end."""
        self._noted.update(facts)
        self.save_soon()

    @property
    def told_status(self) -> str:
        """How the call went, as the PBX has said; empty if it has not."""
        told = self._noted.get("status", "")
        return told if told in STATUSES else ""

    def count_sent(self, sent: Sequence[dict[str, int]]) -> None:
        """Take note of what was sent back to each leg, if anything ever is."""
        for record, counters in zip(self.legs, sent, strict=False):
            record.sent = counters

    def demand(self, leg: int) -> None:
        """Let a leg's WAV exist from now on, even if it stays empty."""
        self._legs[leg].file.demand()

    def level(self, leg: int) -> float:
        """Return the loudest sample of the leg's last frame, 0 to 1."""
        return self._legs[leg].level

    def lose(self, leg: int, samples: int) -> None:
        """Set how many samples the leg has lost before they got here."""
        self._legs[leg].lost_before = samples

    def note_noise(self, leg: int, surplus: int, noise: Sequence[Noise]) -> None:
        """Note what was left out because it came too fast, and where no words can be; the latter is written at once."""
        if self._legs[leg].note_noise(surplus, noise):
            self.save_soon()

    def count_odd(self, leg: int, odd_bytes: int, *, frames: int) -> None:
        """Take note of frames that were not as they ought to be, and of their bytes that were dropped."""
        record = self._legs[leg].record
        record.odd_bytes += odd_bytes
        record.odd_frames += frames

    @property
    def waiting(self) -> int:
        """Samples of all legs that the disk has not taken yet."""
        return sum(leg.file.waiting for leg in self._legs)

    @property
    def lost(self) -> int:
        """Samples of all legs that came but are not on disk."""
        return sum(leg.lost for leg in self._legs)

    def missing_share(self, leg: int, *, is_over: bool = False) -> float | None:
        """Return which share of a leg does not come; see `LegRecording.missing_share`."""
        return self._legs[leg].missing_share(is_over=is_over)

    def end_leg(
        self, leg: int, reason: EndReason, message: str, *, cause: Cause | None = None
    ) -> None:
        """Take note of a leg's end."""
        self._legs[leg].end(reason, message, cause=cause)
        self.save_soon()

    def troubles(self) -> list[str]:
        """Return what keeps each leg from the disk at present, empty strings where all is well."""
        return [leg.file.trouble for leg in self._legs]

    def save_soon(self) -> None:
        """Write `call.json` in the background."""
        self._share.do_soon(lambda: self._place.write(self.describe()))

    def finish(self, reason: EndReason) -> bool:
        """End the files and `call.json`; blocks. Return False if the disk did not take everything.

        The lock is kept until the last byte is written, so that nobody reads a half-ended call as an interrupted one.
        """
        self._reason = reason
        ended_at = self._find_end()
        took_all = self._share.finish(lambda: self._place.write(self.describe(ended_at)))
        if not took_all:
            for leg in self._legs:
                leg.lost_before += leg.file.waiting
        self._lock.release()
        return took_all

    def discard(self) -> None:
        """Remove the folder: the PBX refused every leg, or only a part of a file came into it."""
        self._share.finish()
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()
        self._lock.release()

    def describe(self, ended_at: datetime | None = None) -> dict[str, Any]:
        """Return what `call.json` says."""
        return {
            "format": FORMAT,
            "call": self.call.id,
            "source": self.call.source,
            "url": self._plan.url,
            "facts": {**self._plan.facts, **self._noted},
            "started_at": encode_time(self.call.started_at),
            "zero_at": encode_time(self.call.zero_at) if self.call.zero_at else None,
            "ended_at": encode_time(ended_at) if ended_at else None,
            "reason": self._reason.value if self._reason and ended_at else None,
            **self._describe_outcome(is_over=ended_at is not None),
            "legs": [leg.describe() for leg in self._legs],
        }

    def _describe_outcome(self, *, is_over: bool) -> dict[str, str | None]:
        if self._reason is None or not is_over:
            return {"status": None, "disconnected_by": None}
        was_heard = any(leg.samples for leg in self.legs)
        judged: dict[str, str | None] = {
            **judge_outcome(self._reason, was_heard=was_heard).encode()
        }
        return judged | ({"status": self.told_status} if self.told_status else {})

    def _add(self, leg: Leg, path: Path) -> LegFile:
        file = LegFile(path, leg.rate, clock=self._plan.clock)
        file.max_data = self._plan.max_data or file.max_data
        self._legs.append(LegRecording(leg, file, folder=self.folder))
        self.call = replace(self.call, legs=(*self.call.legs, leg))
        return file

    def _note_start(self, record: LegRecord, arrival: float) -> None:
        """Note when a leg's first frame came; the call's first is written at once, since viewers count positions from it."""
        waited_s = max(0.0, self._plan.clock() - arrival)
        came_at = datetime.now(UTC) - timedelta(seconds=waited_s)
        record.started_at = encode_time(came_at)
        if self.call.zero_at is None:
            self.call = replace(self.call, zero_at=self._plan.began_at or came_at)
            self.save_soon()

    def _find_end(self) -> datetime:
        """Return when the call ended: now, or where a recording that was there before it came here does."""
        if self._plan.began_at is None:
            return datetime.now(UTC)
        longest_s = max((leg.samples / leg.rate for leg in self.legs), default=0.0)
        return self._plan.began_at + timedelta(seconds=longest_s)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a recording is made with; see `create_recording`."""

    source: str
    url: str
    legs: tuple[Leg, ...]
    facts: Mapping[str, str]
    output: Path | None
    clock: Callable[[], float]
    max_data: int | None
    disk: Disk
    began_at: datetime | None


def create_recording(
    recordings: Path,
    *,
    source: str,
    url: str,
    legs: tuple[Leg, ...],
    facts: Mapping[str, str] = MappingProxyType({}),
    output: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
    max_data: int | None = None,
    disk: Disk | None = None,
    began_at: datetime | None = None,
) -> Recording:
    """Make a call's folder and lock it; `output` puts the WAVs elsewhere, see `wav_paths`.

    `facts` is what else is known of the call, untrusted strings. `disk` is a worker that other recordings of this process share;
    without one, this recording gets its own. `began_at` is when the call took place if that is not now, as with a file.

    Raises:
        RecordingError: The folder cannot be made or written.
    """
    if len(legs) > MOST_LEGS:
        raise RecordingError(f"a call has {MOST_LEGS} legs at most, not {len(legs)}")
    plan = _Plan(source, url, legs, facts, output, clock, max_data, disk or Disk(), began_at)
    now = began_at or datetime.now(UTC)
    try:
        make_private_folder(recordings)
        with ExitStack() as undoing:
            folder = _make_call_folder(recordings.absolute(), now)
            # What is left of a call that could not be begun would be taken for a damaged one.
            undoing.callback(shutil.rmtree, folder.path, ignore_errors=True)
            lock = folder.take_tap_lock()
            undoing.callback(lock.release)
            recording = Recording(plan, folder, lock, started_at=now)
            undoing.pop_all()
            return recording
    except OSError as error:
        raise RecordingError(
            f"cannot record in {recordings.absolute()}: {explain(error)}"
        ) from error


def _make_call_folder(recordings: Path, now: datetime) -> CallFolder:
    """Make a folder with an id that is new; calls that come within a second may draw the same one."""
    while True:
        folder = CallFolder(recordings / new_call_id(now))
        with suppress(FileExistsError):
            folder.path.mkdir(mode=0o700)
            return folder


def wav_paths(folder: CallFolder, legs: tuple[Leg, ...], output: Path | None) -> tuple[Path, ...]:
    """Return where each leg's WAV goes: into the call's folder, into one file `*.wav`, or into another folder.

    In another folder the call's id stands before the label, so that nothing there is overwritten.
    """
    if output is None:
        return tuple(folder.wav(leg.label) for leg in legs)
    if is_wav_name(output):
        return (output.absolute(),)
    return tuple(output.absolute() / f"{folder.call_id}-{leg.label}.wav" for leg in legs)


def is_wav_name(output: Path) -> bool:
    """Say whether an output names a file rather than a folder."""
    return output.suffix.lower() == ".wav" and not output.is_dir()
