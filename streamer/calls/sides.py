"""Who called whom (pure): from what the PBX or a file's name tells, from the names that a user gave, else from the labels of the legs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streamer.core.audio import Leg, show_leg

_CALLED = frozenset({"called", "callee"})
_AGENT = "agent"
"""A leg that is called, as long as nothing says that the call went out."""


@dataclass(frozen=True, slots=True)
class Side:
    """One end of a call, untrusted strings; each is empty where nobody knows it."""

    shown: str = ""
    """What it is called in a list."""
    number: str = ""
    names: tuple[str, ...] = ()
    """All that it may be looked for by."""

    def has(self, part: str) -> bool:
        """Say whether its number or a name of it has a part, in any case of letters."""
        return any(part.casefold() in known.casefold() for known in (self.number, *self.names))


@dataclass(frozen=True, slots=True)
class Sides:
    """Both ends of a call; `direction` is `in`, `out`, or empty where nobody knows."""

    caller: Side = Side()
    called: Side = Side()
    direction: str = ""

    def __str__(self) -> str:
        return " → ".join(side.shown for side in (self.caller, self.called) if side.shown)


def find_sides(legs: Sequence[Leg], facts: Mapping[str, str], names: Mapping[str, str]) -> Sides:
    """Return who called whom; `names` are those that a user gave, by label."""
    direction = _find_direction(facts)
    callers, called = _split(legs, is_out=direction == "out")
    numbers = _find_numbers(facts, is_out=direction == "out")
    return Sides(
        _make_side(callers, legs, numbers[0], names),
        _make_side(called, legs, numbers[1], names),
        direction,
    )


def _find_direction(facts: Mapping[str, str]) -> str:
    told = facts.get("direction", "").strip().casefold()
    return next((known for known in ("in", "out") if told.startswith(known)), "")


def _find_numbers(facts: Mapping[str, str], *, is_out: bool) -> tuple[str, str]:
    """Return who called and who was called, as the facts tell; those of a file name its number and its agent."""
    pair = facts.get("number", ""), facts.get("agent", "")
    caller, called = reversed(pair) if is_out else pair
    return facts.get("from") or caller, facts.get("to") or called


def _split(legs: Sequence[Leg], *, is_out: bool) -> tuple[list[Leg], list[Leg]]:
    """Return the leg that called, and those that were called: the first leg calls, unless the labels say otherwise."""
    ranked = sorted(legs, key=lambda leg: _rank(leg.label, is_out=is_out))
    if len(legs) == 1 and _rank(legs[0].label, is_out=is_out) > 0:
        return [], ranked
    return ranked[:1], ranked[1:]


def _rank(label: str, *, is_out: bool) -> int:
    """Return -1 of who calls, 1 of who is called, 0 where the label does not tell."""
    if label.casefold() == _AGENT:
        return -1 if is_out else 1
    return 1 if label.casefold() in _CALLED else 0


def _make_side(
    own: Sequence[Leg], legs: Sequence[Leg], number: str, names: Mapping[str, str]
) -> Side:
    told = [leg.number for leg in own if leg.number]
    number = number or (told[0] if told else "")
    given = [names[leg.label] for leg in own if leg.label in names]
    labels = [show_leg(leg.label, legs, names) for leg in own]
    is_named = bool(given) or any(leg.name for leg in own)
    shown = ", ".join(labels) if is_named or not number else number
    known = [name for leg in own for name in (leg.name, leg.number, leg.label) if name]
    return Side(shown, number, (*given, *known))
