"""What can be said of a call that was listened to for some seconds: samples in, findings out; pure."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log10, sqrt

from streamer.core.audio import CLIPPED, FULL_SCALE, SAMPLE_WIDTH, Leg, peak
from streamer.doctor.findings import Finding, fault, ok, split_advice, warn
from streamer.media.pace import MOST
from streamer.sources.one_way import explain_zeros, is_silence

LEAST_PACE = 0.67
LEAST_SPAN_S = 1.0
"""Seconds between the first and the last audio from which on a pace can be told."""

LEAST_PRESENT = 0.8
"""Share of the time listened to of which there is audio where all is well: a tap brings silence, too."""

MOST_CLIPPED = 0.001
QUIET_DB = -40.0
_LOWEST_DB = -96.0
_RTP = (
    "`rtp set debug on` in Asterisk shows whether packets come from that phone: look at NAT (direct_media, rtp_symmetric,"
    " external_media_address), at the firewall for the ports of rtp.conf, and at its mute key"
)


@dataclass(frozen=True, slots=True)
class LegFacts:
    """What came of one party in `listened_s`; `trouble` is why it could not be tapped, `pace` None if it is not known."""

    leg: Leg
    listened_s: float
    codec: str = ""
    trouble: str = ""
    audio_s: float = 0.0
    peak: float = 0.0
    level: float = 0.0
    """The root of the mean square, as a share of full scale."""
    clipped: float = 0.0
    """Share of the samples at the end of the scale."""
    is_silent: bool = True
    """Nothing but digital silence came."""
    pace: float | None = None
    """Seconds of audio in a second."""

    @property
    def is_heard(self) -> bool:
        """Whether there was any sound."""
        return self.audio_s > 0 and not self.is_silent


class LegMeter:
    """Measures one leg, chunk by chunk; times are of any one clock."""

    def __init__(self, leg: Leg, *, codec: str = "") -> None:
        self.trouble = ""
        self._leg = leg
        self._codec = codec
        self._samples = 0
        self._squares = 0
        self._clipped = 0
        self._peak = 0.0
        self._is_silent = True
        self._first: tuple[float, int] | None = None
        self._last = 0.0

    def take(self, pcm: bytes, arrival: float) -> None:
        """Take note of a chunk of whole samples."""
        samples = array("h", pcm[: len(pcm) - len(pcm) % SAMPLE_WIDTH])
        if sys.byteorder == "big":
            samples.byteswap()
        if self._first is None:
            self._first = arrival, len(samples)
        self._last = arrival
        self._samples += len(samples)
        self._squares += sum(sample * sample for sample in samples)
        self._clipped += sum(abs(sample) >= CLIPPED for sample in samples)
        self._peak = max(self._peak, peak(pcm))
        self._is_silent = self._is_silent and is_silence(pcm)

    def describe(self, listened_s: float) -> LegFacts:
        """Return what came in the time that was listened."""
        count = max(1, self._samples)
        return LegFacts(
            self._leg,
            listened_s,
            self._codec,
            self.trouble,
            self._samples / self._leg.rate,
            self._peak,
            sqrt(self._squares / count) / FULL_SCALE,
            self._clipped / count,
            self._is_silent,
            self._measure_pace(),
        )

    def _measure_pace(self) -> float | None:
        """Return the pace behind the first chunk, which may have waited for us."""
        if self._first is None or self._last - self._first[0] < LEAST_SPAN_S:
            return None
        arrival, samples = self._first
        return (self._samples - samples) / self._leg.rate / (self._last - arrival)


def judge_hearing(legs: Sequence[LegFacts]) -> Iterator[Finding]:
    """Yield what is right and wrong with each leg, and with the call."""
    for leg in legs:
        yield from _judge_leg(leg)
    heard = [leg for leg in legs if leg.is_heard]
    deaf = [leg for leg in legs if not leg.is_heard and not leg.trouble]
    if heard and deaf:
        message = f"only {heard[0].leg.label} is heard, nothing of {deaf[0].leg.label}: the call may be one way"
        yield warn("one way", message, _RTP)


def _judge_leg(facts: LegFacts) -> Iterator[Finding]:
    check = f"leg {facts.leg.label}"
    if facts.trouble:
        message, remedy = split_advice(facts.trouble)
        yield fault(check, message, remedy or "see Asterisk's log")
        return
    if not facts.audio_s:
        message = f"no packet came from {facts.leg.channel} in {facts.listened_s:.0f} s"
        yield fault(
            check,
            message,
            "look at the load of Asterisk, and at a firewall between it and streamer",
        )
        return
    found = [*_judge_pace(check, facts), *_judge_level(check, facts)]
    yield from found or [ok(check, _describe(facts))]


def _judge_pace(check: str, facts: LegFacts) -> Iterator[Finding]:
    if facts.pace is not None and not LEAST_PACE <= facts.pace <= MOST:
        message = (
            f"{facts.leg.channel} brings {facts.pace:.1f} s of audio a second at {facts.leg.rate:,} Hz:"
            " its rate does not fit its label"
        )
        yield warn(
            check,
            message,
            "its codec has changed in mid-call, or a module names the rate wrongly; update Asterisk, or ask for slin (8 kHz)",
        )
    elif facts.audio_s < LEAST_PRESENT * facts.listened_s:
        message = (
            f"only {facts.audio_s:.1f} s of {facts.listened_s:.1f} s came from {facts.leg.channel}"
        )
        yield warn(
            check,
            message,
            "packets are lost, or Asterisk is overloaded: `rtp show stats` and the load of the PBX tell which",
        )


def _judge_level(check: str, facts: LegFacts) -> Iterator[Finding]:
    if facts.is_silent:
        message, remedy = split_advice(explain_zeros(facts.leg.channel, waited_s=facts.listened_s))
        yield warn(check, message, remedy or _RTP)
    elif facts.clipped > MOST_CLIPPED:
        message = f"{facts.leg.channel} is too loud: {facts.clipped:.1%} of its samples are cut off, which costs words"
        yield warn(
            check,
            message,
            "turn the gain down: at the phone, rxgain of the trunk, or VOLUME() in the dialplan",
        )
    elif _decibels(facts.peak) < QUIET_DB:
        message = (
            f"{facts.leg.channel} is very quiet ({_decibels(facts.peak):.0f} dB at its loudest)"
        )
        yield warn(
            check,
            message,
            "let somebody speak and try again; else turn the gain up at the phone, or rxgain of the trunk",
        )


def _describe(facts: LegFacts) -> str:
    codec = f"{facts.codec}, " if facts.codec else ""
    return (
        f"{facts.leg.channel}: {facts.audio_s:.1f} s of {codec}{facts.leg.rate // 1000} kHz,"
        f" level {_decibels(facts.level):.0f} dB, peak {_decibels(facts.peak):.0f} dB"
    )


def _decibels(share: float) -> float:
    """Return a share of full scale in decibels."""
    return 20 * log10(share) if share > 0 else _LOWEST_DB
