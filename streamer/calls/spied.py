"""Calls that are the two parties of one: a ChanSpy sends each party as a call of its own, and the registration says of both who called whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from streamer.calls.catalog import CallState, Entry

_SPY = "spy"
_TOGETHER = timedelta(seconds=30)
"""Within this, both are begun."""


def group_spied(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Return the calls in their order, those together that are the parties of one call."""
    groups: list[list[Entry]] = []
    open_groups: dict[tuple[str, str], list[list[Entry]]] = {}
    for entry in entries:
        key = entry.facts.get("from", ""), entry.facts.get("to", "")
        if entry.facts.get("via") != _SPY or not any(key):
            groups.append([entry])
            continue
        known = open_groups.setdefault(key, [])
        group = next((group for group in known if _belongs(entry, group)), None)
        if group is None:
            groups.append(group := [])
            known.append(group)
        group.append(entry)
    return groups


def _belongs(entry: Entry, group: Sequence[Entry]) -> bool:
    """Say whether a call is of the same time as others and of another party, live if they are."""
    labels = {row.leg.label for other in group for row in other.call.legs}
    return all(
        abs(entry.call.started_at - other.call.started_at) <= _TOGETHER
        and (entry.state is CallState.LIVE) == (other.state is CallState.LIVE)
        for other in group
    ) and labels.isdisjoint(row.leg.label for row in entry.call.legs)


def merge_spied(group: Sequence[Entry]) -> Entry:
    """Return a group as one call, under the id of its first one: the party that called stands first."""
    first = group[0]
    if len(group) == 1:
        return first
    ranked = sorted(group, key=lambda entry: not entry.sides.caller.names)
    newest = max(group, key=lambda entry: (bool(entry.call.last_words), entry.call.id))
    legs = tuple(row for entry in ranked for row in entry.call.legs)
    lengths = [entry.call.duration for entry in group if entry.call.duration is not None]
    call = replace(
        first.call,
        legs=legs,
        last_words=newest.call.last_words,
        segments=sum(entry.call.segments for entry in group),
        duration=max(lengths, default=None),
        has_alert=any(entry.call.has_alert for entry in group),
    )
    dtmf = sorted((each for entry in group for each in entry.dtmf), key=lambda each: each.at)
    return replace(
        first,
        call=call,
        losses={label: loss for entry in group for label, loss in entry.losses.items()},
        names={label: name for entry in group for label, name in entry.names.items()},
        dtmf=tuple(dtmf),
    )
