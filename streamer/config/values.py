"""One setting's value: is it of the right kind, and what is meant by it, wherever it was written."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from streamer.alerts.rules import read_rules
from streamer.config import GLYPHS, THEMES, Settings
from streamer.core.keys import read_keys
from streamer.core.languages import ANY, parse_languages
from streamer.core.listening import read_listen_table
from streamer.core.tokens import read_tokens
from streamer.core.untrusted import printable
from streamer.core.watching import read_watch_table
from streamer.core.webhooks import read_mqtt, read_webhooks
from streamer.errors import UsageError

ENVIRONMENT_PREFIX = "STREAMER_"

LONGEST_S = 3600
"""The longest wait that a setting may ask for."""

KINDS: dict[str, type] = {name: type(getattr(Settings(), name)) for name in Settings.__slots__}
"""What type each setting has."""

_ONLY_IN_FILE = ("listen", "watch", "alert", "webhook", "mqtt", "token", "keys")

_TABLES = ("mqtt", "keys")
"""Settings that are one table, whose values are judged by themselves."""

_TRUTHS = {"1": True, "true": True, "yes": True} | dict.fromkeys(("0", "false", "no", ""), False)
"""What a variable of the environment may say of a setting that is true or false."""

_CHOICES: Mapping[str, Sequence[str]] = {"theme": THEMES, "glyphs": GLYPHS}


def check_value(name: str, value: Any, *, where: str) -> None:
    """Check a key of the config file and its value; `where` it stands begins the message.

    Raises:
        UsageError: The key is unknown, or its value has the wrong type.
    """
    _check(where, name, value)
    normalise(name, value, where=f"{where}: {name}")


def read_variable(name: str, text: str) -> Any:
    """Return the value that a variable of the environment gives a setting.

    Raises:
        UsageError: It has no such value, or the file alone can set it.
    """
    where = ENVIRONMENT_PREFIX + name.upper()
    if name in _ONLY_IN_FILE:
        raise UsageError(
            f"{where} cannot be set in the environment; write {f'[{name}]' if name in _TABLES else f'[[{name}]]'} into the config file"
        )
    return normalise(name, _parse(name, text), where=where)


def normalise(name: str, value: Any, *, where: str) -> Any:
    """Return a value in the one form that the program knows; `where` it stands begins the message.

    Raises:
        UsageError: It names an unknown language, theme or kind of glyphs.
    """
    if name == "glyphs" and isinstance(value, bool):  # as its flag says it
        return "ascii" if value else "unicode"
    if name in _CHOICES and value not in ("", *_CHOICES[name]):
        raise UsageError(f"{where} must be {' or '.join(_CHOICES[name])}, not {printable(value)}")
    if name != "language":
        return value
    return ",".join(parse_languages(value, where=where)) or ANY


def _check(where: str, name: str, value: Any) -> None:
    if name not in KINDS:
        nearest = difflib.get_close_matches(name, KINDS, n=1, cutoff=0.0)
        raise UsageError(
            f"{where} has the unknown key {name}; the nearest known one is {nearest[0]}"
        )
    is_right = isinstance(value, dict) if name in _TABLES else _is_right(KINDS[name], value)
    if not is_right:
        raise UsageError(f"{where}: {name} must be {_describe(KINDS[name])}")
    _check_tables(name, value, where=where)


def _check_tables(name: str, value: Any, *, where: str) -> None:
    match name:
        case "listen" | "watch":
            read = read_listen_table if name == "listen" else read_watch_table
            for number, table in enumerate(value, start=1):
                read(table, where=f"{where}: {name} {number}")
        case "mqtt":
            read_mqtt(value, where=f"{where}: mqtt")
        case "keys":
            read_keys(value, where=f"{where}: keys")
        case "alert":
            read_rules(value, where=where)
        case "webhook":
            read_webhooks(value, where=where)
        case "token":
            read_tokens(value, where=where)
        case _:
            pass


def _is_right(kind: type, value: Any) -> bool:
    if kind is dict:
        return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    if kind is list:
        return isinstance(value, list) and all(isinstance(v, dict) for v in value)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if kind is float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and 0 < value <= LONGEST_S
    return isinstance(value, kind)


def _parse(name: str, text: str) -> Any:
    """Read a variable of the environment, which is text whatever its setting is."""
    kind = KINDS[name]
    try:
        if kind is bool:
            return _TRUTHS[text.lower()]
        if kind is float or kind is int:
            return _parse_number(kind, text)
        if kind is dict:
            return parse_headers(text.splitlines())
    except (KeyError, ValueError) as error:
        raise UsageError(f"{ENVIRONMENT_PREFIX}{name.upper()} must be {_describe(kind)}") from error
    return text


def _parse_number(kind: type, text: str) -> Any:
    number = kind(text)
    if not _is_right(kind, number):
        raise ValueError
    return number


def parse_headers(lines: list[str]) -> dict[str, str]:
    """Read `Name: value` lines.

    Raises:
        UsageError: A line has no colon; the message does not repeat it, because it may be a secret.
    """
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise UsageError("a header must look like Name: value")
        headers[name.strip()] = value.strip()
    return headers


def _describe(kind: type) -> str:
    return {
        str: "a string",
        bool: "true or false",
        int: "a whole number, 0 or more",
        float: f"a number of seconds, more than 0 and at most {LONGEST_S}",
        dict: "a table of strings",
        list: "tables, each under its own [[name]]",
    }[kind]
