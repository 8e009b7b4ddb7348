"""A call being recorded: its audio to the WAVs, what is known of it to `call.json`; see `folder` for where."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from streamer.core.audio import SAMPLE_WIDTH, Leg, peak
from streamer.core.encoding import encode_held, encode_pressed, encode_time
from streamer.core.events import STATUSES, Call, Cause, Dtmf, EndReason, Hold, judge_outcome
from streamer.core.reasons import explain
from streamer.errors import RecordingError
from streamer.media.evenness import Evenness
from streamer.media.missing import MissingFrames
from streamer.media.timeline import Noise, Placed, Silence
from streamer.recording.description import MOST_DIGITS, MOST_HOLDS, MOST_LEGS, MOST_NOISE
from streamer.recording.disk import Disk, LegFile
from streamer.recording.folder import CallFolder, new_call_id
from streamer.recording.locks import Lock
from streamer.recording.private_files import make_private_folder

FORMAT = 1
"""Version of `call.json`."""


@dataclass(slots=True)
class LegRecord:
    """What `call.json` says of one leg; audio is counted in samples."""

    leg: str
    channel: str
    rate: int
    number: str
    name: str
    path: str
    """The leg's first WAV, relative to the call's folder if it is in it."""
    files: list[dict[str, Any]] = field(default_factory=list)
    frames: int = 0
    bytes: int = 0
    samples: int = 0
    """The leg's length: audio and silence."""
    silence: int = 0
    """Samples of silence put in place of holes."""
    lost: int = 0
    """Samples that came but are not in the file."""
    lost_seconds: float = 0.0
    """The same in seconds."""
    missing_seconds: float = 0.0
    """Seconds that never came: single holes, not pauses; see `media.missing`."""
    surplus: int = 0
    """Samples that came faster than they can have been said, and were not written."""
    noise: list[list[float | None]] = field(default_factory=list)
    """Where that was: seconds of the WAV, the second one null while it lasts."""
    odd_bytes: int = 0
    odd_frames: int = 0
    """What came and is neither sound nor a key of a telephone, or ended in half a sample, which is dropped."""
    longest_gap: float = 0.0
    """Seconds between two frames."""
    jitter: float | None = None
    """Seconds by which a frame came too early or too late on the average, by the length of the one before."""
    digits: list[dict[str, Any]] = field(default_factory=list)
    holds: list[dict[str, Any]] = field(default_factory=list)
    """Keys that were pressed, each with the second of the WAV."""
    sent: dict[str, int] = field(default_factory=dict)
    """What was sent back to the party; empty where nothing ever is."""
    attached_at: str | None = None
    """When the PBX accepted its connection."""
    started_at: str | None = None
    """When the first frame came."""
    ended_at: str | None = None
    reason: str | None = None
    message: str = ""
    cause: int | None = None
    cause_text: str = ""


class Recording:
    """A call being recorded; every method belongs to the event loop and none blocks, `finish` apart."""

    def __init__(
        self, plan: _Plan, folder: CallFolder, lock: Lock, *, started_at: datetime
    ) -> None:
        self.call = Call(folder.call_id, plan.source, (), started_at)
        self.folder = folder.path
        self.legs: list[LegRecord] = []
        self._plan = plan
        self._place = folder
        self._files: list[LegFile] = []
        self._lock = lock
        self._reason: EndReason | None = None
        self._noted: dict[str, str] = {}
        """Facts that came after the call."""
        self._last_arrival: list[float | None] = []
        self._last_pcm: list[bytes] = []
        self._evenness: list[Evenness] = []
        self._lost_before: list[int] = []
        self._missing: list[
            MissingFrames | None
        ] = []  # from the first frame on, when the rate is known
        for leg, path in zip(plan.legs, wav_paths(folder, plan.legs, plan.output), strict=True):
            self._add(leg, path)
        self._write_json(self.describe())
        self._share = plan.disk.open_share(self._files)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The first WAV of each leg."""
        return tuple(file.path for file in self._files)

    def is_stop_requested(self) -> bool:
        """Say whether another process has asked to end the recording."""
        return self._place.is_stop_requested()

    def add_leg(self, leg: Leg) -> Leg:
        """Record one more leg from now on; returns it with a label that no other leg has."""
        taken = {record.leg for record in self.legs}
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
        self.legs[leg].attached_at = encode_time(datetime.now(UTC))
        self.save_soon()

    def count(self, leg: int, pcm: bytes, *, arrival: float) -> None:
        """Take note of a frame that has come, before it is placed."""
        record = self.legs[leg]
        record.frames += 1
        record.bytes += len(pcm)
        last = self._last_arrival[leg]
        if last is None:
            self._note_start(record, arrival)
        else:
            record.longest_gap = max(record.longest_gap, round(arrival - last, 3))
            due_s = len(self._last_pcm[leg]) / SAMPLE_WIDTH / record.rate
            self._evenness[leg].take(arrival - last, due_s=due_s)
            record.jitter = self._evenness[leg].jitter_s
        missing = self._missing[leg] = self._missing[leg] or MissingFrames(record.rate)
        missing.take(len(pcm) // SAMPLE_WIDTH, arrival=arrival)
        self._last_arrival[leg] = arrival
        self._last_pcm[leg] = pcm

    def append(self, leg: int, placed: list[Placed]) -> None:
        """Queue audio and silence for the disk."""
        for item in placed:
            self._files[leg].append(item)
            if isinstance(item, Silence):
                self.legs[leg].silence += item.samples
                self.legs[leg].samples += item.samples
            else:
                self.legs[leg].samples += len(item) // 2

    def set_rate(self, leg: int, rate: int) -> None:
        """Correct a leg's rate, which was a guess; only before its first audio. The WAV's header says it too."""
        self.legs[leg].rate = self._files[leg].rate = rate
        legs = list(self.call.legs)
        legs[leg] = replace(legs[leg], rate=rate)
        self.call = replace(self.call, legs=tuple(legs))
        self.save_soon()

    def note_digit(self, leg: int, pressed: Dtmf) -> None:
        """Take note of a key that was pressed: where in the leg's WAV, and when by the clock on the wall."""
        if len(self.legs[leg].digits) < MOST_DIGITS:
            self.legs[leg].digits.append(encode_pressed(pressed))

    def note_hold(self, leg: int, hold: Hold) -> bool:
        """Take note that a party was put on hold or taken back; say whether that is new, and there was room for it."""
        holds = self.legs[leg].holds
        is_held = bool(holds) and bool(holds[-1]["held"])
        is_new = is_held != hold.held and len(holds) < MOST_HOLDS
        if is_new:
            holds.append(encode_held(hold))
        return is_new

    def note_facts(self, facts: Mapping[str, str]) -> None:
        """Take note of what else is said of the call; its status counts in the end."""
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
        self._files[leg].demand()

    def level(self, leg: int) -> float:
        """Return the loudest sample of the leg's last frame, 0 to 1."""
        return peak(self._last_pcm[leg])

    def lose(self, leg: int, samples: int) -> None:
        """Set how many samples the leg has lost before they got here."""
        self._lost_before[leg] = samples

    def note_noise(self, leg: int, surplus: int, noise: Sequence[Noise]) -> None:
        """Take note of what was left out because it came too fast, and where no words can be; the latter is known at once."""
        record = self.legs[leg]
        record.surplus = surplus
        spans = [[_round(span.start_s), _round(span.end_s)] for span in noise[-MOST_NOISE:]]
        if spans != record.noise:
            record.noise = spans
            self.save_soon()

    def count_odd(self, leg: int, odd_bytes: int, *, frames: int) -> None:
        """Take note of frames that were not as they ought to be, and of their bytes that were dropped."""
        self.legs[leg].odd_bytes += odd_bytes
        self.legs[leg].odd_frames += frames

    @property
    def waiting(self) -> int:
        """Samples of all legs that the disk has not taken yet."""
        return sum(file.waiting for file in self._files)

    @property
    def lost(self) -> int:
        """Samples of all legs that came but are not on disk."""
        return sum(self._lost_before) + sum(file.lost for file in self._files)

    def missing_share(self, leg: int, *, is_over: bool = False) -> float | None:
        """Return which part of a leg does not come, if that is more than a network usually loses and known well, or the call is over."""
        missing = self._missing[leg]
        is_known = missing is not None and missing.is_much and (missing.is_settled or is_over)
        return missing.share if missing is not None and is_known else None

    def end_leg(
        self, leg: int, reason: EndReason, message: str, *, cause: Cause | None = None
    ) -> None:
        """Take note of a leg's end."""
        record = self.legs[leg]
        record.ended_at = encode_time(datetime.now(UTC))
        record.reason = reason.value
        record.message = message
        if cause is not None:
            record.cause, record.cause_text = cause.number, cause.text
        self.save_soon()

    def troubles(self) -> list[str]:
        """Return what keeps each leg from the disk at present, empty strings where all is well."""
        return [file.trouble for file in self._files]

    def save_soon(self) -> None:
        """Write `call.json` in the background."""
        self._share.do_soon(lambda: self._write_json(self.describe()))

    def finish(self, reason: EndReason) -> bool:
        """End the files and `call.json`; blocks. Return False if the disk did not take everything.

        The lock is kept until the last byte is written, so that nobody reads a half-ended call as an interrupted one.
        """
        self._reason = reason
        ended_at = self._find_end()
        took_all = self._share.finish(lambda: self._write_json(self.describe(ended_at)))
        if not took_all:
            self._lost_before = [
                lost + file.waiting
                for lost, file in zip(self._lost_before, self._files, strict=True)
            ]
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
        # The worker asks while a leg may be joining, whose record comes before its file.
        for record, file, lost_before, missing in zip(
            self.legs, self._files, self._lost_before, self._missing, strict=False
        ):
            record.lost = lost_before + file.lost
            record.lost_seconds = round(record.lost / record.rate, 3)
            record.missing_seconds = round(missing.seconds, 3) if missing else 0.0
            record.files = [
                {"path": _shown_path(self.folder, p.path), "samples": p.samples} for p in file.parts
            ]
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
            "legs": [
                {name: getattr(record, name) for name in LegRecord.__slots__}
                for record in self.legs
            ],
        }

    def _describe_outcome(self, *, is_over: bool) -> dict[str, str | None]:
        if self._reason is None or not is_over:
            return {"status": None, "disconnected_by": None}
        was_heard = any(record.samples for record in self.legs)
        judged: dict[str, str | None] = {
            **judge_outcome(self._reason, was_heard=was_heard).encode()
        }
        return judged | ({"status": self.told_status} if self.told_status else {})

    def _add(self, leg: Leg, path: Path) -> LegFile:
        file = LegFile(path, leg.rate, clock=self._plan.clock)
        file.max_data = self._plan.max_data or file.max_data
        shown = _shown_path(self.folder, path)
        self.legs.append(LegRecord(leg.label, leg.channel, leg.rate, leg.number, leg.name, shown))
        self._files.append(file)
        self._last_arrival.append(None)
        self._last_pcm.append(b"")
        self._evenness.append(Evenness())
        self._lost_before.append(0)
        self._missing.append(None)
        self.call = replace(self.call, legs=(*self.call.legs, leg))
        return file

    def _note_start(self, record: LegRecord, arrival: float) -> None:
        """Take note of a leg's first frame; of the call's first, everybody is to know before there are words."""
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

    def _write_json(self, description: dict[str, Any]) -> None:
        self._place.write(description)


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
    without one, this recording gets its own. `began_at` is when a call was that does not begin now, as one of a file.

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


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _shown_path(folder: Path, path: Path) -> str:
    return path.name if path.parent == folder else str(path)
