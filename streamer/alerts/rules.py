"""A table `[[alert]]` of the config file: a rule, which fires when something is said, or is not said in time."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamer.alerts.tokens import split_text
from streamer.core.alert import Severity
from streamer.core.untrusted import printable
from streamer.errors import UsageError

STOP = "stop"
LONGEST_NAME = 100
MOST_WORDS = 30
"""Of a phrase."""

_DAY_S = 86_400
_LONGEST_QUIET_S = 366 * _DAY_S


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be so besides when the words are said; None is not asked for."""

    min_duration: float | None = None
    """Seconds since the call began."""
    min_silence: float | None = None
    """Seconds in which nobody spoke, once in the call so far."""
    min_talk_share: float | None = None
    """The part of all speech so far that this leg has, 0 to 1."""
    max_sentiment: float | None = None
    """Of the utterance, -1 (bad) to 1 (good)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; its phrases are words in order, never patterns."""

    name: str
    phrases: tuple[str, ...]
    is_required: bool = False
    """It fires when none of the phrases is said in time."""
    within_s: float | None = None
    """Seconds from the beginning of the call that count; None is all of it."""
    leg: str = ""
    """Label of the leg that counts; empty for any."""
    severity: Severity = Severity.WARNING
    quiet_s: float = 0.0
    """Seconds that lie between two of its alerts at least, over all calls."""
    is_tentative: bool = False
    """The board shows it also for words that may still change."""
    when: Condition = Condition()
    then: str = ""
    """`STOP`, or nothing."""

    def concerns(self, leg: str) -> bool:
        """Say whether what is said on a leg counts."""
        return not self.leg or self.leg.casefold() == leg.casefold()


def read_rules(tables: Iterable[Mapping[str, Any]], *, where: str) -> tuple[Rule, ...]:
    """Read the tables of a config file; `where` they stand begins each message, which names the rule.

    Raises:
        UsageError: One has an unknown key, lacks one, has a value that cannot be meant, or the name of another.
    """
    rules: dict[str, Rule] = {}
    for number, table in enumerate(tables, start=1):
        rule = read_rule(table, where=f"{where}: alert {number}")
        if rule.name in rules:
            raise UsageError(
                f"{where}: alert {number} has the name {printable(rule.name)!r} of another; give each its own"
            )
        rules[rule.name] = rule
    return tuple(rules.values())


def read_rule(table: Mapping[str, Any], *, where: str) -> Rule:
    """Read one table.

    Raises:
        UsageError: As with `read_rules`.
    """
    name = table.get("name")
    if isinstance(name, str) and name.strip():
        where = f"{where} ({printable(name.strip(), limit=LONGEST_NAME)})"
    for key, value in table.items():
        _check(key, value, _KEYS, where=where)
    for key, value in table.get("when", {}).items():
        _check(key, value, _CONDITIONS, where=f"{where}: when")
    if name is None:
        raise UsageError(f"{where} has no name; add one")
    if ("said" in table) == ("not_said" in table):
        raise UsageError(f"{where} needs either said or not_said, with a list of phrases")
    is_required = "not_said" in table
    _check_combination(table, is_required=is_required, where=where)
    key = "not_said" if is_required else "said"
    return Rule(
        name.strip(),
        _read_phrases(table[key], where=f"{where}: {key}"),
        is_required,
        table.get("within"),
        table.get("leg", ""),
        Severity(table.get("severity", Severity.WARNING)),
        table.get("quiet", 0.0),
        table.get("tentative", False),
        Condition(**table.get("when", {})),
        table.get("then", ""),
    )


def _check_combination(table: Mapping[str, Any], *, is_required: bool, where: str) -> None:
    if is_required and "within" not in table:
        raise UsageError(f"{where}: not_said needs within, the seconds in which it must be said")
    if is_required and table.get("tentative"):
        raise UsageError(f"{where}: tentative is for said; what is not said is judged at the end")
    if is_required and "max_sentiment" in table.get("when", {}):
        raise UsageError(f"{where}: max_sentiment is for said; what is not said has none")
    if is_required and "min_talk_share" in table.get("when", {}) and not table.get("leg"):
        raise UsageError(f"{where}: min_talk_share needs the leg whose share it is; add leg")


def _read_phrases(value: str | Sequence[str], *, where: str) -> tuple[str, ...]:
    phrases = (value,) if isinstance(value, str) else tuple(value)
    if not phrases:
        raise UsageError(f"{where} has no phrase; add one")
    for phrase in phrases:
        words = len(split_text(phrase))
        if not words:
            raise UsageError(f"{where} has a phrase without words: {printable(phrase)!r}")
        if words > MOST_WORDS:
            raise UsageError(
                f"{where} has a phrase of more than {MOST_WORDS} words; shorten {printable(phrase, limit=40)!r}"
            )
    return tuple(dict.fromkeys(phrases))


Kind = tuple[Callable[[Any], bool], str]


def _check(name: str, value: Any, kinds: Mapping[str, Kind], *, where: str) -> None:
    if name not in kinds:
        (nearest,) = difflib.get_close_matches(name, kinds, n=1, cutoff=0.0)
        raise UsageError(
            f"{where} has the unknown key {printable(name)}; the nearest known one is {nearest}"
        )
    is_right, wanted = kinds[name]
    if not is_right(value):
        raise UsageError(f"{where}: {name} must be {wanted}")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= LONGEST_NAME


def _is_phrases(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(one, str) for one in value)
    )


def _is_between(low: float, high: float) -> Callable[[Any], bool]:
    def is_right(value: Any) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and low <= value <= high  # which no nan is

    return is_right


_PHRASES: Kind = (_is_phrases, 'a list of phrases such as ["cancel my contract"]')

_KEYS: Mapping[str, Kind] = {
    "name": (_is_name, f"a string of 1 to {LONGEST_NAME} characters"),
    "said": _PHRASES,
    "not_said": _PHRASES,
    "within": (_is_between(0.1, _DAY_S), f"a number of seconds from 0.1 to {_DAY_S}"),
    "leg": (
        lambda value: isinstance(value, str) and bool(value.strip()),
        "the label of a leg such as agent",
    ),
    "severity": (
        lambda value: isinstance(value, str) and value in list(Severity),
        f"one of {', '.join(Severity)}",
    ),
    "quiet": (
        _is_between(0, _LONGEST_QUIET_S),
        f"a number of seconds from 0 to {_LONGEST_QUIET_S}",
    ),
    "tentative": (lambda value: isinstance(value, bool), "true or false"),
    "when": (lambda value: isinstance(value, dict), "a table such as { min_duration = 60 }"),
    "then": (lambda value: value == STOP, f'"{STOP}"'),
}
"""Of each key: whether a value may be meant, and what is wanted."""

_SECONDS: Kind = (_is_between(0, _DAY_S), f"a number of seconds from 0 to {_DAY_S}")

_CONDITIONS: Mapping[str, Kind] = {
    "min_duration": _SECONDS,
    "min_silence": _SECONDS,
    "min_talk_share": (_is_between(0, 1), "a number from 0 to 1"),
    "max_sentiment": (_is_between(-1, 1), "a number from -1 to 1"),
}
