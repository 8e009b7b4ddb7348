"""What is made of readings of the bundled speech: right or not, how fast, how many calls; pure.

A model is *right* if no more than `MOST_WRONG` percent of the words are wrong; its short windows are if they cost no more than a word in
a hundred. It *keeps up* if this machine carries one call at least. Both together make it fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from streamer.core.untrusted import printable
from streamer.speech.base import EncoderWindow

MOST_WRONG = 15.0
"""Percent of wrong words. Stock weights have 0 to 2 on this speech; beyond, a transcript is no use."""

MOST_LOST = 100
"""Words of which a short window may cost one."""

READINGS_PER_S = 2.0
"""Readings that a live call asks for in a second of speech: its legs take turns, a word is settled by two readings, and stands on the
screen after the first."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All clips, read one way: word errors of how many words, and seconds of work for how many windows and seconds of audio."""

    errors: int
    words: int
    work_s: float
    windows: int
    audio_s: float

    @property
    def wer(self) -> float:
        """Return the wrong words in percent."""
        return 100.0 * self.errors / self.words


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found; `wer` and `wer_difference` (short minus full windows) are in percent of the words.

    `real_time_factor` is the work for a second of speech, on one of the engine's threads, in the windows of `encoder_window`.
    """

    name: str
    encoder_window: EncoderWindow
    wer: float
    wer_difference: float
    real_time_factor: float
    calls: int
    checked_at: datetime

    @property
    def is_right(self) -> bool:
        """Say whether its words can be used."""
        return self.wer <= MOST_WRONG

    @property
    def is_fit(self) -> bool:
        """Say whether it does for live calls on this machine."""
        return self.is_right and self.calls >= 1


def judge(
    name: str,
    readings: Mapping[EncoderWindow, Reading],
    *,
    slots: int,
    checked_at: datetime,
    pinned: EncoderWindow | None = None,
) -> Findings:
    """Choose the window that is as right as the full one and cheaper, and say what that makes of the model.

    `slots` is how many windows the engine reads at the same time; `pinned` is the window of a model that was made for it.
    """
    full, short = readings[EncoderWindow.FULL], readings[EncoderWindow.SHORT]
    may_cost = max(1, full.words // MOST_LOST)
    is_short = short.errors <= full.errors + may_cost and short.work_s < full.work_s
    window = pinned or (EncoderWindow.SHORT if is_short else EncoderWindow.FULL)
    chosen = readings[window]
    per_window_s = max(chosen.work_s / chosen.windows, 1e-6)
    return Findings(
        name,
        window,
        round(chosen.wer, 1),
        round(short.wer - full.wer, 1),
        round(chosen.work_s / chosen.audio_s, 3),
        int(slots / (per_window_s * READINGS_PER_S)),
        checked_at,
    )


def explain(findings: Findings) -> list[str]:
    """Return what was found in words, a line each, the verdict last."""
    name = printable(findings.name)
    return [f"{name}: {line}" for line in (_say_rightness(findings), _say_speed(findings))] + [
        _say_verdict(findings, name)
    ]


def summarise(findings: Findings) -> str:
    """Return what was found in one short line, for a list."""
    fits = "fits" if findings.is_fit else "does not fit"
    return (
        f"checked {findings.checked_at:%Y-%m-%d}: {fits}; {findings.wer:g} % of the words wrong in {findings.encoder_window} windows,"
        f" {_count_calls(findings.calls)} live"
    )


def _say_rightness(findings: Findings) -> str:
    wrong = f"{findings.wer:g} % of the words are wrong"
    if findings.encoder_window is EncoderWindow.SHORT:
        cost = f"{findings.wer_difference:+.1f} points against full ones"
        return f"in short windows {wrong} ({cost}), so live calls use short windows"
    if findings.wer_difference <= 0:
        return f"in full windows {wrong}; short ones are no faster, so live calls use full windows"
    return (
        f"in full windows {wrong}; short ones cost {findings.wer_difference:.1f} points more, so live calls use full windows,"
        " and words come later"
    )


def _say_speed(findings: Findings) -> str:
    return (
        f"a second of speech takes {findings.real_time_factor:.2f} s of work; this machine carries"
        f" {_count_calls(findings.calls)} at once, live"
    )


def _say_verdict(findings: Findings, name: str) -> str:
    if findings.is_fit:
        return f"{name} fits this machine"
    if not findings.is_right:
        return f"{name} does not fit: too many words are wrong on human telephone speech"
    return f"{name} does not fit: its words would fall behind a live call, though files can be transcribed with it"


def _count_calls(calls: int) -> str:
    return {0: "no call", 1: "about 1 call"}.get(calls, f"about {calls} calls")
