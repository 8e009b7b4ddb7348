"""`streamer transcribe`: transcribe files, in the same way as live calls."""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from streamer.bus import Bus, Subscription
from streamer.calls.backend import Backend, open_backend, without_partials
from streamer.calls.session import SessionResult, run_session
from streamer.cli import output
from streamer.cli.models import choose_or_pull, need_language
from streamer.cli.signals import ENGINE_ENDS, run_to_end
from streamer.config import Settings
from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE, Leg
from streamer.core.events import EndReason, Final, Partial, Segment, Trouble, Unclear
from streamer.core.transcript import Transcript
from streamer.errors import ExitCode, NotFoundError, RecordingError, UsageError
from streamer.exporters import EXPORTERS
from streamer.media.decode import decode_tracks, read_tracks
from streamer.recording.folder import CallFolder
from streamer.recording.writer import Recording, create_recording
from streamer.sources.wavfile import FileCall, scaled_clock
from streamer.speech.engine.models import InstalledModel
from streamer.tap.tap import Stop, run_tap

_LABELS = ("left", "right")
_MOST_WAITING = 60 * SLIN16_RATE
"""Samples of a file that wait for the disk."""

_REST_S = 0.005


def run_transcribe(
    settings: Settings,
    files: list[Path],
    *,
    format_name: str,
    is_live_path: bool,
    speed: float,
    is_stored: bool,
) -> int:
    """Print each file's transcript; return the exit code.

    Raises:
        UsageError: A file cannot be read, or the format is unknown.
        NotFoundError: There is no such file or model.
    """
    render = EXPORTERS.get(format_name)
    if render is None:
        raise UsageError(f"there is no format {format_name}; choose one of {', '.join(EXPORTERS)}")
    for file in files:
        if not file.is_file():
            raise NotFoundError(f"no such file: {file}")
    model = choose_or_pull(settings)
    if model is None:
        return ExitCode.NOT_FOUND
    need_language(settings, model)
    pace = speed if is_live_path else None
    if is_stored:
        return run_to_end(
            _transcribe_all(settings, model, files, render, speed=pace), ending=ENGINE_ENDS
        )
    with tempfile.TemporaryDirectory(prefix="streamer-") as folder:
        own = replace(settings, recordings=folder, db="")
        return run_to_end(
            _transcribe_all(own, model, files, render, speed=pace), ending=ENGINE_ENDS
        )


async def _transcribe_all(
    settings: Settings,
    model: InstalledModel,
    files: list[Path],
    render: Callable[[Transcript], str],
    *,
    speed: float | None,
) -> int:
    """Transcribe one file after the other; `speed` is None for as fast as possible."""
    bus, code = Bus(), ExitCode.DONE
    with bus.subscribe() as events:
        telling = asyncio.ensure_future(_tell(events))
        async with open_backend(settings, model, bus) as backend:
            chosen = without_partials(backend) if speed is None else backend
            for file in files:
                job = _Job(file, bus, chosen, Path(settings.recordings), speed)
                transcript, trouble = await job.run()
                if trouble:
                    output.talk(f"{file}: {trouble}")
                    code = ExitCode.FAILED
                output.data(render(transcript).rstrip("\n"))
        bus.close()
        await telling
    return code


async def _tell(events: Subscription) -> None:
    async for event in events:
        if isinstance(event, Trouble):
            output.talk(event.message)


class _Job:
    """One file on its way."""

    def __init__(
        self, file: Path, bus: Bus, backend: Backend, recordings: Path, speed: float | None
    ) -> None:
        self._file = file
        self._bus = bus
        self._backend = backend
        self._recordings = recordings
        self._speed = speed
        self._segments: list[Segment] = []
        self._unclear: list[Unclear] = []

    async def run(self) -> tuple[Transcript, str]:
        with self._bus.subscribe(capacity=100_000) as events:
            if self._speed is None:
                recording = await asyncio.to_thread(_record_at_once, self._file, self._recordings)
                total_s = sum(leg.samples for leg in recording.legs) / SLIN16_RATE
                session = run_session(recording.folder, self._backend, self._bus)
            else:
                tracks = await asyncio.to_thread(decode_tracks, self._file)
                total_s = sum(len(track) for track in tracks) / SAMPLE_WIDTH / SLIN16_RATE
                clock = scaled_clock(self._speed)
                recording = _create(self._recordings, len(tracks), clock=clock)
                session = self._play(recording, tracks, self._speed, clock)
            following = asyncio.ensure_future(self._collect(events, total_s))
            trouble = (await session).trouble
            events.close()
            await following
        call = recording.call
        segments = tuple(self._segments)
        transcript = Transcript(
            call.id,
            "file",
            call.started_at.astimezone(),
            call.legs,
            segments,
            unclear=tuple(self._unclear),
        )
        return transcript, trouble

    async def _play(
        self, recording: Recording, tracks: list[bytes], speed: float, clock: Callable[[], float]
    ) -> SessionResult:
        stream = FileCall(recording.call.legs, tracks, speed=speed, clock=clock)
        tap = asyncio.ensure_future(run_tap(stream, recording, Bus(), stop=Stop(), clock=clock))
        await asyncio.sleep(0)
        assert CallFolder(recording.folder).is_live()
        result = await run_session(recording.folder, self._backend, self._bus)
        await tap
        return result

    async def _collect(self, events: Subscription, total_s: float) -> None:
        async with _open_bar(self._file.name, total_s) as show:
            async for event in events:
                match event:
                    case Final(_, segment):
                        self._segments.append(segment)
                        show(segment.leg, segment.end_s)
                    case Unclear():
                        self._unclear.append(event)
                    case Partial(_, leg, _, _, end):
                        show(leg, end / SLIN16_RATE)
                    case _:
                        pass


@asynccontextmanager
async def _open_bar(name: str, total_s: float) -> AsyncIterator[Callable[[str, float], None]]:
    """Show how far each leg has got on stderr, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda leg, seconds: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    reached: dict[str, float] = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(escape(name), total=total_s)

        def show(leg: str, seconds: float) -> None:
            reached[leg] = max(reached.get(leg, 0.0), seconds)
            progress.update(task, completed=sum(reached.values()))

        yield show


def _record_at_once(file: Path, folder: Path) -> Recording:
    """Turn a file into a finished recording, piece by piece, no faster than the disk takes it; blocks.

    Raises:
        UsageError: It cannot be read.
        RecordingError: The disk does not take it.
    """
    pieces = read_tracks(file)
    first = next(pieces)
    recording = _create(folder, len(first), clock=lambda: 0.0)  # audio from a file is never late
    for piece in itertools.chain([first], pieces):
        for leg, track in enumerate(piece):
            recording.append(leg, [track])
        while recording.waiting > _MOST_WAITING:
            time.sleep(_REST_S)
    if not recording.finish(EndReason.HANG_UP) or recording.lost:
        raise RecordingError(
            f"{file} could not be copied to {folder} as a whole; free some space on that disk"
        )
    return recording


def _create(folder: Path, legs: int, *, clock: Callable[[], float] = time.monotonic) -> Recording:
    return create_recording(folder, source="file", url="", legs=_name_legs(legs), clock=clock)


def _name_legs(count: int) -> tuple[Leg, ...]:
    if count == 1:
        return (Leg("speaker", "file"),)
    if count == len(_LABELS):
        return tuple(Leg(label, label) for label in _LABELS)
    return tuple(Leg(f"leg{n}", f"track {n}") for n in range(1, count + 1))
