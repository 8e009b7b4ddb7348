"""Files that `streamer play` plays into live calls, as their peers hear them over real sockets."""

import base64
import json
import os
import wave

import pytest

from streamer.sources.playout import Announcement
from streamer.wire import g711
from streamer.wire.audiosocket import Audio
from tests.fakes.chan_websocket import dial, listening_web
from tests.fakes.command_line import run_here
from tests.fakes.listening import listening
from tests.fakes.replay import until
from tests.fakes.serving import call

SECOND = b"\x00\x10\x00\xf0" * 4000


def save(folder, rate, *, start=1, count=4800):
    """Save samples that a law keeps exactly, and return the file and them."""
    codes = bytes((start + n) % 127 + 128 for n in range(count))
    pcm = g711.decode(codes, g711.Law.MU)
    path = folder / f"said-{start}.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, rate, 0, "NONE", ""))
        wav.writeframes(pcm)
    return path, pcm


async def play(here, *arguments):
    """Run the command on the only call, and return its exit code and what it says."""
    ours = ("--recordings", str(here.recordings))
    code, _, said = await run_here("play", "last", *map(str, arguments), *ours)
    return code, said


def heard_by(caller):
    """Return what came over AudioSocket, without the silence between."""
    audio = [message.payload for message in caller.messages if isinstance(message, Audio)]
    return b"".join(frame for frame in audio if any(frame))


@pytest.mark.parametrize("rate", [8000, 16_000])
async def test_a_caller_of_audiosocket_hears_the_samples_of_files_in_turn(
    recordings, runtime_dir, tmp_path, rate
):
    (first, said), (second, said_next) = (save(tmp_path, rate, start=n) for n in (1, 20))
    async with listening(recordings, runtime_dir) as here:
        caller = await call(here.port)
        caller.identify()
        caller.speak(SECOND, rate)
        await until(lambda: here.of_kind("leg_attached"))
        assert (await play(here, first, "--into-call"))[0] == 0
        assert (await play(here, second, "--into-call"))[0] == 0
        whole = said + bytes(-len(said) % (rate // 25)) + said_next
        await until(lambda: len(heard_by(caller)) >= len(whole))
        caller.hang_up()
        await here.ended()
    assert heard_by(caller).rstrip(b"\0") == whole.rstrip(b"\0")
    (folder,) = recordings.glob("2*")
    assert not [path for path in folder.iterdir() if path.name.startswith(("play", "flush"))]


@pytest.mark.parametrize(("format", "rate"), [("slin", 8000), ("slin16", 16_000), ("ulaw", 8000)])
async def test_a_channel_hears_the_samples_and_marks_their_end(
    recordings, runtime_dir, tmp_path, format, rate
):
    file, said = save(tmp_path, rate)
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port, format=format)
        await channel.start()
        await until(lambda: here.of_kind("leg_attached"))
        for count in (1, 2):
            assert (await play(here, file, "--into-call"))[0] == 0
            await until(lambda: channel.commands == ["MARK_MEDIA streamer"] * count)  # noqa: B023
        await channel.hang_up()
    coded = g711.encode(said, g711.Law.MU) if format == "ulaw" else said
    assert bytes(channel.heard) == coded * 2


async def test_twilio_hears_the_samples(recordings, runtime_dir, tmp_path):
    file, said = save(tmp_path, 8000)
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port, "/twilio", subprotocols=None)
        start = {"callSid": "CA1", "tracks": ["inbound"]}
        await channel.ws.send(json.dumps({"event": "start", "start": start, "streamSid": "MZ1"}))
        await until(lambda: here.of_kind("leg_attached"))
        code, told = await play(here, file, "--into-call")
        assert (code, "0.6 s are played into" in told) == (0, True)
        events = lambda: [json.loads(command) for command in channel.commands]  # noqa: E731
        await until(lambda: any(event["event"] == "mark" for event in events()))
        await channel.hang_up()
    payloads = [event["media"]["payload"] for event in events() if event["event"] == "media"]
    assert g711.decode(b"".join(map(base64.b64decode, payloads)), g711.Law.MU) == said


async def test_a_flush_drops_what_is_queued_and_an_announcement(recordings, runtime_dir, tmp_path):
    file, said = save(tmp_path, 16_000, count=16_000 * 9)
    playback = lambda: Announcement(lambda rate: SECOND * 100)  # noqa: E731
    async with listening_web(recordings, runtime_dir, playback=playback) as (here, _):
        channel = await dial(here.port)
        await channel.start()
        await until(lambda: here.of_kind("leg_attached"))
        for _ in range(2):
            assert (await play(here, file, "--into-call"))[0] == 0
        assert (await play(here, "--flush"))[0] == 0
        await until(lambda: "FLUSH_MEDIA" in channel.commands)
        heard = len(channel.heard)
        last, word = save(tmp_path, 16_000, start=50)
        assert (await play(here, last, "--into-call", "--flush"))[0] == 0
        await until(lambda: channel.commands[-1] == "MARK_MEDIA streamer")
        await channel.hang_up()
    assert channel.heard[heard:] == word
    assert channel.commands.count("FLUSH_MEDIA") == 2


async def test_one_file_more_than_may_be_queued_waits_in_vain(
    recordings, runtime_dir, tmp_path, monkeypatch
):
    monkeypatch.setattr("streamer.calls.party_player.PATIENCE_S", 1.0)
    monkeypatch.setattr("streamer.sources.programme.MOST_QUEUED", 2)
    file, _ = save(tmp_path, 8000, count=8000 * 9)
    async with listening(recordings, runtime_dir) as here:
        caller = await call(here.port)
        caller.identify()
        caller.speak(SECOND)
        await until(lambda: here.of_kind("leg_attached"))
        results = [await play(here, file, "--into-call") for _ in range(3)]
        assert [code for code, _ in results] == [0, 0, 1]
        assert "as many files queued" in results[-1][1]
        assert (await play(here, "--flush"))[0] == 0
        assert (await play(here, file, "--into-call"))[0] == 0
        caller.hang_up()
        await here.ended()


async def test_what_only_listens_and_who_has_left_hear_nothing(recordings, runtime_dir, tmp_path):
    file, _ = save(tmp_path, 8000)
    async with listening_web(recordings, runtime_dir) as (here, _):
        channel = await dial(here.port, "/audio-stream", subprotocols=None)
        await channel.ws.send('{"sampleRate":8000}')
        await channel.ws.send(SECOND)
        await until(lambda: here.of_kind("leg_attached"))
        code, told = await play(here, file, "--into-call")
        assert (code, "a call by audio-stream is only listened to" in told) == (2, True)
        await channel.hang_up()
        await here.ended()
        code, told = await play(here, file, "--into-call")
        assert (code, "is not live any more" in told) == (1, True)


async def test_what_is_no_file_of_ours_is_said_and_harms_no_call(recordings, runtime_dir):
    async with listening(recordings, runtime_dir) as here:
        caller = await call(here.port)
        caller.identify()
        caller.speak(SECOND)
        await until(lambda: here.of_kind("leg_attached"))
        (folder,) = recordings.glob("2*")
        (folder / "play.request").write_bytes(b"RIFF, but none")
        await until(lambda: "the WAV header has 14 bytes" in here.troubles)
        os.mkfifo(folder / "play.request")
        await until(lambda: "is a pipe" in here.troubles)
        caller.hang_up()
        await here.ended()
    assert here.of_kind("call_ended")[0]["reason"] == "hang-up"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--into-call"], 2, "name a FILE"),
        (["--into-call", "--mixed"], 2, "are for listening"),
        (["--flush", "--from", "1:20"], 2, "are for listening"),
        (["--leg", "x", "--mixed"], 2, "choose one"),
        (["--from", "soon"], 2, "as 1:20 or 80, not 'soon'"),
        ([], 3, "no call last"),
        (["{file}"], 2, "--into-call"),
        (["{file}", "--flush"], 2, "--into-call"),
    ],
)
async def test_what_cannot_be_meant_is_exit_2(recordings, tmp_path, arguments, code, said):
    file, _ = save(tmp_path, 8000)
    filled = [one.format(file=file) for one in arguments]
    result, _, told = await run_here("play", "last", *filled, "--recordings", str(recordings))
    assert (result, said in told) == (code, True)


@pytest.mark.parametrize(
    ("content", "code", "said"), [(b"no audio", 2, "said.wav"), (None, 3, "no such file")]
)
async def test_a_file_that_cannot_be_read_is_said(
    recordings, runtime_dir, tmp_path, content, code, said
):
    file = tmp_path / "said.wav"
    if content is not None:
        file.write_bytes(content)
    async with listening(recordings, runtime_dir) as here:
        caller = await call(here.port)
        caller.identify()
        caller.speak(SECOND)
        await until(lambda: here.of_kind("leg_attached"))
        result, told = await play(here, file, "--into-call")
        assert (result, said in told) == (code, True)
        caller.hang_up()
        await here.ended()
