"""One leg being recorded: its WAV, and what `call.json` says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streamer.core.audio import SAMPLE_WIDTH, Leg, peak
from streamer.core.encoding import encode_held, encode_pressed, encode_time
from streamer.core.events import Cause, Dtmf, EndReason, Hold
from streamer.media.evenness import Evenness
from streamer.media.missing import MissingFrames
from streamer.media.timeline import Noise, Placed, Silence
from streamer.recording.description import MOST_DIGITS, MOST_HOLDS, MOST_NOISE
from streamer.recording.disk import LegFile


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
    """Keys that were pressed, each with the second of the WAV."""
    holds: list[dict[str, Any]] = field(default_factory=list)
    """When the party was put on hold, and taken back."""
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


class LegRecording:
    """One leg being recorded; every method belongs to the event loop and none blocks."""

    def __init__(self, leg: Leg, file: LegFile, *, folder: Path) -> None:
        self.file = file
        shown = _shown_path(folder, file.path)
        self.record = LegRecord(leg.label, leg.channel, leg.rate, leg.number, leg.name, shown)
        self.lost_before = 0
        """Samples that were lost before they got here, or that the disk never took."""
        self._folder = folder
        self._last_arrival: float | None = None
        self._last_pcm = b""
        self._evenness = Evenness()
        self._missing: MissingFrames | None = (
            None  # from the first frame on, when the rate is known
        )

    def count(self, pcm: bytes, *, arrival: float) -> None:
        """Take note of a frame that has come, before it is placed."""
        record = self.record
        record.frames += 1
        record.bytes += len(pcm)
        if self._last_arrival is not None:
            gap_s = arrival - self._last_arrival
            record.longest_gap = max(record.longest_gap, round(gap_s, 3))
            self._evenness.take(gap_s, due_s=len(self._last_pcm) / SAMPLE_WIDTH / record.rate)
            record.jitter = self._evenness.jitter_s
        self._missing = self._missing or MissingFrames(record.rate)
        self._missing.take(len(pcm) // SAMPLE_WIDTH, arrival=arrival)
        self._last_arrival, self._last_pcm = arrival, pcm

    def append(self, placed: Sequence[Placed]) -> None:
        """Queue audio and silence for the disk."""
        for item in placed:
            self.file.append(item)
            if isinstance(item, Silence):
                self.record.silence += item.samples
                self.record.samples += item.samples
            else:
                self.record.samples += len(item) // SAMPLE_WIDTH

    def set_rate(self, rate: int) -> None:
        """Correct the rate, which was a guess; only before the first audio. The WAV's header says it too."""
        self.record.rate = self.file.rate = rate

    def note_digit(self, pressed: Dtmf) -> None:
        """Take note of a key that was pressed."""
        if len(self.record.digits) < MOST_DIGITS:
            self.record.digits.append(encode_pressed(pressed))

    def note_hold(self, hold: Hold) -> bool:
        """Take note that the party was put on hold or taken back; say whether that is new, and there was room for it."""
        holds = self.record.holds
        is_held = bool(holds) and bool(holds[-1]["held"])
        is_new = is_held != hold.held and len(holds) < MOST_HOLDS
        if is_new:
            holds.append(encode_held(hold))
        return is_new

    def note_noise(self, surplus: int, noise: Sequence[Noise]) -> bool:
        """Note what came too fast; say whether the parts where no words can be have changed."""
        spans = [[_round(span.start_s), _round(span.end_s)] for span in noise[-MOST_NOISE:]]
        is_new = spans != self.record.noise
        self.record.surplus, self.record.noise = surplus, spans
        return is_new

    def end(self, reason: EndReason, message: str, *, cause: Cause | None) -> None:
        """Take note of the leg's end."""
        record = self.record
        record.ended_at = encode_time(datetime.now(UTC))
        record.reason = reason.value
        record.message = message
        if cause is not None:
            record.cause, record.cause_text = cause.number, cause.text

    @property
    def level(self) -> float:
        """Return the loudest sample of the last frame, 0 to 1."""
        return peak(self._last_pcm)

    @property
    def lost(self) -> int:
        """Return how many samples came but are not on disk."""
        return self.lost_before + self.file.lost

    def missing_share(self, *, is_over: bool) -> float | None:
        """Return which share of the leg does not come, None if it is no more than networks usually lose.

        It is known after a while, or once the call is over.
        """
        missing = self._missing
        is_known = missing is not None and missing.is_much and (missing.is_settled or is_over)
        return missing.share if missing is not None and is_known else None

    def describe(self) -> dict[str, Any]:
        """Return what `call.json` says of the leg."""
        record = self.record
        record.lost = self.lost
        record.lost_seconds = round(record.lost / record.rate, 3)
        record.missing_seconds = round(self._missing.seconds, 3) if self._missing else 0.0
        record.files = [
            {"path": _shown_path(self._folder, part.path), "samples": part.samples}
            for part in self.file.parts
        ]
        return {name: getattr(record, name) for name in LegRecord.__slots__}


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _shown_path(folder: Path, path: Path) -> str:
    return path.name if path.parent == folder else str(path)
