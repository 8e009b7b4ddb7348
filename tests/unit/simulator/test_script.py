import wave

import pytest

from streamer.errors import UsageError
from streamer.simulator.script import load_script, script_pcm, with_hole, with_stall
from tests.conftest import TRACES

TONE = b"\x00\x10\x00\xf0" * 160


def write_wav(path, *, rate, channels, seconds=1):
    with wave.open(str(path), "wb") as wav:
        wav.setparams((channels, 2, rate, 0, "NONE", ""))
        wav.writeframes(b"\x00\x10" * channels * rate * seconds)
    return path


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 48_000])
def test_a_file_of_any_rate_becomes_slin16(tmp_path, rate):
    (script,) = load_script(
        write_wav(tmp_path / "a.wav", rate=rate, channels=1), name="a", unique_id="1"
    )
    assert len(script.pcm) == pytest.approx(32_000, abs=64)
    assert {len(frame.data) for frame in script.frames[:-1]} == {640}


def test_a_stereo_file_becomes_two_channels(tmp_path):
    scripts = load_script(
        write_wav(tmp_path / "a.wav", rate=16_000, channels=2), name="Sim/a", unique_id="1"
    )
    assert [script.name for script in scripts] == ["Sim/a;1", "Sim/a;2"]
    assert [script.unique_id for script in scripts] == ["1.1", "1.2"]
    assert scripts[0].pcm == scripts[1].pcm == b"\x00\x10" * 16_000


def test_a_trace_keeps_its_names_times_and_frame_sizes():
    a, b = load_script(TRACES / "stream_two_legs_bridged.jsonl", name="", unique_id="")
    assert (a.name, b.name) == ("Local/a@play-00000066;1", "Local/b@play-00000067;1")
    assert a.unique_id == "1795173286.272"
    assert a.ends_at == pytest.approx(3.625325)


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"meta": {}}\n{"t": 1}', "[1]"])
def test_a_file_that_is_no_trace_is_refused(tmp_path, content):
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    with pytest.raises(UsageError, match="is not a trace"):
        load_script(path, name="", unique_id="")


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\x00" * 1000])
def test_a_file_that_is_no_audio_is_refused(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        load_script(path, name="", unique_id="")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        load_script(tmp_path / "a.wav", name="", unique_id="")


def test_the_last_frame_may_be_shorter():
    script = script_pcm(TONE * 2 + TONE[:164], name="a", unique_id="1")
    assert [len(frame.data) for frame in script.frames] == [640, 640, 164]


def test_a_hole_moves_what_follows_and_a_stall_bunches_it():
    script = script_pcm(TONE * 100, name="a", unique_id="1")
    assert with_hole(script, at=1, seconds=3).frames[50].at == pytest.approx(4.0)
    assert with_hole(script, at=1, seconds=3).frames[49].at == pytest.approx(0.98)
    stalled = with_stall(script, at=0.5, seconds=1)
    assert [frame.at for frame in stalled.frames[25:75]] == [1.5] * 50
    assert stalled.frames[76].at == pytest.approx(1.52)
    assert stalled.pcm == script.pcm
