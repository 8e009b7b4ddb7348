"""`streamer transcribe`: files to text, through the very path that live calls take."""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from streamer.audio import SAMPLE_WIDTH, SLIN16_RATE, Leg
from streamer.bus import Bus, Subscription
from streamer.cli import output
from streamer.config import Settings
from streamer.decode import decode_tracks, read_tracks
from streamer.errors import ExitCode, NotFoundError, UsageError
from streamer.events import EndReason, Final, Partial, Segment, Trouble
from streamer.exporters import EXPORTERS
from streamer.pipeline import NO_MODEL, choose_model, open_speech, without_partials
from streamer.recording import Recording, create_recording, is_live
from streamer.session import SessionResult, Speech, run_session
from streamer.sources.wavfile import FileCall, scaled_clock
from streamer.tap import Stop, run_tap
from streamer.transcript import Transcript

_LABELS = ("left", "right")


def run_transcribe(
    settings: Settings, files: list[Path], *, format_name: str, is_live_path: bool, speed: float
) -> int:
    """Print each file's transcript; return the exit code.

    Raises:
        UsageError: A file cannot be read, or the format is unknown.
        NotFoundError: There is no model.
    """
    render = EXPORTERS.get(format_name)
    if render is None:
        raise UsageError(f"no format is called {format_name}; there are {', '.join(EXPORTERS)}")
    for file in files:
        if not file.is_file():
            raise NotFoundError(f"no such file: {file}")
    return asyncio.run(
        _transcribe_all(settings, files, render, is_live_path=is_live_path, speed=speed)
    )


async def _transcribe_all(
    settings: Settings,
    files: list[Path],
    render: Callable[[Transcript], str],
    *,
    is_live_path: bool,
    speed: float,
) -> int:
    model = choose_model(settings)
    if model is None:
        raise NotFoundError(f"{NO_MODEL}; the bundled one for tries is --model demo")
    bus, code = Bus(), ExitCode.DONE
    async with open_speech(settings, model, bus) as speech:
        assert speech is not None
        for file in files:
            job = _Job(file, bus, speed if is_live_path else None)
            transcript, trouble = await job.run(
                speech if is_live_path else without_partials(speech)
            )
            if trouble:
                output.talk(f"{file}: {trouble}")
                code = ExitCode.FAILED
            output.data(render(transcript).rstrip("\n"))
    return code


class _Job:
    """One file on its way; `speed` is None for as fast as possible."""

    def __init__(self, file: Path, bus: Bus, speed: float | None) -> None:
        self._file = file
        self._bus = bus
        self._speed = speed
        self._segments: list[Segment] = []

    async def run(self, speech: Speech | None) -> tuple[Transcript, str]:
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="streamer-")))
            events = stack.enter_context(self._bus.subscribe(capacity=100_000))
            if self._speed is None:
                recording = await asyncio.to_thread(_record_at_once, self._file, folder)
                total_s = sum(leg.samples for leg in recording.legs) / SLIN16_RATE
                session = run_session(recording.folder, speech, self._bus)
            else:
                tracks = await asyncio.to_thread(decode_tracks, self._file)
                total_s = sum(len(track) for track in tracks) / SAMPLE_WIDTH / SLIN16_RATE
                recording = _create(folder, len(tracks), clock=scaled_clock(self._speed))
                session = self._play(recording, tracks, speech, self._speed)
            following = asyncio.ensure_future(self._collect(events, total_s))
            trouble = (await session).trouble
            events.close()
            await following
        call = recording.call
        segments = tuple(self._segments)
        return Transcript(call.id, "file", call.started_at, call.legs, segments), trouble

    async def _play(
        self, recording: Recording, tracks: list[bytes], speech: Speech | None, speed: float
    ) -> SessionResult:
        clock = scaled_clock(speed)
        stream = FileCall(recording.call.legs, tracks, speed=speed, clock=clock)
        tap = asyncio.ensure_future(run_tap(stream, recording, Bus(), stop=Stop(), clock=clock))
        await asyncio.sleep(0)
        assert is_live(recording.folder)
        result = await run_session(recording.folder, speech, self._bus)
        await tap
        return result

    async def _collect(self, events: Subscription, total_s: float) -> None:
        async with _open_bar(self._file.name, total_s) as show:
            async for event in events:
                match event:
                    case Final(_, segment):
                        self._segments.append(segment)
                        show(segment.leg, segment.end_s)
                    case Partial(_, leg, _, _, end):
                        show(leg, end / SLIN16_RATE)
                    case Trouble(_, message):
                        output.talk(message)
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
    """Turn a file into a finished recording, piece by piece; blocks."""
    pieces = read_tracks(file)
    first = next(pieces)
    recording = _create(folder, len(first))
    for piece in itertools.chain([first], pieces):
        for leg, track in enumerate(piece):
            recording.append(leg, [track])
    recording.finish(EndReason.HANG_UP)
    return recording


def _create(folder: Path, legs: int, *, clock: Callable[[], float] = time.monotonic) -> Recording:
    return create_recording(folder, source="file", url="", legs=_name_legs(legs), clock=clock)


def _name_legs(count: int) -> tuple[Leg, ...]:
    if count == 1:
        return (Leg("speaker", "file"),)
    if count == len(_LABELS):
        return tuple(Leg(label, label) for label in _LABELS)
    return tuple(Leg(f"leg{n}", f"track {n}") for n in range(1, count + 1))
