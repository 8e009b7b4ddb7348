"""The status of a live call for the head of its screen, read from its folder: its locks, the level of each leg, its length."""

from __future__ import annotations

import os
from collections.abc import Iterable

from streamer.core.audio import say_incomplete
from streamer.recording.folder import CallFolder
from streamer.recording.levels import Level, LevelMeter
from streamer.recording.losses import read_losses
from tui.layout.formatting import show_name
from tui.state.call import ShownCall
from tui.state.open_calls import is_recorded, read_zero
from tui.state.phase import Speech, explain_phase, find_phase
from tui.widgets.head import Heading, LegLine, count_bars

_PATIENCE = 3
"""Looks at the locks; a call that has just begun is not taken up at once."""

_LOOK_TICKS = 3
"""The locks of a call, which say whether it is being recorded, are looked at each so many looks."""


class CallStatus:
    """Reads one call's recording each time `look` is called."""

    def __init__(self, shown: ShownCall) -> None:
        self._shown = shown
        self._levels: dict[str, tuple[LevelMeter, Level]] = {}
        self._is_recorded = False
        self._remark = ""
        self._transcriber = ("", 0)
        self._lacks_text = 0
        self._ticks = 0

    def look(self) -> None:
        """Read what has changed."""
        shown = self._shown
        if self._ticks % _LOOK_TICKS == 0:
            self._is_recorded = is_recorded(shown)
            if shown.folder is not None:
                self._remark = say_incomplete(read_losses(shown.folder).values())
                self._look_for_transcriber(CallFolder(shown.folder))
            if shown.zero_at is None:
                shown.zero_at = read_zero(shown)
        self._ticks += 1
        if not shown.is_over:
            for leg, path in zip(shown.legs, shown.recordings, strict=False):
                meter, _ = self._levels.get(leg.label) or (LevelMeter(path, rate=leg.rate), None)
                self._levels[leg.label] = meter, meter.read()

    @property
    def lacks_text(self) -> bool:
        """Say whether no process has made text of the call for a while, although its audio comes."""
        return self._lacks_text > _PATIENCE

    def _look_for_transcriber(self, folder: CallFolder) -> None:
        self._transcriber = folder.transcriber()
        is_lacking = self._is_recorded and self._has_audio and not folder.is_transcribed()
        self._lacks_text = self._lacks_text + 1 if is_lacking else 0

    @property
    def _has_audio(self) -> bool:
        return any(level.duration_s > 0 for _, level in self._levels.values())

    def write_heading(self, speech: Speech, notes: Iterable[str], *, has_failed: bool) -> Heading:
        """Return the first line; `has_failed` if the call will never begin."""
        shown = self._shown
        duration_s = max((level.duration_s for _, level in self._levels.values()), default=0.0)
        phase = find_phase(
            shown,
            is_recorded=self._is_recorded,
            has_audio=duration_s > 0,
            has_failed=has_failed,
        )
        if shown.end is not None:
            duration_s = shown.end.duration
        return Heading(
            phase,
            explain_phase(shown, phase, speech),
            show_name(shown.call_id) if shown.call_id else "",
            float(int(duration_s)),
            self._name_speech(speech),
            tuple(note for note in (self._remark, *notes) if note),
        )

    def _name_speech(self, speech: Speech) -> str:
        """Say which process makes the text, if it is another one; else which model."""
        command, pid = self._transcriber
        if command and pid != os.getpid() and not speech.is_remote:
            return f"text by {show_name(command)}"
        if speech.model:
            return show_name(speech.model)
        return "" if self._shown.is_over else "no model"

    def write_lines(self) -> tuple[LegLine, ...]:
        """Return one line per leg."""
        return tuple(self._write_line(leg.label, leg.channel) for leg in self._shown.legs)

    def _write_line(self, label: str, channel: str) -> LegLine:
        shown = self._shown
        ended = shown.ended_legs.get(label)
        level = self._levels[label][1].peak if label in self._levels and not shown.is_over else 0.0
        return LegLine(
            show_name(shown.name(label), 14),
            show_name(channel, 80),
            count_bars(level),
            shown.is_speaking(label),
            ended.reason.value if ended else "",
            show_name(shown.languages.get(label, ""), 3),
        )
