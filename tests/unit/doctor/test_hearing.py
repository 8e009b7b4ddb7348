"""Calls of which something is wrong, by their samples."""

from array import array
from math import pi, sin

import pytest

from streamer.core.audio import Leg
from streamer.doctor.findings import Level
from streamer.doctor.hearing import LegMeter, judge_hearing

RATE = 8_000
FRAME = RATE // 50
SECONDS = 3


def tone(amplitude):
    samples = (
        max(-32_768, min(32_767, round(amplitude * sin(2 * pi * n / 8)))) for n in range(FRAME)
    )
    return array("h", samples).tobytes()


def listen(pcm, label="caller", *, every_s=0.02, seconds=SECONDS, trouble=""):
    meter = LegMeter(Leg(label, f"PJSIP/{label}", RATE), codec="ulaw")
    meter.trouble = trouble
    if pcm:
        for number in range(round(seconds / every_s)):
            meter.take(pcm, number * every_s)
    return meter.describe(SECONDS)


CASES = [
    (listen(tone(8_000)), "ok", "level -15 dB, peak -12 dB", ""),
    (listen(b""), "error", "no packet came", "firewall"),
    (listen(b"", trouble="it is gone; list them"), "error", "it is gone", "list them"),
    (listen(bytes(2 * FRAME)), "warning", "only digital silence", "rtp set debug on"),
    (listen(tone(60_000)), "warning", "too loud", "rxgain"),
    (listen(tone(100)), "warning", "very quiet", "gain up"),
    (listen(tone(8_000), every_s=0.01), "warning", "2.0 s of audio a second", "codec has changed"),
    (listen(tone(8_000), every_s=0.04), "warning", "0.5 s of audio a second", "codec has changed"),
    (listen(tone(8_000), seconds=1.5), "warning", "only 1.5 s of 3.0 s", "packets are lost"),
]


@pytest.mark.parametrize(("facts", "level", "message", "remedy"), CASES, ids=[c[2] for c in CASES])
def test_a_leg_is_judged_by_what_came_of_it(facts, level, message, remedy):
    (finding,) = judge_hearing([facts])
    assert (finding.check, str(finding.level)) == ("leg caller", level)
    assert message in finding.message
    assert remedy in finding.remedy
    assert bool(finding.remedy) == (finding.level is not Level.OK)


@pytest.mark.parametrize("deaf", [b"", bytes(2 * FRAME)])
def test_a_call_of_which_only_one_side_is_heard_is_one_way(deaf):
    *_, last = judge_hearing([listen(tone(8_000)), listen(deaf, "callee")])
    assert (last.check, last.level) == ("one way", Level.WARNING)
    assert "nothing of callee" in last.message
    assert "direct_media" in last.remedy


def test_a_call_of_which_both_are_heard_or_one_could_not_be_tapped_is_not_called_one_way():
    for other in (listen(tone(8_000), "callee"), listen(b"", "callee", trouble="gone")):
        checks = {finding.check for finding in judge_hearing([listen(tone(8_000)), other])}
        assert checks == {"leg caller", "leg callee"}


def test_what_waited_for_us_is_no_pace():
    meter = LegMeter(Leg("caller", "x", RATE))
    meter.take(tone(8_000) * 100, 0.0)
    for number in range(1, 101):
        meter.take(tone(8_000), number * 0.02)
    assert meter.describe(2.0).pace == pytest.approx(1.0)
