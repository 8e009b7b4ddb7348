"""Captured traffic of a real Asterisk, replayed through a loopback socket into a real tap."""

from dataclasses import replace

import pytest

from streamer.core.events import CallEnded, EndReason, Trouble
from streamer.recording.folder import CallFolder
from streamer.simulator.script import TimedFrame, load_script, script_pcm, with_hole, with_stall
from tests.conftest import TRACES
from tests.fakes.replay import replay

RATE = 16_000
TONE = b"\x00\x10\x00\xf0" * 160


def scripts_of(trace):
    return load_script(TRACES / trace, name="", unique_id="")


@pytest.mark.parametrize(
    "trace", ["stream_normal_cli_hangup.jsonl", "stream_two_legs_bridged.jsonl"]
)
async def test_the_wav_equals_the_bytes_sent(trace, recordings, runtime_dir):
    scripts = scripts_of(trace)
    replayed = await replay(scripts, recordings, runtime_dir)
    assert [replayed.pcm(leg) for leg in range(len(scripts))] == [script.pcm for script in scripts]
    assert replayed.result.reason is EndReason.HANG_UP
    assert replayed.result.exit_code == 0
    assert replayed.simulator.reports == []


async def test_a_hole_in_the_audio_is_a_hole_of_silence_in_the_wav(recordings, runtime_dir):
    (script,) = scripts_of("stream_gap.jsonl")
    replayed = await replay([script], recordings, runtime_dir)
    before = b"".join(frame.data for frame in script.frames if frame.at < 4)
    after = b"".join(frame.data for frame in script.frames if frame.at >= 4)
    silence = len(replayed.pcm()) - len(script.pcm)
    assert silence / 2 / RATE == pytest.approx(4.0, abs=0.02)
    assert replayed.pcm() == before + bytes(silence) + after


async def test_a_channel_that_is_slin16_itself_ends_without_audio(recordings, runtime_dir):
    replayed = await replay(
        scripts_of("stream_slin16_native_no_audio.jsonl"), recordings, runtime_dir
    )
    assert replayed.result.reason is EndReason.HANG_UP
    assert replayed.result.exit_code == 0
    assert replayed.recording.paths[0].stat().st_size == 44
    assert (
        "ended without audio" in CallFolder(replayed.recording.folder).read()["legs"][0]["message"]
    )


async def test_an_unknown_channel_is_not_found_and_leaves_no_folder(recordings, runtime_dir):
    (script,) = scripts_of("stream_unknown_channel.jsonl")
    replayed = await replay([script], recordings, runtime_dir)
    assert replayed.result.reason is EndReason.REFUSED
    assert replayed.result.exit_code == 3
    assert not replayed.recording.folder.exists()


async def test_a_stall_of_two_seconds_and_its_burst_add_nothing(recordings, runtime_dir):
    script = with_stall(script_pcm(TONE * 300, name="a", unique_id="1"), at=2, seconds=2)
    replayed = await replay([script], recordings, runtime_dir)
    assert replayed.pcm() == script.pcm


async def test_a_leg_that_starts_six_seconds_later_lies_six_seconds_later(recordings, runtime_dir):
    early = script_pcm(TONE * 500, name="a", unique_id="1")
    late = with_hole(script_pcm(TONE * 100, name="b", unique_id="2"), at=0, seconds=6)
    replayed = await replay([early, late], recordings, runtime_dir)
    assert replayed.pcm(0) == early.pcm
    assert replayed.pcm(1) == bytes(6 * RATE * 2) + late.pcm


async def test_short_frames_are_kept(recordings, runtime_dir):
    script = script_pcm(TONE * 10 + TONE[:552], name="a", unique_id="1")
    replayed = await replay([script], recordings, runtime_dir)
    assert replayed.pcm() == script.pcm
    assert isinstance(replayed.events[-1], CallEnded)
    assert replayed.events[-1].duration == pytest.approx(len(script.pcm) / 2 / RATE)


async def test_what_was_counted_is_in_call_json(recordings, runtime_dir):
    (script,) = scripts_of("stream_gap.jsonl")
    replayed = await replay([script], recordings, runtime_dir)
    call = CallFolder(replayed.recording.folder).read()
    (leg,) = call["legs"]
    assert (call["reason"], leg["reason"], leg["frames"]) == (
        "hang-up",
        "hang-up",
        len(script.frames),
    )
    assert leg["bytes"] == len(script.pcm)
    assert leg["samples"] == leg["files"][0]["samples"] == len(replayed.pcm()) // 2
    assert leg["longest_gap"] == pytest.approx(4.02, abs=0.03)
    assert leg["lost"] == 0


async def test_a_codec_that_changes_in_mid_call_makes_no_leg_longer(recordings, runtime_dir):
    (script,) = scripts_of("stream_sip_reinvite_g722.jsonl")
    replayed = await replay([script], recordings, runtime_dir)
    length_s = len(replayed.pcm()) / 2 / RATE
    assert length_s == pytest.approx(script.ends_at, abs=0.1)
    leg = CallFolder(replayed.recording.folder).read()["legs"][0]
    assert leg["noise"] == [[pytest.approx(1.5, abs=0.15), None]]
    assert leg["surplus"] / RATE == pytest.approx(7.5 - length_s, abs=0.001)
    assert (leg["lost"], replayed.result.exit_code) == (0, 0)
    troubles = [event.message for event in replayed.events if isinstance(event, Trouble)]
    assert len(troubles) == 1
    assert "from second 1.5 (0:01) on the PBX sends the audio of leg1 faster" in troubles[0]


async def test_a_codec_that_changes_for_minutes_is_noise_to_its_end(recordings, runtime_dir):
    """Longer than what is far ahead of the clock would be discarded for."""
    right = script_pcm(TONE * 150, name="a", unique_id="a")
    frames = [TimedFrame(3 + n * 0.2, TONE * 20) for n in range(400)]
    after = [TimedFrame(83 + n * 0.02, TONE) for n in range(250)]
    script = replace(right, frames=(*right.frames, *frames, *after), ends_at=88.0)
    replayed = await replay([script], recordings, runtime_dir)
    leg = CallFolder(replayed.recording.folder).read()["legs"][0]
    assert len(replayed.pcm()) / 2 / RATE == pytest.approx(88, abs=0.25)
    assert leg["noise"] == [[pytest.approx(3, abs=0.3), pytest.approx(86.2, abs=0.3)]]
    assert leg["lost"] == 0
