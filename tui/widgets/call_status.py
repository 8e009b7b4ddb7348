"""What is read of a call for the head of its screen while it goes on: its locks, how loud each leg is, and how long it is."""

from __future__ import annotations

from collections.abc import Iterable

from streamer.recording.levels import Level, LevelMeter
from tui.layout.formatting import show_name
from tui.state.call import CallBoard
from tui.state.open_calls import is_recorded, read_zero
from tui.state.phase import Speech, find_phase, remark
from tui.widgets.head import Heading, LegLine, count_bars

_LOOK_TICKS = 3
"""Looks between two at the locks of a call, which say whether it goes on."""


class Gauge:
    """Looks at one call's recording whenever it is told to."""

    def __init__(self, board: CallBoard) -> None:
        self._board = board
        self._levels: dict[str, tuple[LevelMeter, Level]] = {}
        self._is_recorded = False
        self._ticks = 0

    def look(self) -> None:
        """Read what has changed."""
        board = self._board
        if self._ticks % _LOOK_TICKS == 0:
            self._is_recorded = is_recorded(board)
            if board.zero_at is None:
                board.zero_at = read_zero(board)
        self._ticks += 1
        if not board.is_over:
            for leg, path in zip(board.legs, board.recordings, strict=False):
                meter, _ = self._levels.get(leg.label) or (LevelMeter(path, rate=leg.rate), None)
                self._levels[leg.label] = meter, meter.read()

    def write_heading(self, speech: Speech, notes: Iterable[str], *, has_failed: bool) -> Heading:
        """Return the first line; `has_failed` if the call will never begin."""
        board = self._board
        duration_s = max((level.duration_s for _, level in self._levels.values()), default=0.0)
        phase = find_phase(
            board,
            is_recorded=self._is_recorded,
            has_audio=duration_s > 0,
            has_failed=has_failed,
        )
        if board.end is not None:
            duration_s = board.end.duration
        return Heading(
            phase,
            remark(board, phase, speech),
            show_name(board.call_id) if board.call_id else "",
            float(int(duration_s)),
            show_name(speech.model) if speech.model else "no model",
            tuple(notes),
        )

    def write_lines(self) -> tuple[LegLine, ...]:
        """Return a line a leg."""
        return tuple(self._write_line(leg.label, leg.channel) for leg in self._board.legs)

    def _write_line(self, label: str, channel: str) -> LegLine:
        board = self._board
        ended = board.ended_legs.get(label)
        level = self._levels[label][1].peak if label in self._levels and not board.is_over else 0.0
        return LegLine(
            show_name(board.name(label), 14),
            show_name(channel, 80),
            count_bars(level),
            board.is_speaking(label),
            ended.reason.value if ended else "",
        )
