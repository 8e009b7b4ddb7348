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
from streamer.calls.segment_writer import PATIENCE_S
from streamer.calls.session import SessionResult, run_session
from streamer.cli.batch import Batch
from streamer.cli.call_files import CallFiles, find_pairs
from streamer.cli.channel_choice import ChannelChoice
from streamer.cli.destinations import open_destination
from streamer.cli.file_progress import FileProgress, open_progress
from streamer.cli.input_files import list_inputs
from streamer.cli.models import choose_or_pull, need_language
from streamer.cli.shelf import FileNotes, Keeping, Shelf
from streamer.cli.signals import ENGINE_ENDS, run_to_end
from streamer.config import Settings
from streamer.core.alert import Alert
from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE, Leg
from streamer.core.events import EndReason, Final, Partial, Segment, Unclear
from streamer.core.transcript import Transcript
from streamer.errors import ExitCode, NotFoundError, RecordingError, StreamerError
from streamer.media.opened import check_file
from streamer.media.raw import RawFormat
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
    raw: RawFormat | None = None,
    pair: tuple[Path, Path] | None = None,
) -> int:
    """Print or write each file's transcript; return the exit code. `speed` is None for as fast as possible.

    `raw` is how files without a header are read; `pair` are the two directions of a call, instead of arguments.

    Raises:
        UsageError: The only file cannot be read, the format is unknown, or there is no place for the text.
        NotFoundError: The only file, or the model, is not there.
    """
    inputs, pairs = _choose_inputs(pair, arguments)
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

        def find_call(file: Path) -> CallFiles:
            return CallFiles((file, pairs[file]) if file in pairs else (file,), raw, channels)

        work = _transcribe_all(settings, model, batch, bar, find_call, speed=speed, keeping=keeping)
        return run_to_end(work, ending=ENGINE_ENDS)


def _choose_inputs(
    pair: tuple[Path, Path] | None, arguments: list[Path]
) -> tuple[list[Path | StreamerError], dict[Path, Path]]:
    """Return what is transcribed, and the file of the other direction of those that have one.

    Raises:
        StreamerError: Half of the pair is missing, or cannot be read.
    """
    if pair:
        for file in pair:
            check_file(file, missing=NotFoundError)
        return [pair[0]], {pair[0]: pair[1]}
    inputs = list_inputs(arguments)
    pairs = find_pairs([each for each in inputs if isinstance(each, Path)])
    seconds = set(pairs.values())
    return [each for each in inputs if each not in seconds], pairs


async def _transcribe_all(
    settings: Settings,
    model: InstalledModel,
    batch: Batch,
    bar: FileProgress,
    find_call: Callable[[Path], CallFiles],
    *,
    speed: float | None,
    keeping: Keeping | None,
) -> int:
    bus, recordings = Bus(), Path(settings.recordings)
    shelf = Shelf(recordings, keeping, batch.say) if keeping else None
    with bus.subscribe() as events:
        telling = asyncio.ensure_future(batch.tell(events))
        async with open_backend(settings, model, bus, patience_s=PATIENCE_S) as backend:
            backend.name = "transcribe"
            chosen = without_partials(backend) if speed is None else backend

            async def work(file: Path) -> tuple[Transcript, str]:
                files, name_call = find_call(file), batch.name_call
                job = _Job(files, bus, chosen, recordings, speed, bar, name_call=name_call)
                transcript, trouble = await job.run(shelf)
                for remark in job.list_remarks():
                    batch.say(remark)
                return transcript, trouble

            code = await batch.run(work)
        bus.close()
        await telling
    return code


class _Job:
    """One file on its way; `kept` is what its recording says of it, None for one that is not kept."""

    def __init__(
        self,
        files: CallFiles,
        bus: Bus,
        backend: Backend,
        recordings: Path,
        speed: float | None,
        bar: FileProgress,
        *,
        name_call: Callable[[str], None],
    ) -> None:
        self._files = files
        self._is_read = False
        self._bus = bus
        self._backend = backend
        self._recordings = recordings
        self._speed = speed
        self._bar = bar
        self._name_call = name_call
        self._segments: list[Segment] = []
        self._unclear: list[Unclear] = []
        self._alerts: list[Alert] = []

    async def run(self, shelf: Shelf | None) -> tuple[Transcript, str]:
        if shelf is None:
            transcript, trouble, folder = await self._transcribe(None)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            return transcript, trouble
        kept = await asyncio.to_thread(shelf.describe, *self._files.paths)
        turn = await shelf.wait_for_turn(kept)
        try:
            if (known := await asyncio.to_thread(shelf.find, kept)) is not None:
                return await self._follow(known, run_session(known, self._backend, self._bus))
            transcript, trouble, _ = await self._transcribe(kept)
            return transcript, trouble
        finally:
            turn.release()

    async def _transcribe(self, kept: FileNotes | None) -> tuple[Transcript, str, Path]:
        if self._speed is None:
            recording = await asyncio.to_thread(
                _record_at_once, self._files, self._recordings, kept
            )
            self._measure(sum(leg.samples for leg in recording.legs))
            session = run_session(recording.folder, self._backend, self._bus)
        else:
            legs, tracks = await asyncio.to_thread(self._files.read_whole)
            self._measure(sum(map(len, tracks)) // SAMPLE_WIDTH)
            clock = scaled_clock(self._speed)
            recording = _create(self._recordings, legs, kept, clock=clock)
            session = self._play(recording, tracks, self._speed, clock)
        transcript, trouble = await self._follow(recording.folder, session)
        self._is_read = True
        trouble = "; ".join(each for each in (self._files.damage, trouble) if each)
        return transcript, trouble, recording.folder

    def list_remarks(self) -> list[str]:
        """Say what is no failure: how a file was taken, and that no word was understood."""
        if not self._is_read:
            return []
        doubt = self._files.say_not_understood(len(self._segments))
        return self._files.taken + ([doubt] if doubt else [])

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
            alerts=tuple(self._alerts),
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
                case Alert() if not event.is_tentative:
                    self._alerts.append(event)
                case Partial(_, leg, _, _, end):
                    self._bar.show(leg, end / SLIN16_RATE)
                case _:
                    pass


def _record_at_once(files: CallFiles, folder: Path, kept: FileNotes | None) -> Recording:
    """Turn a file into a finished recording, piece by piece, no faster than the disk takes it; blocks.

    Raises:
        UsageError: It cannot be read.
        RecordingError: The disk does not take it.
    """
    legs, pieces = files.open()
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
        recording.discard()
        raise RecordingError(
            f"{files.paths[0]} could not be copied to {folder} as a whole; free some space on that disk"
        )
    return recording


def _create(
    folder: Path, legs: tuple[Leg, ...], kept: FileNotes | None, *, clock: Callable[[], float]
) -> Recording:
    if kept is None:
        return create_recording(folder, source="file", url="", legs=legs, clock=clock)
    origin, is_single = kept.origin, len(legs) == 1
    return create_recording(
        folder,
        source="file",
        url="",
        legs=tuple(origin.name_leg(leg, is_single=is_single) for leg in legs),
        facts=kept.facts,
        clock=clock,
        began_at=origin.began_at,
    )
