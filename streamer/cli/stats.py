"""`streamer stats`: the numbers of one call, or of many by agent, queue or day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamer.calls.catalog import Entry, find_entry, list_entries
from streamer.calls.numbers import CallNumbers, LegNumbers, measure_call
from streamer.cli import output
from streamer.config import Settings
from streamer.core.folders import say_no_calls, show_folder
from streamer.core.moments import show_local
from streamer.core.transcript import format_position
from streamer.core.untrusted import one_line, printable
from streamer.errors import ExitCode, UsageError
from streamer.exporters.csv import write_rows
from streamer.recording.quality import LegQuality, is_one_way, measure_quality, sum_holds
from streamer.store import Filter, Reader, open_reader

if TYPE_CHECKING:
    from rich.table import Table

_MOST_CALLS = 100_000
_ABSENT = "-"

Value = str | float | None


class By(StrEnum):
    """What calls are put together by."""

    AGENT = "agent"
    QUEUE = "queue"
    DAY = "day"


def choose_by(text: str | None) -> By | None:
    """Read what calls are put together by.

    Raises:
        UsageError: It is none of these.
    """
    if text is not None and text not in list(By):
        raise UsageError(f"--by must be one of {', '.join(By)}, not {text!r}")
    return None if text is None else By(text)


@dataclass(frozen=True, slots=True)
class Measured:
    """A call with its numbers, and how many rules have fired on it."""

    entry: Entry
    numbers: CallNumbers
    alerts: int
    qualities: Mapping[str, LegQuality] = field(default_factory=dict)
    """Of a single call: how well each leg was recorded, by label."""

    @property
    def hold_s(self) -> float | None:
        """Return for how long a party was on hold, None if that is not known any more."""
        holds = [
            sum_holds(
                ((hold.held, hold.start_s) for hold in self.entry.holds if hold.leg == label),
                self.numbers.duration_s or 0.0,
            )
            for label in self.entry.losses
        ]
        return sum(holds) if holds else None

    @property
    def missing_s(self) -> float | None:
        """Return what the recordings lack, in seconds; None if they are gone."""
        losses = self.entry.losses.values()
        return sum(loss.missing_s + loss.lost_s for loss in losses) if losses else None

    @property
    def one_way(self) -> bool | None:
        """Say whether some legs brought sound and others none; None if that is not known."""
        return is_one_way(list(self.qualities.values()))


Rows = list[dict[str, Value]]


def run_stats_of_call(settings: Settings, name: str, *, as_json: bool, as_csv: bool) -> int:
    """Print the numbers of one call.

    Raises:
        StreamerError: There is no such call, or the database cannot be read.
    """
    measured = asyncio.run(_read_one(settings, name))
    if as_json:
        output.json_line(_encode_call(measured))
        return ExitCode.DONE
    if not as_csv:
        output.talk(_describe(measured))
    rows, qualities = _list_rows(measured)
    if as_csv:
        return _print([row | more for row, more in zip(rows, qualities, strict=True)], as_csv=True)
    _print(rows, as_csv=False)
    heads = ({"leg": row["leg"]} for row in rows)
    return _print([head | more for head, more in zip(heads, qualities, strict=True)], as_csv=False)


def run_stats(
    settings: Settings, filter: Filter, *, by: By | None, as_json: bool, as_csv: bool
) -> int:
    """Print the numbers of many calls, a row for all or for each agent, queue or day; no calls are no error.

    Raises:
        StreamerError: The database cannot be read.
    """
    groups = asyncio.run(_read_groups(settings, filter, by))
    rows = [group.row(name, by) for name, group in sorted(groups.items())]
    if as_json:
        for row in rows:
            output.json_line({key: _round(value) for key, value in row.items()})
        return ExitCode.DONE
    if not rows:
        _say_none(settings, is_filtered=filter != Filter())
    return _print(rows, as_csv=as_csv)


def _say_none(settings: Settings, *, is_filtered: bool) -> None:
    folder = settings.recordings
    none_match = f"No call in {show_folder(folder)} matches"
    output.talk(none_match if is_filtered else say_no_calls(folder))


async def _read_one(settings: Settings, name: str) -> Measured:
    async with open_reader(settings) as reader:
        entry = await find_entry(reader, Path(settings.recordings), name)
        measured = await _measure(reader, entry)
    return replace(measured, qualities=await asyncio.to_thread(measure_quality, entry.call.folder))


async def _read_groups(settings: Settings, filter: Filter, by: By | None) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    async with open_reader(settings) as reader:
        entries = await list_entries(reader, Path(settings.recordings), filter, limit=_MOST_CALLS)
        for entry in entries:
            group = groups.setdefault(_find_group(entry, by), Group())
            group.add(await _measure(reader, entry))
    return groups


async def _measure(reader: Reader, entry: Entry) -> Measured:
    call = entry.call
    segments = await reader.read_segments(call.id)
    legs = [row.leg.label for row in call.legs]
    numbers = measure_call(segments, legs, duration_s=call.duration_s)
    return Measured(entry, numbers, len(await reader.read_alerts([call.id])))


def _find_group(entry: Entry, by: By | None) -> str:
    match by:
        case None:
            return ""
        case By.DAY:
            return show_local(entry.call.started_at, "%Y-%m-%d")
        case By.AGENT | By.QUEUE:
            return one_line(entry.facts.get(by.value, "")) or _ABSENT


class Group:
    """Calls that are put together."""

    def __init__(self) -> None:
        self._calls: list[Measured] = []

    def add(self, measured: Measured) -> None:
        """Put a call in."""
        self._calls.append(measured)

    def row(self, name: str, by: By | None) -> dict[str, Value]:
        """Return sums over the calls, and means over those that have something to measure."""
        legs = [leg for each in self._calls for leg in each.numbers.legs]
        talk_s = sum(leg.talk_s for leg in legs)
        head: dict[str, Value] = {} if by is None else {by.value: name}
        return {
            **head,
            "calls": len(self._calls),
            "duration": _add(self._list(lambda numbers: numbers.duration_s)),
            "talk": _add(self._list(lambda numbers: numbers.talk_s)),
            "silence": _add(self._list(lambda numbers: numbers.silence_s)),
            "hold": _add([each.hold_s for each in self._calls]),
            "overlap": _add(self._list(lambda numbers: numbers.overlap_s)),
            "interruptions": sum(leg.interruptions for leg in legs),
            "longest": max((leg.longest_s for leg in legs), default=None),
            "words_a_minute": sum(leg.words for leg in legs) * 60 / talk_s if talk_s else None,
            "response": _mean([leg.response_s for leg in legs]),
            "alerts": sum(each.alerts for each in self._calls),
            "missing": _add([each.missing_s for each in self._calls]),
        }

    def _list(self, find: Callable[[CallNumbers], float | None]) -> list[float | None]:
        return [find(each.numbers) for each in self._calls]


def _add(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _row_of_leg(leg: LegNumbers) -> dict[str, Value]:
    return {
        "leg": leg.leg,
        "talk": leg.talk_s,
        "share": leg.share,
        "longest": leg.longest_s,
        "words": leg.words,
        "words_a_minute": leg.words_a_minute,
        "interruptions": leg.interruptions,
        "response": leg.response_s,
    }


def _list_rows(measured: Measured) -> tuple[Rows, Rows]:
    """Return what each leg said, and how well it was recorded."""
    legs = measured.numbers.legs
    return [_row_of_leg(leg) for leg in legs], [
        _row_of_quality(measured.qualities.get(leg.leg)) for leg in legs
    ]


def _row_of_quality(quality: LegQuality | None) -> dict[str, Value]:
    if quality is None:
        return dict.fromkeys(("hold", "level", "clipped", "gap", "jitter", "missing"))
    return {
        "hold": quality.hold_s,
        "level": quality.level_db,
        "clipped": quality.clipped,
        "gap": quality.gap_s,
        "jitter": quality.jitter_s,
        "missing": quality.missing_s,
    }


def _encode_call(measured: Measured) -> dict[str, Any]:
    numbers = asdict(measured.numbers)
    del numbers["legs"]
    whole = {name.removesuffix("_s"): _round(value) for name, value in numbers.items()}
    legs = [
        {name: _round(value) for name, value in (row | quality).items()}
        for row, quality in zip(*_list_rows(measured), strict=True)
    ]
    call = measured.entry.call.id
    hold = {"hold": _round(measured.hold_s), "one_way": measured.one_way}
    return {"call": call, **whole, **hold, "alerts": measured.alerts, "legs": legs}


def _round(value: Value) -> Value:
    return round(value, 3) if isinstance(value, float) else value


def _describe(measured: Measured) -> str:
    numbers = measured.numbers
    facts = {
        "long": _time(numbers.duration_s),
        "of speech": _time(numbers.talk_s),
        "of silence": _time(numbers.silence_s),
        "the longest silence": _time(numbers.longest_silence_s),
        "of two at once": _time(numbers.overlap_s),
        "on hold": _time(measured.hold_s),
        "alerts": str(measured.alerts),
    }
    told = ", ".join(f"{value} {name}" for name, value in facts.items())
    told += ", one way only" if measured.one_way else ""
    return f"{measured.entry.call.id}: {told}"


def _time(seconds: float | None) -> str:
    return _ABSENT if seconds is None else format_position(seconds)


def _print(rows: Rows, *, as_csv: bool) -> int:
    if as_csv:
        if rows:
            output.data(write_rows(_list_cells(rows)).removesuffix("\r\n"))
    elif output.is_terminal():
        if rows:
            output.show(_draw(rows))
    else:
        for row in rows:
            output.data("\t".join(printable(_show(name, value)) for name, value in row.items()))
    return ExitCode.DONE


def _list_cells(rows: Rows) -> Iterator[list[str]]:
    yield list(rows[0])
    for row in rows:
        yield [_ABSENT if value is None else str(_round(value)) for value in row.values()]


_TIMES = frozenset({"duration", "talk", "silence", "hold", "overlap", "longest"})


def _show(name: str, value: Value) -> str:
    if value is None:
        return _ABSENT
    if isinstance(value, str) or not isinstance(value, float):
        return str(value)
    if name in _TIMES:
        return format_position(value)
    match name:
        case "share":
            return f"{value:.0%}"
        case "clipped":
            return f"{value:.1%}"
        case "level":
            return f"{value:.0f} dB"
        case "jitter":
            return f"{value * 1000:.0f} ms"
        case "gap" | "missing":
            return f"{value:.1f} s"
        case _:
            pass
    return f"{value:.1f} s" if name == "response" else f"{value:.0f}"


def _draw(rows: Rows) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for number, name in enumerate(rows[0]):
        table.add_column(
            name.replace("_", " "), justify="left" if number == 0 else "right", no_wrap=True
        )
    for row in rows:
        table.add_row(*(Text(printable(_show(name, value))) for name, value in row.items()))
    return table
