"""What `call.json` may say, checked before anything is done with it: it may be of another machine, and of nobody's making.

Only what is there is checked; whoever needs a field that is missing says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamer.core.audio import LONGEST_LABEL, looks_like_label
from streamer.core.reasons import ContentError

MOST_LEGS = 500
"""Legs of one call; each takes half a megabyte while it is transcribed."""

MOST_FILES = 1000
"""WAVs of one call, of 4 GiB each."""

MOST_DIGITS = 10_000
MOST_HOLDS = 10_000
"""Keys that are noted for a leg; more are no telephone's."""

MOST_NOISE = 1000
"""Parts of a leg that came too fast."""

LEAST_RATE, MOST_RATE = 1000, 768_000
"""Samples a second that a leg may have."""

MOST_SAMPLES = 1 << 48
"""A count of anything: samples, bytes, frames."""

_LONGEST_JOINED = LONGEST_LABEL + len(str(MOST_LEGS))
"""A leg that joins may get a number behind its label."""

_COUNTS = ("frames", "bytes", "samples", "silence", "lost", "odd_bytes", "odd_frames", "surplus")
_SECONDS = ("longest_gap", "lost_seconds", "missing_seconds")


def check_description(fields: object) -> dict[str, Any]:
    """Return what `call.json` holds.

    Raises:
        ValueError: It is not what this program writes; the message says where.
    """
    if not isinstance(fields, dict) or not isinstance(legs := fields.get("legs"), list):
        raise ContentError("it does not describe a call")
    if len(legs) > MOST_LEGS:
        raise ContentError(f"it has {len(legs)} legs, and a call has {MOST_LEGS} at most")
    if not all(isinstance(leg, dict) for leg in legs):
        raise ContentError("a leg is not described")
    for leg in legs:
        _check_leg(leg)
    if sum(len(leg.get("files") or ()) for leg in legs) > MOST_FILES:
        raise ContentError(f"it has more than {MOST_FILES} files")
    labels = [leg["leg"] for leg in legs if "leg" in leg]
    if len(set(labels)) < len(labels):
        raise ContentError("two legs have the same label")
    return fields


def check_wav_name(name: object) -> Path:
    """Return the path of a WAV as `call.json` names it: a file of the folder, or an absolute one elsewhere.

    Raises:
        ValueError: It leads elsewhere, or is of no WAV.
    """
    text = str(name)
    path = Path(text)
    is_plain = text == path.name or path.is_absolute()
    if not is_plain or not path.name or ".." in path.parts or "\0" in text:
        raise ContentError(f"{text!r} names no WAV of this call")
    return path


def _check_leg(leg: Mapping[str, Any]) -> None:
    label, rate = leg.get("leg", "leg"), leg.get("rate", LEAST_RATE)
    if not isinstance(label, str) or len(label) > _LONGEST_JOINED or not looks_like_label(label):
        raise ContentError(f"{str(label)[:LONGEST_LABEL]!r} is no label of a leg")
    if not _is_count(rate) or not LEAST_RATE <= rate <= MOST_RATE:
        raise ContentError(f"a leg has {rate!r} samples a second")
    if "path" in leg:
        check_wav_name(leg["path"])
    for name in _COUNTS:
        if name in leg and not _is_count(leg[name]):
            raise ContentError(f"{name} of a leg is {leg[name]!r}")
    if leg.get("cause") is not None and not _is_count(leg["cause"]):
        raise ContentError(f"the cause of a leg's end is {leg['cause']!r}")
    for name in _SECONDS:
        if name in leg and not _is_duration(leg[name]):
            raise ContentError(f"{name} of a leg is {leg[name]!r}")
    if leg.get("jitter") is not None and not _is_duration(leg["jitter"]):
        raise ContentError(f"jitter of a leg is {leg['jitter']!r}")
    _check_noise(leg.get("noise", []))
    _check_lists(leg)


def _check_lists(leg: Mapping[str, Any]) -> None:
    files, digits, sent = leg.get("files", []), leg.get("digits") or [], leg.get("sent") or {}
    if not isinstance(files, list) or len(files) > MOST_FILES:
        raise ContentError(f"a leg has more than {MOST_FILES} files")
    for part in files:
        if not isinstance(part, dict) or not _is_count(part.get("samples", 0)):
            raise ContentError("a file of a leg is not described")
        check_wav_name(part.get("path", ""))
    if not isinstance(digits, list) or len(digits) > MOST_DIGITS:
        raise ContentError(f"a leg has more than {MOST_DIGITS} digits")
    holds = leg.get("holds") or []
    if not isinstance(holds, list) or len(holds) > MOST_HOLDS:
        raise ContentError(f"a leg was put on hold more than {MOST_HOLDS} times")
    if not isinstance(sent, dict) or not all(map(_is_count, sent.values())):
        raise ContentError("what was sent to a leg is not counted")


def _check_noise(spans: object) -> None:
    if not isinstance(spans, list) or len(spans) > MOST_NOISE:
        raise ContentError(f"a leg has more than {MOST_NOISE} parts that are noise")
    for span in spans:
        is_pair = isinstance(span, list) and len(span) == 2
        if (
            not is_pair
            or not _is_duration(span[0])
            or not (span[1] is None or _is_duration(span[1]))
        ):
            raise ContentError(f"a part of a leg that is noise is {span!r}")


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= MOST_SAMPLES


def _is_count(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= MOST_SAMPLES
