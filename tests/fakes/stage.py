"""A screen without a terminal on a call that the test plays: real store, real folder and lock, events when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.cells import cell_len
from textual.events import MouseDown, MouseEvent, MouseMove, MouseUp
from textual.pilot import Pilot

from streamer.bus import Bus
from streamer.calls.backend import Backend
from streamer.calls.outcome import WatchOutcome
from streamer.cli.frontend import ScreenRequest
from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.core.events import (
    SPEECH_RATE,
    Call,
    CallEnded,
    CallStarted,
    EndReason,
    Event,
    Final,
    LegAttached,
    Partial,
    Segment,
    Word,
)
from streamer.recording.private_files import make_private_folder
from streamer.recording.writer import Recording, create_recording
from streamer.store import Store
from streamer.store.sqlite.store import open_store
from tests.fakes.replay import until
from tui.app import ScreenApp
from tui.screens.call import CallScreen
from tui.screens.calls import CallsScreen
from tui.widgets import call_status as status
from tui.widgets.transcript import Transcript

LEGS = (Leg("caller", "PJSIP/100-0000001a"), Leg("agent", "PJSIP/200-0000001b"))
NOW = datetime(2026, 11, 20, 15, 4, 5, tzinfo=UTC)
SECOND = b"\x00\x10\x00\xf0" * (SPEECH_RATE // 2)

TALK = (
    ("agent", 0.0, "Thank you for calling, how can I help you?"),
    ("caller", 4.5, "Hi, my internet connection keeps dropping."),
    ("agent", 8.0, "I am really sorry to hear that."),
    ("agent", 11.0, "Can I have your account number please?"),
    ("caller", 14.0, "Sure, it is four seven two nine one six."),
)


def words(text: str, start_s: float = 0.0, *, probability: float = 0.9) -> tuple[Word, ...]:
    """Return words of 0.3 s each; one in brackets is doubtful."""
    return tuple(
        Word(
            text[1:-1] if _is_doubtful(text) else text,
            round((start_s + 0.3 * n) * SPEECH_RATE),
            round((start_s + 0.3 * n + 0.3) * SPEECH_RATE),
            0.2 if _is_doubtful(text) else probability,
        )
        for n, text in enumerate(text.split(" "))
    )


def _is_doubtful(text: str) -> bool:
    return text.startswith("[") and text.endswith("]")


def segment(leg: str, number: int, start_s: float, text: str) -> Segment:
    said = words(text, start_s)
    return Segment(leg, number, said[0].start, said[-1].end, said)


@dataclass
class Stage:
    """The screen with what the test can do to it."""

    app: ScreenApp
    pilot: Pilot[None]
    recordings: Path
    bus: Bus
    store: Store | None
    outcome: WatchOutcome
    call_id: str = "20261120-150203-x4qd"
    recording: Recording | None = None
    numbers: dict[str, int] = field(default_factory=dict)

    async def publish(self, *events: Event) -> None:
        """Publish and wait until everything is drawn."""
        for event in events:
            self.bus.publish(event)
        await self.pilot.pause()
        await self.pilot.pause()

    async def begin(self, *, legs: Sequence[Leg] = LEGS) -> Recording:
        """Let the call begin, recorded by a tap that lives."""
        self.recording = create_recording(
            self.recordings, source="stream-channel", url="ws://pbx/ws", legs=tuple(legs)
        )
        self.outcome.folder = self.recording.folder
        self.call_id = self.recording.call.id
        started = CallStarted(self.recording.call, self.recording.folder, self.recording.paths)
        await self.publish(started, *self._attached(legs))
        return self.recording

    def _attached(self, legs: Sequence[Leg]) -> list[LegAttached]:
        assert self.recording is not None
        paths = self.recording.paths
        return [LegAttached(self.call_id, *leg) for leg in zip(legs, paths, strict=True)]

    async def pretend(self, *, legs: Sequence[Leg] = LEGS, folder: Path | None = None) -> None:
        """Let a call begin that has no recording."""
        call = Call(self.call_id, "stream-channel", tuple(legs), NOW - timedelta(minutes=2))
        folder = folder or self.recordings / self.call_id
        paths = tuple(folder / f"{leg.label}.wav" for leg in legs)
        await self.publish(CallStarted(call, folder, paths))

    async def say(self, leg: str, start_s: float, text: str) -> Segment:
        """Let an utterance become final."""
        spoken = self._speak(leg, start_s, text)
        await self.publish(Final(self.call_id, spoken))
        return spoken

    def _speak(self, leg: str, start_s: float, text: str) -> Segment:
        self.numbers[leg] = number = self.numbers.get(leg, 0) + 1
        return segment(leg, number, start_s, text)

    async def fill(self, count: int, text: str = "line {}", *, start_s: float = 0.0) -> None:
        """Let the agent say many lines, a second each."""
        first = self.numbers.get("agent", 0) + 1
        self.numbers["agent"] = first + count - 1
        lines = [segment("agent", first + n, start_s + n, text.format(n)) for n in range(count)]
        await self.publish(*(Final(self.call_id, line) for line in lines))

    async def mumble(self, leg: str, start_s: float, committed: str, tentative: str) -> None:
        """Let an utterance be said that is not final yet."""
        number = self.numbers.get(leg, 0) + 1
        settled = words(committed, start_s) if committed else ()
        later = words(tentative, start_s + len(settled) * 0.3) if tentative else ()
        last = (settled + later)[-1]
        start = round(start_s * SPEECH_RATE)
        await self.publish(Partial(self.call_id, leg, number, start, last.end, settled, later))

    async def talk(self) -> None:
        """Let a short conversation be said, drawn once."""
        await self.publish(*(Final(self.call_id, self._speak(*line)) for line in TALK))

    async def end(self, reason: EndReason = EndReason.HANG_UP, duration_s: float = 17.0) -> None:
        """Let the call end."""
        if self.recording is not None:
            self.recording.finish(reason)
            self.recording = None
        await self.publish(CallEnded(self.call_id, reason, duration_s))

    @property
    def call_screen(self) -> CallScreen:
        screen = self.app.screen
        assert isinstance(screen, CallScreen)
        return screen

    async def look(self) -> None:
        """Draw what an open call's screen reads now and then, not by and by."""
        for screen in self.app.screen_stack:
            if isinstance(screen, CallScreen):
                for _ in range(status._LOOK_TICKS):
                    screen._look()
        await self.pilot.pause()

    @property
    def calls_screen(self) -> CallsScreen:
        screen = self.app.screen
        assert isinstance(screen, CallsScreen)
        return screen

    @property
    def transcript(self) -> Transcript:
        return self.call_screen.transcript

    def rows(self) -> list[str]:
        """Return what is on the terminal, row by row."""
        width, height = self.app.size
        strips = self.app.screen._compositor.render_strips()
        return [strip.text[:width] for strip in strips[:height]]

    def text(self) -> str:
        return "\n".join(self.rows())

    async def wheel(self, kind: type[MouseEvent], *, times: int = 1) -> None:
        """Turn the wheel over the middle of the terminal."""
        for _ in range(times):
            await self.pilot._post_mouse_events([kind], offset=(30, 10))
        await self.pilot.pause()

    def find(self, text: str) -> tuple[int, int]:
        """Return the first cell of a text on the terminal."""
        rows = enumerate(self.rows())
        return next((cell_len(row[: row.index(text)]), y) for y, row in rows if text in row)

    async def mouse(self, kind: type[MouseEvent], x: int, y: int, *, rows: int = 0) -> None:
        """Do what a terminal says of the mouse, moved by some rows; a button let go where it was pressed is a click."""
        self.app.post_message(kind(None, x, y, 0, rows, 1, False, False, False, x, y))
        await self.pilot.pause()

    async def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drag from one cell to another."""
        await self.mouse(MouseDown, *start)
        await self.mouse(MouseMove, *end)
        await self.mouse(MouseUp, *end)

    async def select(self, first: str, last: str) -> None:
        """Drag from the first cell of a text to the last one of another."""
        x, y = self.find(last)
        await self.drag(self.find(first), (x + len(last) - 1, y))

    async def click(self, text: str) -> None:
        """Click where a text stands."""
        at = self.find(text)
        await self.mouse(MouseDown, *at)
        await self.mouse(MouseUp, *at)

    async def sees(self, text: str) -> None:
        """Wait until a text is on the terminal."""
        for _ in range(3000):
            if text in self.text():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"{text!r} is not on the screen:\n{self.text()}")


@dataclass
class Backstage:
    """A screen that has not been opened, and what its backend will be."""

    app: ScreenApp
    recordings: Path
    outcome: WatchOutcome
    opened: list[tuple[Backend, Bus]]

    async def enter(self, pilot: Pilot[None]) -> Stage:
        """Wait until the backend is open."""
        await until(lambda: self.opened and self.app.open_calls.backend is not None)
        backend, bus = self.opened[0]
        await pilot.pause()
        return Stage(self.app, pilot, self.recordings, bus, backend.store, self.outcome)


def build_stage(
    recordings: Path,
    *,
    shows_calls: bool = False,
    has_store: bool = True,
    settings: Settings | None = None,
    **request_fields,
) -> Backstage:
    """Build the screen of a call that has not begun, or with `shows_calls` the list of calls."""
    make_private_folder(recordings)
    opened: list[tuple[Backend, Bus]] = []
    outcome = WatchOutcome()

    @asynccontextmanager
    async def open_backend(bus: Bus) -> AsyncIterator[Backend]:
        async with AsyncExitStack() as stack:
            opening: asyncio.Future[Store | None] = asyncio.get_running_loop().create_future()
            path = recordings / "streamer.sqlite3"
            opening.set_result(
                await stack.enter_async_context(open_store(path)) if has_store else None
            )
            backend = Backend(opening, None)
            opened.append((backend, bus))
            yield backend

    async def watch(backend: Backend, bus: Bus, outcome: WatchOutcome) -> None:
        pass

    request = ScreenRequest(
        settings or Settings(recordings=str(recordings)),
        open_backend,
        None if shows_calls else watch,
        () if shows_calls else LEGS,
        **{"model": "small", "outcome": outcome, **request_fields},
    )
    return Backstage(ScreenApp(request, clock=lambda: NOW), recordings, outcome, opened)


@asynccontextmanager
async def open_stage(
    recordings: Path, *, size: tuple[int, int] = (80, 24), **options
) -> AsyncIterator[Stage]:
    """Open a screen, see `build_stage`, while the block lasts."""
    backstage = build_stage(recordings, **options)
    try:
        async with backstage.app.run_test(size=size, notifications=True) as pilot:
            stage = await backstage.enter(pilot)
            yield stage
            if stage.recording is not None:
                stage.recording.finish(EndReason.STOPPED)
    finally:
        await backstage.app.open_calls.aclose()


PAST = "20261119-101500-aaaa"


async def keep_past_call(
    stage: Stage,
    call_id: str = PAST,
    *,
    talk: Sequence[tuple[str, float, str]] = TALK,
    age: timedelta = timedelta(days=1),
) -> None:
    """Put a call that is over into the store."""
    assert stage.store
    call = Call(call_id, "stream-channel", LEGS, NOW - age)
    folder = stage.recordings / call_id
    make_private_folder(folder)
    await stage.store.keep_call(call, folder, [folder / f"{leg.label}.wav" for leg in LEGS])
    numbers = dict.fromkeys(("caller", "agent"), 0)
    for leg, start_s, text in talk:
        numbers[leg] += 1
        said = segment(leg, numbers[leg], start_s, text)
        await stage.store.keep_segment(
            call_id, leg, said, position=said.end, utterance=numbers[leg]
        )
    for party in LEGS:
        await stage.store.complete_leg(call_id, party.label)
    await stage.store.end_call(
        call_id, EndReason.HANG_UP, duration=17 * SPEECH_RATE, ended_at=call.started_at
    )
