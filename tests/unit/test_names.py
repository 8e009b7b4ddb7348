"""Modules and classes are named with the field's words; each retired word says which one took its place."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

RETIRED = {
    "arrived": "inbound",
    "backlog": "transcript (of a layout) or unread (of a queue)",
    "desk": "backend",
    "door": "listen, or tcp",
    "ear": "decoder",
    "front": "serve session, or frontend",
    "gate": "limiter, or access",
    "gauge": "call status",
    "guest": "connection",
    "guests": "connections",
    "hostile": "untrusted",
    "kept": "held (of a socket) or past (of a call)",
    "ledger": "segment writer",
    "metronome": "frame clock",
    "page": "layout, or transcript",
    "reception": "server options",
    "remarks": "list details",
    "voice": "playback (of sound) or speech",
    "watched": "watching, or shown",
    "welcome": "admitted",
    "workroom": "open calls",
}

AT_THE_ROOT = {"__init__", "__main__", "bus", "errors"}

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_TERMS = {("voice", "activity")}
"""The field's own terms that hold a retired word."""


def split_name(name: str) -> list[str]:
    """Return the words of a snake_case or CamelCase name in small letters; `frontend` is one word."""
    return [word.lower() for word in _WORD.findall(name)]


def find_retired(name: str) -> list[str]:
    """Return the retired words of a name."""
    words = split_name(name)
    pairs = zip(words, [*words[1:], ""], strict=True)
    return [
        word for word, next_word in pairs if word in RETIRED and (word, next_word) not in _TERMS
    ]


def list_names(package: str) -> Iterator[tuple[str, str]]:
    """Yield each name that a package gives to a folder, a module or a class, with where that is."""
    for path in sorted((ROOT / package).rglob("*.py")):
        place = str(path.relative_to(ROOT))
        yield from ((place, part.removesuffix(".py")) for part in Path(place).parts)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                yield f"{place}:{node.lineno}", node.name


@pytest.mark.parametrize("package", ["streamer", "tui"])
def test_no_module_and_no_class_is_named_with_a_retired_word(package):
    wrong = {
        f"{place}: {name} says {word!r}; write {RETIRED[word]}"
        for place, name in list_names(package)
        for word in find_retired(name)
    }
    assert not wrong, "\n".join(sorted(wrong))


@pytest.mark.parametrize(
    ("name", "retired"),
    [
        ("WatchDesk", ["desk"]),
        ("call_desk", ["desk"]),
        ("GuestList", ["guest"]),
        ("HTTPGate", ["gate"]),
        ("_Voice", ["voice"]),
        ("Frontend", []),
        ("ScreenFrontend", []),
        ("VoiceActivity", []),
        ("SearchScreen", []),
        ("Pages", []),
    ],
)
def test_names_are_compared_word_by_word(name, retired):
    assert find_retired(name) == retired


def test_only_what_everything_needs_lies_at_the_root():
    assert {path.stem for path in (ROOT / "streamer").glob("*.py")} == AT_THE_ROOT
