"""`streamer simulate --audiosocket`, tried as a user does."""

import asyncio
import signal
import sys
import wave
from uuid import UUID

import pytest

from streamer.wire.audiosocket import TERMINATE, Identified, encode_audio
from tests.conftest import TRACES
from tests.fakes.answering import open_answering
from tests.fakes.command_line import run_here
from tests.fakes.ports import closed_port
from tests.fakes.recorder import start_streamer
from tests.fakes.replay import until

TRACE = str(TRACES / "audiosocket_app_dtmf.jsonl")
ONE, OTHER = "40325ec2-5efd-4bd3-805f-53576e581d13", "00000000-0000-0000-0000-00000000000a"
FRAME = encode_audio(b"\x00\x40" * 160, 8000)


@pytest.fixture
async def server():
    async with open_answering() as opened:
        yield opened


@pytest.fixture
def call_wav(tmp_path):
    path = tmp_path / "call.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setparams((2, 2, 16_000, 0, "NONE", ""))
        wav.writeframes(b"\x00\x10\x00\x10" * 1600)
    return str(path)


async def simulate(server, *arguments):
    return await run_here("simulate", "--audiosocket", f"127.0.0.1:{server.port}", *arguments)


async def test_uuids_are_data_and_how_the_calls_ended_is_talk(server, call_wav):
    code, out, err = await simulate(server, call_wav, call_wav, "--uuid", ONE, "--uuid", OTHER)
    assert (code, out.split()) == (0, [ONE, OTHER])
    assert len(err.splitlines()) == 2
    assert all(
        "call.wav: hung up by the caller after" in line and "nothing came back" in line
        for line in err.splitlines()
    )
    firsts = [connection.messages[0] for connection in server.connections]
    assert sorted(firsts, key=str) == sorted(
        [Identified(UUID(ONE)), Identified(UUID(OTHER))], key=str
    )
    assert [len(connection.audio) for connection in server.connections] == [5, 5]


async def test_a_trace_keeps_its_uuid_in_the_first_call_that_plays_it(server):
    code, out, _ = await simulate(server, TRACE, "--speed", "20", "--calls", "2")
    assert code == 0
    first, second = out.split()
    assert first == ONE != second
    assert len({bytes(connection.data[19:]) for connection in server.connections}) == 1


async def test_all_that_a_call_can_be_told(server, call_wav, tmp_path):
    server.greeting = FRAME * 10
    folder = tmp_path / "heard"
    code, out, err = await simulate(
        server, call_wav, "--rate", "16000", "--dtmf", "0.04:1", "--hole", "0:0.02", "--stall",
        "0.06:0.02", "--hangup", "0.3", "--loop", "--driver", "--every", "0", "--save", str(folder),
    )  # fmt: skip
    assert code == 0
    assert "10 frames came back, 0.20 s of audio with a peak of 50%" in err
    assert "longest gap" in err
    assert {audio.rate for audio in server.connections[0].audio} == {16_000}
    with wave.open(str(folder / f"{out.strip()}.wav")) as wav:
        assert wav.getnframes() == 1600
    again = await simulate(server, call_wav, "--uuid", out.strip(), "--save", str(folder))
    assert again[0] == 2
    assert "exists" in again[2]


async def test_a_format_without_a_label_can_be_sent(server, call_wav):
    code, _, _ = await simulate(server, call_wav, "--format", "alaw")
    assert code == 0
    assert {len(audio.payload) for audio in server.connections[0].audio} == {160}


async def test_a_server_that_hangs_up_is_no_failure(server, call_wav):
    server.greeting = TERMINATE
    code, _, err = await simulate(server, call_wav)
    assert code == 0
    assert "the dialplan goes on" in err


async def test_a_server_that_sends_what_it_may_not_is_exit_1(server, call_wav):
    server.greeting = b"\xee\x00\x02\x1b["
    code, _, err = await simulate(server, call_wav)
    assert code == 1
    assert "unknown kind 0xee" in err
    assert "\x1b" not in err


async def test_odd_audio_is_told_but_is_no_failure(server, call_wav):
    server.greeting = encode_audio(bytes(640), 16_000)
    code, _, err = await simulate(server, call_wav, "--hangup", "0.5")
    assert code == 0
    assert "of silence" in err
    assert "audio of 16000 Hz in a call of 8000 Hz" in err


async def test_a_refused_connection_is_exit_4_and_one_line(call_wav):
    code, out, err = await run_here(
        "simulate", call_wav, "--audiosocket", f"127.0.0.1:{closed_port()}", "--calls", "5"
    )
    assert (code, out) == (4, "")
    assert len(err.splitlines()) == 1
    assert "Nothing is listening at" in err


async def test_a_stdout_that_nobody_reads_costs_no_call(server, call_wav):
    process = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m streamer simulate {call_wav} --audiosocket 127.0.0.1:{server.port} --calls 3 --every 0.1 | true",
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()
    assert err.decode().count("hung up by the caller") == len(err.splitlines()) == 3


async def test_ctrl_c_hangs_up_and_tells(server, call_wav):
    process = await start_streamer(
        ["simulate", call_wav, "--loop", "--audiosocket", f"127.0.0.1:{server.port}"]
    )
    assert process.stdout is not None
    assert UUID((await process.stdout.readline()).decode().strip())
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130
    assert err.decode().count("hung up by the caller") == 1
    await until(lambda: server.connections[0].has_ended)
    assert server.connections[0].error is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["--audiosocket", "nonsense"],
        ["--audiosocket", ":9092"],
        ["--audiosocket", "127.0.0.1:0"],
        ["--audiosocket", "127.0.0.1:70000"],
        ["--audiosocket", "127.0.0.1:1", "--port", "5040"],
        ["--audiosocket", "127.0.0.1:1", "--host", "::1"],
        ["--audiosocket", "127.0.0.1:1", "--channel", "a"],
        ["--audiosocket", "127.0.0.1:1", "--rate", "8000"],
        ["--audiosocket", "127.0.0.1:1", "--format", "ulaw"],
        ["--audiosocket", "127.0.0.1:1", "--uuid", "x"],
        ["--audiosocket", "127.0.0.1:1", "--uuid", ONE, "--uuid", OTHER],
        ["--audiosocket", "127.0.0.1:1", "--calls", "1001"],
        ["--audiosocket", "127.0.0.1:1", "--calls", "1", TRACE],
        ["--audiosocket", "127.0.0.1:1", "--dtmf", "1"],
        ["--audiosocket", "127.0.0.1:1", "--dtmf", "1:x"],
        ["--audiosocket", "127.0.0.1:1", "--dtmf", "-1:5"],
        ["--audiosocket", "127.0.0.1:1", "--hole", "1"],
        ["--audiosocket", "127.0.0.1:1", "--save", TRACE],
        ["--audiosocket", "127.0.0.1:1", str(TRACES / "stream_gap.jsonl")],
        ["--driver"],
        ["--calls", "2"],
        ["--dtmf", "1:5"],
    ],
)
async def test_what_cannot_be_meant_is_exit_2_and_one_line(arguments, tmp_path):
    code, out, err = await run_here("simulate", TRACE, *arguments, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("streamer: ")


@pytest.mark.parametrize(
    "flags", [["--rate", "8001"], ["--format", "opus"], ["--rate", "8000", "--format", "ulaw"]]
)
async def test_audio_that_audiosocket_has_not_is_exit_2(flags, call_wav):
    code, _, err = await run_here("simulate", call_wav, "--audiosocket", "127.0.0.1:1", *flags)
    assert code == 2
    assert len(err.splitlines()) == 1


async def test_two_calls_of_one_uuid_cannot_both_be_saved(call_wav, tmp_path):
    code, _, err = await run_here(
        "simulate", call_wav, call_wav, "--audiosocket", "127.0.0.1:1", "--uuid", ONE, "--uuid",
        ONE, "--save", str(tmp_path),
    )  # fmt: skip
    assert code == 2
    assert "the same UUID" in err
