"""The user's names and terms: one text that each window is prompted with, and how much of it a model has room for; pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sized

from streamer.config import Settings
from streamer.core.untrusted import printable


def join_hints(settings: Settings) -> str:
    """Return what windows are prompted with, in the order in which it is used: names and terms first."""
    words = [word.strip() for word in settings.hotwords.split(",") if word.strip()]
    parts = (", ".join(words), settings.prompt)
    return " ".join(" ".join(parts).split())


def count_fitting(hints: str, encode: Callable[[str], Sized], *, room: int) -> int:
    """Return how many words, from the first on, take no more than `room` tokens."""
    words = hints.split()
    return bisect_right(
        range(1, len(words) + 1), room, key=lambda count: len(encode(" " + " ".join(words[:count])))
    )


def explain_overlong(hints: str, fitting: int) -> str:
    """Return a line about the words for which there was no room, empty if all fit."""
    words = hints.split()
    if fitting >= len(words):
        return ""
    return (
        f"hotwords and prompt have {len(words)} word{'' if len(words) == 1 else 's'}, and the model has room for the first {fitting} of them, hotwords first;"
        f" it does not hear of the rest, from {printable(words[fitting])} on"
    )
