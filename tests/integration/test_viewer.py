"""A viewer that is stopped, stuck or too early costs the call nothing, and nobody is left unaware of a recording."""

import asyncio
import fcntl
import json
import os
import pty
import shutil
import signal
import sqlite3
import termios

import psutil
import pytest

from tests.fakes.command_line import run_here
from tests.fakes.recorder import run_streamer, start_streamer
from tests.fakes.replay import PATIENCE_S, SCAN_S, until
from tests.integration.test_watch import arguments, demo_pbx, events_of

pytestmark = pytest.mark.slow


async def test_a_recording_does_not_wait_for_a_locked_database(recordings):
    recordings.mkdir()
    assert (await run_here("delete", "x", "--recordings", str(recordings)))[0] == 3
    path = recordings / "streamer.sqlite3"
    blocker = sqlite3.connect(path)
    blocker.execute("PRAGMA journal_mode = WAL")
    blocker.execute("BEGIN IMMEDIATE")
    async with demo_pbx(speed=20) as pbx:
        process = await start_streamer(arguments(pbx, recordings, "--json"))
        assert process.stdout is not None
        await until(lambda: list(recordings.glob("*/caller.wav")))
        head = b""
        while b'"trouble"' not in head:
            head += await process.stdout.readline()
        blocker.rollback()
        blocker.close()
        out, _ = await process.communicate()
    events = events_of((head + out).decode())
    assert process.returncode == 0
    kinds = [
        event["event"] for event in events if event["event"] not in ("leg_attached", "leg_ended")
    ]
    assert kinds[:2] == ["call_started", "trouble"]
    assert sum(event["event"] == "final" for event in events) > 10


async def test_a_viewer_whose_stdout_nobody_reads_can_be_left(recordings):
    read, write = os.pipe()
    os.write(write, bytes(fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)))  # it is full
    async with demo_pbx(speed=2) as pbx:
        process = await start_streamer(arguments(pbx, recordings, "--json"), stdout=write)
        os.close(write)
        await until(lambda: list(recordings.glob("*/*.partial.json")))
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_S):
            _, err = await process.communicate()
        assert process.returncode == 143
        assert err.decode().splitlines()[-1].startswith("still recording ")
        await run_here("stop", "last", "--recordings", str(recordings))
    os.close(read)


async def test_a_full_stdout_is_an_error_and_not_a_reader_that_went_away(recordings):
    async with demo_pbx(speed=30) as pbx:
        with open("/dev/full", "w") as full:  # noqa: ASYNC230, PTH123
            process = await start_streamer(arguments(pbx, recordings, "--json"), stdout=full)
            _, err = await process.communicate()
        await run_here("stop", "last", "--recordings", str(recordings))
    assert process.returncode == 1
    assert "stdout cannot be written" in err.decode()


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.2])
async def test_nobody_leaves_without_knowing_that_a_recording_goes_on(recordings, delay):
    async with demo_pbx(speed=1) as pbx:
        process = await start_streamer(arguments(pbx, recordings, "--json"))
        await until(lambda: _taps_of(process.pid) or process.returncode is not None)
        await asyncio.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
        assert process.returncode == 130
        await until(
            lambda: not _taps_below(recordings) or list(recordings.glob("*/call.json")),
            every=SCAN_S,
        )
        is_recorded = bool(list(recordings.glob("*/call.json")))
        assert is_recorded == ("still recording" in err.decode())
        await run_here("stop", "last", "--recordings", str(recordings))


def _taps_of(pid):
    try:
        return [
            c
            for c in psutil.Process(pid).children()
            if "streamer.tap.outbound_process" in c.cmdline()
        ]
    except psutil.Error:
        return []


def _taps_below(recordings):
    return [
        p
        for p in psutil.process_iter(["cmdline"])
        if "streamer.tap.outbound_process" in (p.info["cmdline"] or [])
    ]


async def test_a_refused_call_leaves_no_trace(recordings):
    url = ["--url", "ws://127.0.0.1:1/ws", "--recordings", str(recordings), "--model", "demo"]
    for _ in range(2):
        code, _, err = await run_here("watch", "PJSIP/100-1", *url)
        assert code == 4
        assert "an incomplete transcript" not in err
    assert (await run_here("calls", "--recordings", str(recordings)))[1] == ""


async def test_a_recording_that_is_missing_or_moved_is_never_taken_for_complete(
    recordings, short_call
):
    async with demo_pbx(short_call, speed=30) as pbx:
        await run_here(*arguments(pbx, recordings)[:-2])  # no model: recorded only
    wav = next(recordings.glob("*/agent.wav"))
    wav.rename(recordings / "agent.wav")
    resume = ["resume", "--all", "--model", "demo", "--recordings", str(recordings)]
    code, out, err = await run_here(*resume)
    assert (code, out) == (1, "")
    assert "agent.wav is missing or too short" in err
    (recordings / "agent.wav").rename(wav)
    code, out, _ = await run_here(*resume)
    assert (code, out.strip()) == (0, wav.parent.name)


async def test_recordings_that_move_away_under_a_viewer_are_a_trouble(recordings):
    async with demo_pbx(speed=4) as pbx:
        process = await start_streamer(
            [*arguments(pbx, recordings, "--json"), "--db", str(recordings.parent / "s.sqlite3")]
        )
        assert process.stdout is not None
        while b'"final"' not in await process.stdout.readline():
            pass
        moved = recordings.parent / "moved"
        recordings.rename(moved)
        out, _ = await process.communicate()
    assert process.returncode == 1
    assert '"trouble"' in out.decode()
    flags = ["--recordings", str(moved), "--db", str(recordings.parent / "s.sqlite3")]
    (line,) = (await run_here("calls", "--json", *flags))[1].splitlines()
    assert json.loads(line)["state"] == "unfinished"


async def test_ctrl_c_at_the_question_of_a_deletion_deletes_nothing(recordings, short_call):
    async with demo_pbx(short_call, speed=30) as pbx:
        await run_here(*arguments(pbx, recordings)[:-2])
    terminal, inside = pty.openpty()
    process = await start_streamer(
        ["delete", "last", "--recordings", str(recordings)],
        stdin=inside,
        stderr=inside,
        start_new_session=True,
        preexec_fn=lambda: _take_terminal(inside),
    )
    said = b""
    while b"[y/N]" not in said:
        said += await asyncio.to_thread(os.read, terminal, 1000)
    os.write(terminal, b"\x03")
    async with asyncio.timeout(PATIENCE_S):
        await process.wait()
    os.close(inside)
    os.close(terminal)
    assert process.returncode == 130
    assert len(list(recordings.glob("*/*.wav"))) == 2


def _take_terminal(descriptor):
    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests may ignore it


async def test_an_export_never_overwrites_the_recording_it_reads(recordings, short_call):
    async with demo_pbx(short_call, speed=30) as pbx:
        await run_here(*arguments(pbx, recordings)[:-2])
    wav = next(recordings.glob("*/caller.wav"))
    before = wav.read_bytes()
    flags = ["--force", "--recordings", str(recordings)]
    code, _, err = await run_here("export", "last", "--audio", "-o", str(wav), *flags)
    assert (code, wav.read_bytes()) == (2, before)
    assert "is a recording of this call" in err
    shutil.copy(wav, recordings / "copy.wav")
    os.link(wav, recordings / "link.wav")
    link = str(recordings / "link.wav")
    assert (await run_here("export", "last", "--audio", "-o", link, *flags))[0] == 2


async def test_a_full_disk_fails_a_transcription_instead_of_halving_it(tmp_path):
    import resource

    from streamer.cli.demo import demo_call

    code, out, err = await run_streamer(
        "transcribe",
        str(demo_call()),
        "--model",
        "demo",
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY)
        ),
    )
    assert (code, out) == (1, "")
    assert "could not be copied" in err
