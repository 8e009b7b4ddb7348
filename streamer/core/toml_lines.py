"""On which line of a TOML document each of its keys stands, which its parser does not tell."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

Key = tuple[str | int, ...]
"""The way to a value: names of keys, and places in arrays of tables, from 0."""


def find_lines(text: str) -> dict[Key, int]:
    """Return the line, from 1, on which each key's statement begins; `text` must be TOML.

    Takes a time that grows with the square of the lines: each beginning of the document that is TOML is read.
    """
    lines: dict[Key, int] = {}
    start = 0
    read: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        read.append(line)
        if not start and line.strip() and not line.lstrip().startswith("#"):
            start = number
        if not start:
            continue
        try:
            begun = tomllib.loads("\n".join(read))
        except tomllib.TOMLDecodeError:
            continue  # within a value of several lines
        for key in _walk(begun, ()):
            lines.setdefault(key, start)
        start = 0
    return lines


def _walk(value: Any, way: Key) -> Iterator[Key]:
    """Yield the ways to all that a document holds."""
    inner: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(value, dict):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    for name, one in inner:
        yield (*way, name)
        yield from _walk(one, (*way, name))
