"""Invariant 1: nothing done to streamer closes a live stream-channel socket before the PBX does, or leaves it unread.

The stand-in PBX is the judge. Each call is so long that its audio does not fit into the buffers of a client that has stopped reading.
"""

import asyncio
import json
import os
import pty
import resource
import signal

import pytest

from streamer.simulator.script import EndKind
from tests.fakes.command_line import run_here
from tests.fakes.keepers import keeper_pid
from tests.fakes.recorder import (
    LONG_CALL_S,
    LOOKS_OFTEN_S,
    STOPPED_S,
    environment,
    recording_call,
    run_streamer,
)
from tests.fakes.replay import SCAN_S, until


async def the_call_is_unharmed(call):
    """Speak the rest, expect it to be read to the end, then hang up."""
    call.send_until(LONG_CALL_S - 1)
    await call.everything_is_read()
    assert call.simulator.attachments == 1, "somebody must still hold the live call"
    await call.hang_up()
    assert call.simulator.reports == []


def reason_of(call):
    return json.loads(next(call.recordings.glob("*/call.json")).read_text())["reason"]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
async def test_a_signal_ends_the_recording_but_not_the_call(number, code, recordings, runtime_dir):
    async with recording_call(recordings, env=environment(runtime_dir)) as call:
        call.send_until(2)
        wav = await call.frames_are_recorded(2)
        call.process.send_signal(number)
        returncode, out, _ = await call.ends()
        assert (returncode, out) == (code, f"{wav}\n")
        assert reason_of(call) == "interrupted"
        await the_call_is_unharmed(call)


async def test_kill_9_of_the_tap_loses_at_most_half_a_second_and_not_the_call(
    recordings, runtime_dir
):
    async with recording_call(recordings, env=environment(runtime_dir)) as call:
        call.send_until(2)
        await call.frames_are_recorded(2)
        call.process.kill()
        await call.process.wait()
        await the_call_is_unharmed(call)


async def test_sigstop_leaves_the_call_to_the_keeper_and_the_tap_ends_as_lost(
    recordings, runtime_dir
):
    env = environment(runtime_dir, patience_s=STOPPED_S)
    async with recording_call(recordings, env=env) as call:
        call.send_until(2)
        wav = await call.frames_are_recorded(2)
        call.process.send_signal(signal.SIGSTOP)
        call.send_until(LONG_CALL_S / 2)
        await call.everything_is_read()
        size = wav.stat().st_size
        call.process.send_signal(signal.SIGCONT)
        returncode, out, err = await call.ends()
        assert returncode == 1
        assert out == f"{wav}\n"
        assert "streamer was frozen for" in err
        assert wav.stat().st_size - size < 10 * 32_000, "only what was read before the keeper began"
        assert reason_of(call) == "lost"
        await the_call_is_unharmed(call)


async def test_ctrl_z_does_not_stop_the_recording(recordings, runtime_dir):
    async with recording_call(recordings, env=environment(runtime_dir)) as call:
        call.send_until(2)
        await call.frames_are_recorded(2)
        call.process.send_signal(signal.SIGTSTP)
        call.send_until(LONG_CALL_S - 1)
        await call.frames_are_recorded(LONG_CALL_S - 1)
        await call.hang_up()
        assert call.simulator.reports == []
        assert (await call.ends())[0] == 0


async def test_a_closed_terminal_ends_the_recording_but_not_the_call(recordings, runtime_dir):
    terminal, inside = pty.openpty()
    async with recording_call(
        recordings,
        env=environment(runtime_dir),
        start_new_session=True,
        preexec_fn=lambda: _take_terminal(inside),
    ) as call:
        os.close(inside)
        call.send_until(2)
        await call.frames_are_recorded(2)
        os.close(terminal)
        assert (await call.ends())[0] == 129
        await the_call_is_unharmed(call)


def _take_terminal(descriptor):
    import fcntl
    import termios

    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)


async def test_a_full_disk_loses_audio_says_so_and_reads_on(recordings, runtime_dir):
    def limit_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))

    async with recording_call(
        recordings, env=environment(runtime_dir), preexec_fn=limit_files
    ) as call:
        call.send_until(LONG_CALL_S - 1)
        await call.everything_is_read()
        await call.hang_up()
        returncode, _, err = await call.ends()
        assert returncode == 1
        assert "is being lost. The call continues." in err
        (leg,) = json.loads(next(call.recordings.glob("*/call.json")).read_text())["legs"]
        assert leg["lost"] == leg["samples"] - (100_000 - 44) // 2
        assert call.simulator.reports == []


async def test_a_handshake_that_times_out_after_the_pbx_attached_leaves_the_call_to_the_keeper(
    recordings, runtime_dir
):
    env = {**environment(runtime_dir), "STREAMER_OPEN_TIMEOUT": "0.3"}
    async with recording_call(recordings, answers=False, env=env) as call:
        returncode, _, err = await call.ends()
        assert returncode == 4
        assert "said nothing" in err
        await the_call_is_unharmed(call)


async def test_stop_ends_the_recording_but_not_the_call(recordings, runtime_dir):
    async with recording_call(recordings, env=environment(runtime_dir)) as call:
        call.send_until(2)
        wav = await call.frames_are_recorded(2)
        stopped = await run_here("stop", "last", "--recordings", str(recordings))
        assert stopped[0] == 0
        assert "the call itself goes on" in stopped[2]
        returncode, out, _ = await call.ends()
        assert (returncode, out, reason_of(call)) == (0, f"{wav}\n", "stopped")
        await the_call_is_unharmed(call)


async def test_seconds_ends_the_recording_but_not_the_call(recordings, runtime_dir):
    async with recording_call(recordings, "--seconds", "0.5", env=environment(runtime_dir)) as call:
        call.send_until(2)
        returncode, _, _ = await call.ends()
        assert (returncode, reason_of(call)) == (0, "stopped")
        await the_call_is_unharmed(call)


async def test_two_recorders_of_one_channel_share_one_recording(recordings, runtime_dir):
    async with recording_call(recordings, env=environment(runtime_dir)) as call:
        call.send_until(2)
        wav = await call.frames_are_recorded(2)
        url = f"ws://127.0.0.1:{call.simulator.port}/ws"
        second = asyncio.ensure_future(
            run_streamer(
                "record", "PJSIP/100-0000001a;1", "--url", url, "--recordings", str(recordings)
            )
        )
        await call.hang_up()
        returncode, out, err = await second
        assert call.simulator.most_attachments == 1
        assert (returncode, out) == (0, f"{wav}\n") or "no such channel" in err
        assert call.simulator.reports == []


async def test_leaving_the_second_recorder_does_not_end_the_first(recordings, runtime_dir):
    async with recording_call(recordings, env=environment(runtime_dir)) as call:
        call.send_until(2)
        await call.frames_are_recorded(2)
        second = await _second_recorder(call)
        assert second.stderr is not None
        assert b"is being recorded already" in await second.stderr.readline()
        second.send_signal(signal.SIGINT)
        assert second.returncode is None or second.returncode == 130
        _, err = await second.communicate()
        assert second.returncode == 130
        assert err.startswith(b"still recording")
        await the_call_is_unharmed(call)
        assert (await call.ends())[0] == 0


async def _second_recorder(call):
    from tests.fakes.recorder import start_streamer

    url = f"ws://127.0.0.1:{call.simulator.port}/ws"
    flags = ["--url", url, "--recordings", str(call.recordings)]
    return await start_streamer(["record", "PJSIP/100-0000001a;1", *flags])


async def test_an_end_without_a_close_frame_is_a_loss_and_is_not_retried(recordings, runtime_dir):
    async with recording_call(recordings, end=EndKind.BREAK, env=environment(runtime_dir)) as call:
        call.send_until(LONG_CALL_S)
        returncode, out, err = await call.ends()
        assert returncode == 1
        assert out.strip().endswith("leg1.wav")
        assert "may now be frozen inside Asterisk" in err
        assert call.simulator.most_attachments == 1
        assert reason_of(call) == "lost"


async def test_whoever_follows_a_recorder_that_is_killed_is_told(recordings, runtime_dir):
    async with recording_call(recordings, env=environment(runtime_dir)) as call:
        call.send_until(2)
        wav = await call.frames_are_recorded(2)
        second = await _second_recorder(call)
        assert second.stderr is not None
        assert b"is being recorded already" in await second.stderr.readline()
        call.process.kill()
        out, err = await second.communicate()
        assert (second.returncode, out.decode()) == (1, f"{wav}\n")
        assert b"the recorder was killed" in err
        await the_call_is_unharmed(call)


async def test_a_keeper_that_dies_during_the_call_is_replaced_before_the_tap_dies(
    recordings, runtime_dir
):
    env = environment(runtime_dir, patience_s=LOOKS_OFTEN_S)
    async with recording_call(recordings, env=env) as call:
        call.send_until(2)
        await call.frames_are_recorded(2)
        first = keeper_pid(runtime_dir)
        os.kill(first, signal.SIGKILL)
        await until(lambda: keeper_pid(runtime_dir) not in (None, first), every=SCAN_S)
        call.send_until(4)
        await call.frames_are_recorded(4)
        call.process.send_signal(signal.SIGINT)
        assert (await call.ends())[0] == 130
        await the_call_is_unharmed(call)


async def test_a_keeper_that_cannot_be_had_again_is_said_and_tried_again(recordings, runtime_dir):
    env = environment(runtime_dir, patience_s=LOOKS_OFTEN_S)
    async with recording_call(recordings, env=env) as call:
        call.send_until(2)
        await call.frames_are_recorded(2)
        runtime_dir.chmod(0o755)
        os.kill(keeper_pid(runtime_dir), signal.SIGKILL)
        assert call.process.stderr is not None
        while b"do not kill this process" not in (line := await call.process.stderr.readline()):
            assert line
        runtime_dir.chmod(0o700)
        await until(lambda: keeper_pid(runtime_dir) is not None, every=SCAN_S)
        call.send_until(4)
        await call.frames_are_recorded(4)
        call.process.kill()
        await call.process.wait()
        await the_call_is_unharmed(call)
