"""`streamer simulate --as`, tried as a user does, against a small server of every shape."""

from __future__ import annotations

import asyncio
import wave

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from streamer.wire.websocket.base import CallBegun, KeyPressed, LegBegun, MarkReached, Media
from tests.conftest import TRACES
from tests.fakes.chan_websocket import listening_web
from tests.fakes.command_line import run_here
from tests.fakes.hearing import echo, open_hearing
from tests.fakes.ports import closed_port
from tests.fakes.recorder import start_streamer
from tests.fakes.replay import PATIENCE_S, until
from tests.unit.wire.websocket.messages import read_trace

PATHS = {
    "chan-websocket": "media",
    "yeastar": "yeastar",
    "twilio": "twilio",
    "audio-stream": "audio-stream",
}
TRACE_NAMES = sorted(path.stem for path in TRACES.glob("chan_websocket_*.jsonl"))
TRACE = str(TRACES / "chan_websocket_json.jsonl")
OTHER_TRACE = str(TRACES / "stream_gap.jsonl")
ID = "40325ec2-5efd-4bd3-805f-53576e581d13"


@pytest.fixture
def call_wav(tmp_path):
    path = tmp_path / "call.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setparams((2, 2, 16_000, 0, "NONE", ""))
        wav.writeframes(b"\x00\x10\x00\x20" * 4_800)
    return str(path)


async def simulate(server, source, *arguments):
    url = f"ws://127.0.0.1:{server.port}/{PATHS[source]}"
    return await run_here("simulate", "--as", source, "--url", url, *arguments)


@pytest.mark.parametrize("source", PATHS)
async def test_each_calls_prints_its_id_and_says_how_it_ended(source, call_wav):
    async with open_hearing() as server:
        code, out, err = await simulate(server, source, call_wav, "--uuid", ID)
    (connection,) = server.connections
    assert (code, out.split(), connection.odd) == (0, [ID], [])
    assert err.startswith(f"{ID} call.wav: hung up by the caller after ")
    assert "nothing came back" in err
    assert [m.call for m in connection.messages if isinstance(m, CallBegun)] == [ID]
    legs = [m.key for m in connection.messages if isinstance(m, LegBegun)]
    assert len(legs) == (1 if source == "chan-websocket" else 2)
    assert all(connection.audio(key) for key in legs)


@pytest.mark.parametrize("source", ["chan-websocket", "twilio"])
async def test_what_comes_back_is_judged_and_saved(source, call_wav, tmp_path):
    async with open_hearing(echo) as server:
        code, _, err = await simulate(
            server, source, call_wav, "--uuid", ID, "--save", str(tmp_path / "heard")
        )
    assert code == 0
    assert "frames came back" in err
    with wave.open(str(tmp_path / "heard" / f"{ID}.wav")) as wav:
        assert wav.getframerate() == {"chan-websocket": 16_000, "twilio": 8_000}[source]
        assert wav.getnframes() > 1_000


async def test_asterisk_answers_a_mark_and_a_hang_up(call_wav):
    def answer(shape, message):
        match message:
            case Media(_, payload) if len(payload) == 640 and shape.speaker is not None:
                return [shape.speaker.audio(payload), shape.speaker.mark("m")]
            case MarkReached("m"):
                return [shape.speaker.hang_up()]
        return []

    async with open_hearing(answer) as server:
        code, _, err = await simulate(server, "chan-websocket", call_wav, "--json", "--loop")
    assert code == 0
    assert "the server asked for the end of the call" in err
    assert MarkReached("m") in server.connections[0].messages


async def test_keys_are_pressed(call_wav):
    async with open_hearing() as server:
        code, _, _ = await simulate(server, "twilio", call_wav, "--dtmf", "0.1:12")
    pressed = [m.digit for m in server.connections[0].messages if isinstance(m, KeyPressed)]
    assert (code, pressed) == (0, ["1", "2"])


@pytest.mark.parametrize("name", TRACE_NAMES)
async def test_a_captured_call_is_played_message_by_message(name):
    _, came = read_trace(name)
    async with open_hearing() as server:
        code, out, err = await simulate(
            server, "chan-websocket", str(TRACES / f"{name}.jsonl"), "--speed", "20"
        )
    (connection,) = server.connections
    assert (code, connection.odd) == (0, []), err
    assert connection.audio("media") == b"".join(m for m in came if isinstance(m, bytes))
    (call,) = [m for m in connection.messages if isinstance(m, CallBegun)]
    assert out.split() == [call.call]


async def test_many_calls_have_ids_of_their_own(call_wav):
    async with open_hearing() as server:
        code, out, _ = await simulate(
            server, "yeastar", call_wav, "--calls", "5", "--speed", "10", "--rate", "16000"
        )
    calls = {m.call for c in server.connections for m in c.messages if isinstance(m, CallBegun)}
    assert code == 0
    assert calls == set(out.split())
    assert len(calls) == 5


async def test_what_is_ignored_makes_the_call_fail(call_wav):
    def answer(shape, message):
        return ["hello"] if isinstance(message, LegBegun) else []

    async with open_hearing(answer) as server:
        code, _, err = await simulate(server, "yeastar", call_wav)
    assert code == 1
    assert "a message of text was ignored (2 times)" in err


async def test_a_server_that_is_not_there_is_said(call_wav):
    url = f"ws://127.0.0.1:{closed_port()}/media?key=s3cret"
    code, out, err = await run_here("simulate", "--as", "twilio", "--url", url, call_wav)
    assert (code, out) == (4, "")
    assert "cannot be reached" in err
    assert "s3cret" not in err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--as", "skype", "--url", "ws://h/"], "--as must be one of chan-websocket, yeastar"),
        (["--as", "yeastar"], "name it with --url"),
        (["--as", "twilio", "--url", "http://h/"], "does not begin with ws://"),
        (["--as", "twilio", "--url", "ws://h/", "--json"], "--json is a way to write"),
        (["--as", "twilio", "--url", "ws://h/", "--rate", "16000"], "no audio of 16000 Hz"),
        (["--as", "twilio", "--url", "ws://h/", "--format", "ulaw"], "--format is for"),
        (["--as", "chan-websocket", "--url", "ws://h/", "--format", "g729"], "--format must be"),
        (["--as", "yeastar", "--url", "ws://h/", "--dtmf", "1:2"], "--dtmf cannot be used here"),
        (["--as", "rapida"], "name it with --url"),
        (["--as", "rapida", "--url", "ws://h/", "--uuid", "a"], "the server names each call"),
        (["--as", "twilio", "--url", "ws://h/", "--dtmf", "1:E"], "is not AT:DIGITS"),
        (["--as", "twilio", "--url", "ws://h/", "--port", "1"], "leave them out with --url"),
        (["--as", "twilio", "--url", "ws://h/", "--driver"], "cannot be used with --as"),
        (["--as", "twilio", "--url", "ws://h/", "--uuid", "a", "--uuid", "b"], "for 1 calls"),
        (["--url", "ws://h/"], "need --as"),
        (["--as", "twilio", "--url", "ws://h/", TRACE], "which only --as chan-websocket plays"),
        (["--as", "chan-websocket", "--url", "ws://h/", OTHER_TRACE], "another protocol"),
    ],
)
async def test_flags_that_contradict_each_other_are_refused(flags, said, call_wav):
    code, out, err = await run_here("simulate", *flags, call_wav)
    assert (code, out) == (2, "")
    assert said in err


async def test_without_a_url_asterisk_waits_until_it_is_connected_to(call_wav):
    process = await start_streamer(
        ["simulate", "--as", "chan-websocket", "--port", "0", "--uuid", ID, call_wav]
    )
    assert process.stdout
    async with asyncio.timeout(PATIENCE_S):
        url = (await process.stdout.readline()).decode().strip()
        assert url.endswith(f"/media/{ID}")
        with pytest.raises(InvalidStatus, match="404"):
            await connect(url + "0")
        async with connect(url, subprotocols=[Subprotocol("media")]) as ws:
            first = str(await ws.recv())
            with pytest.raises(InvalidStatus, match="409"):
                await connect(url)
            audio = await _read_all(ws)
        await process.communicate()
    assert process.returncode == 0
    assert first.startswith("MEDIA_START connection_id:")
    assert len(audio) == 4_800 * 2


async def _read_all(ws):
    pieces = []
    try:
        while True:
            pieces.append(await ws.recv())
    except ConnectionClosed:
        return b"".join(pieces)


async def test_a_caller_of_rapida_asks_for_its_context_and_brings_the_media_there(
    call_wav, recordings, runtime_dir
):
    async with listening_web(recordings, runtime_dir, accepts=False) as (here, _):
        url = f"ws://127.0.0.1:{here.port}"
        code, out, err = await run_here("simulate", "--as", "rapida", "--url", url, call_wav)
        await until(lambda: here.of_kind("call_ended"))
        (call,) = here.calls()
    assert code == 0, err
    assert call["facts"]["id"] == out.strip()
    assert (call["source"], call["facts"]["from"]) == ("chan-websocket", "1000")
    assert call["legs"][0]["samples"] == 4_800


async def test_a_first_phase_that_is_refused_or_reaches_nobody_is_said(call_wav):
    async with open_hearing() as server:  # which answers no such path
        url = f"ws://127.0.0.1:{server.port}/no"
        code, out, err = await run_here("simulate", "--as", "rapida", "--url", url, call_wav)
    assert (code, out) == (1, "")
    assert "refused after 0.00 s; HTTP " in err
    url = f"ws://127.0.0.1:{closed_port()}"
    code, _, err = await run_here("simulate", "--as", "rapida", "--url", url, call_wav)
    assert code == 4
    assert "cannot be reached" in err
