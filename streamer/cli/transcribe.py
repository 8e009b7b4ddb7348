"""`streamer transcribe`: transcribe files, in the same way as live calls."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from streamer.bus import Bus, Subscription
from streamer.calls.backend import Backend, open_backend, without_partials
from streamer.calls.session import SessionResult, run_session
from streamer.cli.batch import Batch
from streamer.cli.channel_choice import ChannelChoice, choose_channels
from streamer.cli.destinations import open_destination
from streamer.cli.file_progress import FileProgress, open_progress
from streamer.cli.input_files import list_inputs
from streamer.cli.models import choose_or_pull, need_language
from streamer.cli.shelf import FileNotes, Keeping, Shelf
from streamer.cli.signals import ENGINE_ENDS, run_to_end
from streamer.config import Settings
from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE, Leg
from streamer.core.events import EndReason, Final, Partial, Segment, Unclear
from streamer.core.transcript import Transcript
from streamer.errors import ExitCode, RecordingError, StreamerError
from streamer.media.decode import read_tracks
from streamer.recording.folder import CallFolder
from streamer.recording.reader import read_recorded
from streamer.recording.writer import Recording, create_recording
from streamer.sources.wavfile import FileCall, scaled_clock
from streamer.speech.engine.models import InstalledModel
from streamer.tap.tap import Stop, run_tap

_MOST_WAITING = 60 * SLIN16_RATE
"""Samples of a file that wait for the disk."""

_REST_S = 0.005


def run_transcribe(
    settings: Settings,
    arguments: list[Path],
    *,
    format_name: str | None,
    output_path: Path | None,
    force: bool,
    speed: float | None,
    keeping: Keeping | None,
    channels: ChannelChoice,
) -> int:
    """Print or write each file's transcript; return the exit code. `speed` is None for as fast as possible.

    Raises:
        UsageError: The only file cannot be read, the format is unknown, or there is no place for the text.
        NotFoundError: The only file, or the model, is not there.
    """
    inputs = list_inputs(arguments)
    if len(inputs) == 1 and isinstance(inputs[0], StreamerError):
        raise inputs[0]
    files = [each for each in inputs if isinstance(each, Path)]
    destination = open_destination(
        files, output_path, format_name, is_single=len(inputs) == 1, force=force
    )
    model = choose_or_pull(settings)
    if model is None:
        return ExitCode.NOT_FOUND
    need_language(settings, model)
    with ExitStack() as stack:
        if keeping is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="streamer-"))
            settings = replace(settings, recordings=folder, db="")
        bar = stack.enter_context(open_progress(len(inputs)))
        batch = Batch(inputs, destination, bar)
        work = _transcribe_all(
            settings, model, batch, bar, speed=speed, keeping=keeping, channels=channels
        )
        return run_to_end(work, ending=ENGINE_ENDS)


async def _transcribe_all(
    settings: Settings,
    model: InstalledModel,
    batch: Batch,
    bar: FileProgress,
    *,
    speed: float | None,
    keeping: Keeping | None,
    channels: ChannelChoice,
) -> int:
    bus, recordings = Bus(), Path(settings.recordings)
    shelf = await asyncio.to_thread(Shelf, recordings, keeping, batch.say) if keeping else None
    with bus.subscribe() as events:
        telling = asyncio.ensure_future(batch.tell(events))
        async with open_backend(settings, model, bus) as backend:
            chosen = without_partials(backend) if speed is None else backend

            async def work(file: Path) -> tuple[Transcript, str]:
                name_call = batch.name_call
                job = _Job(
                    file,
                    bus,
                    chosen,
                    recordings,
                    speed,
                    bar,
                    channels=channels,
                    name_call=name_call,
                )
                return await job.run(shelf)

            code = await batch.run(work)
        bus.close()
        await telling
    return code


class _Job:
    """One file on its way; `kept` is what its recording says of it, None for one that is not kept."""

    def __init__(
        self,
        file: Path,
        bus: Bus,
        backend: Backend,
        recordings: Path,
        speed: float | None,
        bar: FileProgress,
        *,
        channels: ChannelChoice,
        name_call: Callable[[str], None],
    ) -> None:
        self._file = file
        self._bus = bus
        self._backend = backend
        self._recordings = recordings
        self._speed = speed
        self._bar = bar
        self._channels = channels
        self._name_call = name_call
        self._segments: list[Segment] = []
        self._unclear: list[Unclear] = []

    async def run(self, shelf: Shelf | None) -> tuple[Transcript, str]:
        if shelf is None:
            transcript, trouble, folder = await self._transcribe(None)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            return transcript, trouble
        kept = await asyncio.to_thread(shelf.describe, self._file)
        if (known := shelf.find(kept)) is not None:
            return await self._follow(known, run_session(known, self._backend, self._bus))
        transcript, trouble, folder = await self._transcribe(kept)
        shelf.add(kept, folder)
        return transcript, trouble

    async def _transcribe(self, kept: FileNotes | None) -> tuple[Transcript, str, Path]:
        if self._speed is None:
            recording = await asyncio.to_thread(
                _record_at_once, self._file, self._recordings, kept, self._channels
            )
            self._measure(sum(leg.samples for leg in recording.legs))
            session = run_session(recording.folder, self._backend, self._bus)
        else:
            legs, tracks = await asyncio.to_thread(_decode, self._file, self._channels)
            self._measure(sum(map(len, tracks)) // SAMPLE_WIDTH)
            clock = scaled_clock(self._speed)
            recording = _create(self._recordings, legs, kept, clock=clock)
            session = self._play(recording, tracks, self._speed, clock)
        return *await self._follow(recording.folder, session), recording.folder

    async def _follow(
        self, folder: Path, session: Coroutine[Any, Any, SessionResult]
    ) -> tuple[Transcript, str]:
        self._name_call(folder.name)
        with self._bus.subscribe(capacity=100_000) as events:
            following = asyncio.ensure_future(self._collect(events))
            trouble = (await session).trouble
            events.close()
            await following
        call = read_recorded(folder).call
        transcript = Transcript(
            call.id,
            "file",
            call.started_at.astimezone(),
            call.legs,
            tuple(self._segments),
            unclear=tuple(self._unclear),
        )
        return transcript, trouble

    def _measure(self, samples: int) -> None:
        self._bar.measure(samples / SLIN16_RATE)

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

    async def _collect(self, events: Subscription) -> None:
        async for event in events:
            match event:
                case Final(_, segment):
                    self._segments.append(segment)
                    self._bar.show(segment.leg, segment.end_s)
                case Unclear():
                    self._unclear.append(event)
                case Partial(_, leg, _, _, end):
                    self._bar.show(leg, end / SLIN16_RATE)
                case _:
                    pass


def _decode(file: Path, channels: ChannelChoice) -> tuple[tuple[Leg, ...], list[bytes]]:
    """Return the legs of a file with all their audio; blocks."""
    legs, pieces = choose_channels(channels, lambda: read_tracks(file))
    return legs, [b"".join(parts) for parts in zip(*pieces, strict=True)]


def _record_at_once(
    file: Path, folder: Path, kept: FileNotes | None, channels: ChannelChoice
) -> Recording:
    """Turn a file into a finished recording, piece by piece, no faster than the disk takes it; blocks.

    Raises:
        UsageError: It cannot be read.
        RecordingError: The disk does not take it.
    """
    legs, pieces = choose_channels(channels, lambda: read_tracks(file))
    # Audio from a file is never late.
    recording = _create(folder, legs, kept, clock=lambda: 0.0)
    try:
        for piece in pieces:
            for leg, track in enumerate(piece):
                recording.append(leg, [track])
            while recording.waiting > _MOST_WAITING:
                time.sleep(_REST_S)
    except BaseException:
        recording.discard()  # half a file is no call
        raise
    if not recording.finish(EndReason.HANG_UP) or recording.lost:
        raise RecordingError(
            f"{file} could not be copied to {folder} as a whole; free some space on that disk"
        )
    return recording


def _create(
    folder: Path, legs: tuple[Leg, ...], kept: FileNotes | None, *, clock: Callable[[], float]
) -> Recording:
    if kept is None:
        return create_recording(folder, source="file", url="", legs=legs, clock=clock)
    origin = kept.origin
    return create_recording(
        folder,
        source="file",
        url="",
        legs=tuple(origin.name_leg(leg, is_single=len(legs) == 1) for leg in legs),
        facts=kept.facts,
        clock=clock,
        began_at=origin.began_at,
    )
