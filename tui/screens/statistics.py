"""Figures of one call: what was received, filled in or lost, how late the words are, and how busy the machine is."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from statistics import quantiles
from typing import Any

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from streamer.core.events import SPEECH_RATE
from streamer.core.transcript import format_position
from streamer.errors import RecordingError
from streamer.recording.folder import CallFolder
from streamer.recording.quality import LegQuality, measure_quality
from tui.layout.formatting import show_name
from tui.layout.hint import draw_hint
from tui.navigation import Navigator
from tui.screens.dialogs import QUIT
from tui.state.call import ShownCall
from tui.widgets.steady import SteadyText

SHOWN_DIGITS = 40
_REFRESH_S = 1.0
_MEASURE_S = 5.0


class Statistics(ModalScreen[None]):
    """Figures that refresh themselves."""

    app: Navigator

    BINDINGS = [
        Binding("escape,i", "leave", "Close", id="leave", tooltip="Close"),
        QUIT,
    ]

    def __init__(self, shown: ShownCall) -> None:
        super().__init__()
        self._shown = shown
        self._busy = (time.monotonic(), 0.0, time.process_time())
        self._qualities: dict[str, LegQuality] = {}

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog"):
            yield SteadyText(id="figures")
            yield Static(draw_hint("Esc Close"), classes="hint")

    def on_mount(self) -> None:
        speech = self._scheduler()
        self._busy = (time.monotonic(), speech.busy_s if speech else 0.0, time.process_time())
        self._refresh()
        self.set_interval(_REFRESH_S, self._refresh)
        self._measure()
        if not self._shown.is_over:
            self.set_interval(_MEASURE_S, self._measure)

    def action_leave(self) -> None:
        self.dismiss()

    @work(exclusive=True, group="quality")
    async def _measure(self) -> None:
        if self._shown.folder is not None:
            self._qualities = await asyncio.to_thread(measure_quality, self._shown.folder)
            self._refresh()

    def _refresh(self) -> None:
        if not self.display:  # it is being closed
            return
        self.query_one("#figures", SteadyText).update(Content("\n".join(self._lines())))

    def _lines(self) -> Iterator[str]:
        legs = self._read_legs()
        received = legs if any(leg.get("frames") for leg in legs) or not self._shown.is_over else []
        if received:
            yield f"{'':<14}{'frames':>9}{'gap':>8}{'silence':>9}{'lost':>8}"
        for leg in received:  # a file has come in none
            rate = int(leg.get("rate") or SPEECH_RATE)
            yield (
                f"{self._show_leg(leg):<14}{leg.get('frames', 0):>9}{leg.get('longest_gap', 0):>6.2f} s"
                f"{leg.get('silence', 0) / rate:>7.1f} s{leg.get('lost', 0) / rate:>6.1f} s"
            )
        for leg in legs:
            yield from self._exchanged(leg)
        for label, quality in self._qualities.items():
            yield f"{show_name(self._shown.name(label), 13):<14}      {say_quality(quality)}"
        yield ""
        yield from self._text()
        yield from self._load()

    def _read_legs(self) -> list[dict[str, Any]]:
        """Return what `call.json` says of the legs, nothing if it cannot be read."""
        if self._shown.folder is not None:
            with suppress(RecordingError):
                return list(CallFolder(self._shown.folder).read()["legs"])
        return []

    def _show_leg(self, leg: dict[str, Any]) -> str:
        return show_name(self._shown.name(str(leg.get("leg", ""))), 13)

    def _exchanged(self, leg: dict[str, Any]) -> Iterator[str]:
        """Say what was sent to a party, and which keys it has pressed."""
        if sent := leg.get("sent"):
            frames, dropped = sent["frames"], sent["dropped"]
            yield f"Sent to {self._show_leg(leg)}: {frames:,} frames, {dropped:,} dropped"
        if digits := "".join(str(key["digit"] or "?") for key in leg.get("digits", [])):
            yield f"DTMF digits: {show_name(digits, SHOWN_DIGITS)}"

    def _text(self) -> Iterator[str]:
        yield f"Final lines: {self._shown.finals:,} ({self._shown.partials:,} interim)"
        late = lateness(self._shown)
        if len(late) > 1:
            marks = quantiles(late, n=100, method="inclusive")
            yield f"Text delay: median {marks[49]:.1f} s, p95 {marks[94]:.1f} s"
        yield f"Text behind the audio: {self._shown.lag_s:.0f} s"

    def _load(self) -> Iterator[str]:
        scheduler = self._scheduler()
        began, busy_before, cpu_before = self._busy
        elapsed = time.monotonic() - began
        if scheduler is not None and elapsed >= _REFRESH_S:
            share = (scheduler.busy_s - busy_before) / elapsed / scheduler.slots
            yield f"Speech engine: {share:.0%} busy, {scheduler.waiting_finals} waiting"
        if elapsed >= _REFRESH_S:
            yield f"This screen: {(time.process_time() - cpu_before) / elapsed:.0%} of a core"
        yield f"System load {os.getloadavg()[0]:.1f} ({os.cpu_count()} cores)"

    def _scheduler(self) -> Any:
        backend = self.app.open_calls.backend
        return backend.speech.scheduler if backend and backend.speech else None


def say_quality(quality: LegQuality) -> str:
    """Return how well a leg was recorded, in one line."""
    facts = ["no sound" if quality.has_sound is False else ""]
    facts += [f"{quality.level_db:.0f} dB" if quality.level_db is not None else ""]
    facts += [f"{quality.clipped:.1%} clipped" if quality.clipped else ""]
    facts += [f"jitter {quality.jitter_s * 1000:.0f} ms" if quality.jitter_s is not None else ""]
    facts += [f"on hold {format_position(quality.hold_s)}" if quality.hold_s else ""]
    return ", ".join(fact for fact in facts if fact)


def lateness(shown: ShownCall) -> list[float]:
    """Return how long after its end the final of each utterance that was shown live came, in seconds."""
    zero = shown.zero_at
    if zero is None:
        return []
    return [now - zero.timestamp() - end / SPEECH_RATE for end, now in shown.said_live]
