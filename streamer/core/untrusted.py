"""Strings from a PBX, a file or a model, made harmless to look at."""

from __future__ import annotations

import unicodedata

LIMIT = 200
"""Characters of an untrusted string that a message shows before it is cut."""

_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""Controls, format characters (bidi overrides, zero width), private, surrogate, unassigned, line separators."""

_JOINERS = frozenset("\u200c\u200d")
"""Format characters that scripts and emoji are written with."""


def printable(text: str, *, limit: int = LIMIT) -> str:
    r"""Return one line of `text` that a terminal shows as it stands.

    Controls, escapes and direction overrides become `\x1b`-like escapes; what is longer than `limit` characters is cut
    and ends in an ellipsis. Markup is not touched: a printer that knows markup escapes it itself.
    """
    shown = text[:limit]
    safe = "".join(_escape(c) if _is_unsafe(c) else c for c in shown)
    return safe + "…" if len(text) > limit else safe


def strip_controls(text: str) -> str:
    """Return `text` without what `printable` would escape, except the two joiners that scripts are written with."""
    return "".join(c for c in text if c in _JOINERS or not _is_unsafe(c))


def one_line(text: str) -> str:
    """Return `text` as one line for a file that other programs read: line ends, tabs and runs of blanks become one blank.

    Blanks at both ends go, and so does what `strip_controls` takes out.
    """
    return " ".join(stripped for part in text.split() if (stripped := strip_controls(part)))


def escape_json(document: str) -> str:
    r"""Return a JSON document that means the same, with `\u009b`-like escapes for what a terminal would obey."""
    return "".join(_escape_json(c) if c > "~" and _is_unsafe(c) else c for c in document)


def _escape_json(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    pairs = (units[n : n + 2] for n in range(0, len(units), 2))
    return "".join(f"\\u{int.from_bytes(pair, 'big'):04x}" for pair in pairs)


def _is_unsafe(character: str) -> bool:
    return unicodedata.category(character) in _UNSAFE_CATEGORIES


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
