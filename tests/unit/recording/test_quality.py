"""How well a leg was recorded is told from its call.json and from pieces of its WAVs."""

import json
import struct

import pytest

from streamer.core.audio import Leg
from streamer.core.events import EndReason
from streamer.media.evenness import Evenness
from streamer.recording import quality
from streamer.recording.quality import is_one_way, measure_quality, sum_holds
from streamer.recording.writer import create_recording

LEGS = (Leg("caller", "a"), Leg("agent", "b"))


def tone(level, count=16_000):
    return struct.pack("<2h", level, -level) * (count // 2)


@pytest.fixture
def record(recordings):
    def make(*tracks):
        recording = create_recording(recordings, source="file", url="", legs=LEGS)
        for leg, track in enumerate(tracks):
            recording.append(leg, [track])
        recording.finish(EndReason.HANG_UP)
        return recording.folder

    return make


def test_level_and_clipping_are_measured_and_silence_is_told(record):
    folder = record(tone(3277) + tone(32_767, 1600), bytes(32_000))
    caller, agent = measure_quality(folder).values()
    assert caller.level_db is not None
    assert -20 < caller.level_db < -4
    assert caller.clipped == pytest.approx(1600 / 17_600)
    assert (agent.level_db, agent.clipped, agent.has_sound) == (None, 0.0, False)
    assert is_one_way([caller, agent]) is True
    assert is_one_way([caller]) is None


@pytest.mark.parametrize("loudest", [32_124, 32_256, 32_767])  # mu-law, A-law, linear
def test_clipping_is_found_where_the_scale_of_a_codec_ends(record, loudest):
    folder = record(tone(3277) + tone(loudest, 1600), tone(31_612))
    caller, agent = measure_quality(folder).values()
    assert caller.clipped == pytest.approx(1600 / 17_600)
    assert agent.clipped == 0, "which is loud"


def test_pauses_do_not_count_for_the_level(record):
    folder = record(tone(3277) + tone(3, 160_000), tone(3))
    caller, agent = measure_quality(folder).values()
    assert caller.level_db == pytest.approx(-20, abs=0.5)
    assert agent.level_db is not None
    assert agent.level_db < quality.QUIET_DB, "which is all there is"


def test_a_long_leg_is_looked_at_in_pieces(record, monkeypatch):
    read = []
    monkeypatch.setattr(quality, "PIECES", 4)
    whole = quality._read_piece

    def note(path, offset):
        read.append(offset)
        return whole(path, offset)

    monkeypatch.setattr(quality, "_read_piece", note)
    measure_quality(record(tone(3277, 160_000), b""))
    assert read == [0, 40_000, 80_000, 120_000]


def test_a_recording_that_is_gone_is_unknown(record, tmp_path):
    assert measure_quality(tmp_path / "nowhere") == {}
    folder = record(tone(3277), tone(3277))
    for wav in folder.glob("*.wav"):
        wav.unlink()
    for leg in measure_quality(folder).values():
        assert (leg.level_db, leg.clipped, leg.has_sound) == (None, None, None)
    assert is_one_way(list(measure_quality(folder).values())) is None


def test_a_call_of_an_older_version_has_no_jitter(record):
    folder = record(tone(3277), tone(3277))
    described = json.loads((folder / "call.json").read_text())
    for leg in described["legs"]:
        del leg["jitter"]
    (folder / "call.json").write_text(json.dumps(described))
    assert [leg.jitter_s for leg in measure_quality(folder).values()] == [None, None]


def test_jitter_is_noted_with_the_frames(recordings):
    recording = create_recording(recordings, source="file", url="", legs=LEGS)
    for arrival in (0.0, 0.025, 0.04, 0.06, 5.0):
        recording.count(0, bytes(640), arrival=arrival)
    assert recording.legs[0].jitter == pytest.approx(0.01 / 3, abs=1e-6)
    assert recording.legs[1].jitter is None
    recording.finish(EndReason.HANG_UP)


def test_frames_that_come_at_once_are_uneven():
    even = Evenness()
    assert even.jitter_s is None
    even.take(0.0, due_s=0.02)
    even.take(0.04, due_s=0.02)
    assert even.jitter_s == pytest.approx(0.02)


def test_holds_are_summed():
    assert sum_holds([], 10) == 0
    assert sum_holds([(True, 2), (True, 3), (False, 5), (False, 6), (True, 8)], 10) == 5
    assert sum_holds([(False, 1), (True, 20)], 10) == 0
