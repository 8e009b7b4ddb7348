"""The only place that writes recordings: one worker thread for all of a process, so that a slow disk never slows a socket.

Theory of operation. `LegFile.append` queues on the event loop; the worker's passes write each leg's queue at its position and then
its header, so that a file is valid after every pass and a kill costs what came since the last. Silence is never written: the next
audio goes further on and the file system fills the hole with zeros. Audio that cannot be written leaves such a hole too, so that
what follows keeps its place in time. The rest between passes follows their cost, 40 ms for a leg and at most 200 ms for hundreds.
A second thread asks for fsync, which may take seconds.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.reasons import find_cause
from streamer.media.timeline import Placed, Silence
from streamer.media.wav import HEADER_SIZE, MAX_DATA, WavHeader, encode_header
from streamer.recording.private_files import create_private

QUEUE_S = 10.0
"""Seconds that audio waits for a disk that does not take it; what comes after is lost, counted."""

MOST_WAITING = 1 << 24
"""Bytes of a leg that wait in less time than that: `QUEUE_S` at any rate. Only what no telephone sends comes faster than a disk takes
it, and would fill the memory first."""

FSYNC_INTERVAL_S = 3.0
CLOSE_TIMEOUT_S = QUEUE_S
"""Seconds that the end of a recording waits for a disk that hangs."""

_SHORTEST_REST_S = 0.04
_LONGEST_REST_S = 0.2
_REST_PER_WORK = 4.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FilePart:
    """One finished or growing WAV of a leg, with its samples on disk."""

    path: Path
    samples: int


@dataclass(slots=True)
class LegFile:
    """One leg's WAV, continued in a new file before its sizes outgrow 32 bits.

    `append` belongs to the event loop, `write_queue`, `sync` and `close` to the worker; the lock covers only the queue.
    """

    path: Path
    rate: int
    max_data: int = MAX_DATA - MAX_DATA % SAMPLE_WIDTH
    """Bytes of audio in one file."""
    clock: Callable[[], float] = time.monotonic
    lost: int = 0
    """Samples that came but are not in the file; silence stands in their place."""
    trouble: str = ""
    """Why the last write failed, empty if it did not."""
    finished: list[FilePart] = field(default_factory=list)
    _queue: list[Placed] = field(default_factory=list)  # bounded by QUEUE_S and MOST_WAITING
    _queued_bytes: int = 0
    _waiting_since: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _file: int | None = None
    _data_size: int = 0
    _position: int = 0
    _is_demanded: bool = False

    def append(self, placed: Placed) -> None:
        """Queue audio or silence; never blocks. Audio that a dead disk has no room for becomes silence, counted."""
        with self._lock:
            if self._waiting_since is None:
                self._waiting_since = self.clock()
            if isinstance(placed, bytes) and self._is_full(self._waiting_since, len(placed)):
                samples = len(placed) // SAMPLE_WIDTH
                self.lost += samples
                self.trouble = self.trouble or "the disk does not take what is written"
                placed = Silence(samples)
            if (
                isinstance(placed, Silence)
                and self._queue
                and isinstance(last := self._queue[-1], Silence)
            ):
                self._queue[-1] = Silence(last.samples + placed.samples)
            else:
                self._queue.append(placed)
                self._queued_bytes += len(placed) if isinstance(placed, bytes) else 0

    def _is_full(self, waiting_since: float, size: int) -> bool:
        is_flooded = self._queue != [] and self._queued_bytes + size > MOST_WAITING
        return is_flooded or self.clock() - waiting_since > QUEUE_S

    @property
    def waiting(self) -> int:
        """Samples of audio that the disk has not taken yet."""
        with self._lock:
            return sum(
                len(placed) // SAMPLE_WIDTH for placed in self._queue if isinstance(placed, bytes)
            )

    @property
    def parts(self) -> list[FilePart]:
        """The leg's files so far, the growing one last."""
        growing = (
            [FilePart(self._current_path(), self._data_size // SAMPLE_WIDTH)]
            if self._file is not None
            else []
        )
        return [*self.finished, *growing]

    def demand(self) -> None:
        """Let the file exist from the next pass on, even if no audio comes."""
        self._is_demanded = True

    def write_queue(self) -> None:
        """Write what is queued, then the header; failing is remembered in `trouble`, never raised."""
        with self._lock:
            queue, self._queue = self._queue, []
            self._queued_bytes = 0
        if self._is_demanded and self._file is None and not self.finished:
            self._write_or_lose(b"")
        if not queue:
            return
        for run in _join(queue):
            if isinstance(run, Silence):
                self._position += run.samples * SAMPLE_WIDTH
            else:
                self._write_audio(run)
        with contextlib.suppress(OSError):
            self._write_header()
        with self._lock:
            self._waiting_since = self.clock() if self._queue else None

    def sync(self) -> None:
        """Ask the disk to keep what is written; may take seconds."""
        descriptor = self._file
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.fsync(descriptor)

    def close(self) -> None:
        """Write what is left and end the file."""
        self.write_queue()
        self._finish_file()

    def _write_audio(self, audio: bytes) -> None:
        while self._position + len(audio) > self.max_data:
            room = max(0, self.max_data - self._position)
            self._write_or_lose(audio[:room])
            audio = audio[room:]
            self._begin_next_file()
        self._write_or_lose(audio)

    def _write_or_lose(self, audio: bytes) -> None:
        end = self._position + len(audio)
        try:
            self._create()
            self._write_at(audio)
            self.trouble = ""
        except OSError as error:
            self.trouble = find_cause(error)
            self.lost += (end - self._position) // SAMPLE_WIDTH
            self._position = end

    def _begin_next_file(self) -> None:
        """End a full file at its full size, also where it ends in silence, so that the next one's times follow."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, HEADER_SIZE + self.max_data)
                self._data_size = self.max_data
        self._finish_file()
        self._position = max(0, self._position - self.max_data)

    def _create(self) -> None:
        if self._file is None:
            flags = os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW
            self._file = create_private(self._current_path(), flags)
            os.fchmod(self._file, 0o600)  # an old file that is overwritten may have been anybody's
            self._data_size = 0
            self._write_header()

    def _write_at(self, audio: bytes) -> None:
        assert self._file is not None
        view = memoryview(audio)
        while view:
            written = os.pwrite(self._file, view, HEADER_SIZE + self._position)
            self._position += written
            self._data_size = self._position - self._position % SAMPLE_WIDTH
            view = view[written:]

    def _write_header(self) -> None:
        if self._file is not None:
            os.pwrite(self._file, encode_header(WavHeader(self.rate, 1, self._data_size)), 0)

    def _finish_file(self) -> None:
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            self._write_header()
            os.fsync(self._file)
        self.finished.append(FilePart(self._current_path(), self._data_size // SAMPLE_WIDTH))
        descriptor, self._file = self._file, None
        os.close(descriptor)

    def _current_path(self) -> Path:
        return continued_path(self.path, len(self.finished) + 1)


def continued_path(path: Path, number: int) -> Path:
    """Name the `number`th file of a leg, which is `path` for the first."""
    return path if number == 1 else path.with_name(f"{path.stem}.{number}{path.suffix}")


def _join(queue: list[Placed]) -> list[Placed]:
    """Merge neighbouring audio, so that a pass makes one system call a run."""
    runs: list[Placed] = []
    audio: list[bytes] = []
    for placed in queue:
        if isinstance(placed, Silence):
            if audio:
                runs.append(b"".join(audio))
                audio = []
            runs.append(placed)
        else:
            audio.append(placed)
    if audio:
        runs.append(b"".join(audio))
    return runs


class Share:
    """What one recording has on a disk's worker: its legs, and small jobs such as `call.json` in between."""

    def __init__(self, disk: Disk, files: list[LegFile]) -> None:
        self._disk = disk
        self._files = list(files)
        self._job: Callable[[], None] | None = None
        self._last_job: Callable[[], None] | None = None
        self._is_ending = False
        self._has_ended = threading.Event()

    def add(self, file: LegFile) -> None:
        """Write one more leg from the next pass on."""
        self._files.append(file)

    def do_soon(self, job: Callable[[], None]) -> None:
        """Run `job` in the worker's next pass; a newer job replaces one that is still waiting."""
        self._job = job

    def finish(self, last_job: Callable[[], None] | None = None) -> bool:
        """Write what is left, end the files, then run `last_job`; blocks.

        Return False if the disk did not take everything in time.
        """
        self._last_job = last_job
        self._is_ending = True
        self._disk.hurry()
        return self._has_ended.wait(CLOSE_TIMEOUT_S)

    def write(self) -> bool:
        """Do what there is to do; return False once everything has been done. Belongs to the worker."""
        is_last = self._is_ending  # before the queues are emptied: nothing is queued behind it
        for file in tuple(self._files):
            _survive(file.close if is_last else file.write_queue)
        if is_last:
            self._job = self._last_job
        job, self._job = self._job, None
        if job is not None:
            _survive(job)
        if is_last:
            self._has_ended.set()
        return not is_last

    def sync(self) -> None:
        """Ask the disk to keep what is written; may take seconds."""
        for file in tuple(self._files):
            file.sync()


class Disk:
    """The worker of any number of recordings; its threads last as long as there is one."""

    def __init__(self) -> None:
        self._shares: list[Share] = []
        self._lock = threading.Lock()
        self._is_hurried = threading.Event()
        self._is_idle = threading.Event()
        self._is_idle.set()

    def open_share(self, files: list[LegFile]) -> Share:
        """Begin to write a recording's legs."""
        share = Share(self, files)
        with self._lock:
            self._shares.append(share)
            if self._is_idle.is_set():
                self._is_idle = threading.Event()
                self._start()
        return share

    def hurry(self) -> None:
        """Begin the next pass at once."""
        self._is_hurried.set()

    def _start(self) -> None:
        # Daemons, because a thread that is stuck in a dead disk can never be joined.
        for work, name in ((self._write, "disk-writer"), (self._sync, "disk-syncer")):
            threading.Thread(target=work, args=(self._is_idle,), name=name, daemon=True).start()

    def _write(self, is_idle: threading.Event) -> None:
        while not is_idle.is_set():
            self._is_hurried.clear()
            began = time.monotonic()
            done = [share for share in list(self._shares) if not share.write()]
            with self._lock:
                for share in done:
                    self._shares.remove(share)
                if not self._shares:
                    is_idle.set()
                    return
            work = time.monotonic() - began
            self._is_hurried.wait(
                min(max(_REST_PER_WORK * work, _SHORTEST_REST_S), _LONGEST_REST_S)
            )

    def _sync(self, is_idle: threading.Event) -> None:
        while not is_idle.wait(FSYNC_INTERVAL_S):
            for share in list(self._shares):
                share.sync()


def _survive(work: Callable[[], None]) -> None:
    """Do some work; whatever goes wrong, the next pass must come."""
    try:
        work()
    except Exception:  # noqa: BLE001 - a worker that dies loses all that follows
        with contextlib.suppress(Exception):
            _log.exception("cannot write")
