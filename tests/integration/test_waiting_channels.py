"""`streamer record` and `watch` of channels that wait at Asterisk's chan_websocket, over real sockets; Asterisk is the stand-in."""

import asyncio
import json
import ssl
import wave
from contextlib import asynccontextmanager

import pytest
import trustme
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.typing import Subprotocol

from streamer.bus import Bus
from streamer.cli.legs import parse_legs
from streamer.config import Settings
from streamer.core.events import EndReason, Trouble
from streamer.media.wav import HEADER_SIZE
from streamer.recording.folder import CallFolder
from streamer.recording.index import Arrivals
from streamer.recording.reader import say_what_a_kill_does
from streamer.recording.writer import Recording
from streamer.simulator.websocket.calls import WaitingAsterisk
from streamer.simulator.websocket.conversation import WebCall
from streamer.simulator.websocket.heard import Ending
from streamer.simulator.websocket.script import WRITERS
from streamer.sources import COMING
from streamer.tap.outbound import record_call
from streamer.tap.plan import plan_tap
from streamer.tap.playbacks import SILENT, PlaybackPlan
from streamer.tap.tap import Stop
from streamer.wire.websocket.base import MediaFormat
from tests.fakes.command_line import run_here
from tests.fakes.ports import closed_port
from tests.fakes.recorder import SECOND, run_streamer, start_streamer
from tests.fakes.replay import PATIENCE_S, until

START = "MEDIA_START connection_id:c channel:WebSocket/INCOMING/0x1 format:{} optimal_frame_size:640 ptime:20"


SLIN16 = MediaFormat("slin", 16_000)
FORMATS = [
    SLIN16,
    MediaFormat("slin", 8_000),
    MediaFormat("slin", 48_000),
    MediaFormat("ulaw", 8_000),
]


@pytest.fixture
def spoken(tmp_path):
    path = tmp_path / "spoken.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, 16_000, 0, "NONE", ""))
        wav.writeframes(SECOND)
    return path


@asynccontextmanager
async def asterisk(*calls):
    """Let the stand-in wait with channels, and yield where."""
    waiting = WaitingAsterisk(list(calls))
    async with waiting.open("127.0.0.1", 0) as port:
        yield waiting, f"ws://127.0.0.1:{port}/media/"


def channel(path, name="one", *, format=SLIN16, loop=False, is_json=False):
    script = WRITERS["chan-websocket"](path, call=name, format=format, is_json=is_json)
    return WebCall("chan-websocket", script, loop=loop)


@asynccontextmanager
async def pbx(converse, **options):
    """Serve one conversation of the test's own."""
    async with serve(
        converse, "127.0.0.1", 0, subprotocols=[Subprotocol("media")], **options
    ) as server:
        yield int(next(iter(server.sockets)).getsockname()[1])


async def record(*channels, recordings, stop=None, **settings):
    """Record in this process; return the folder, how it ended and what was said."""
    made, said = list[Recording](), list[str]()
    bus = Bus()
    with bus.subscribe() as events:

        async def read():
            said.extend([event.message async for event in events if isinstance(event, Trouble)])

        reading = asyncio.ensure_future(read())
        plan = plan_tap(
            Settings(recordings=str(recordings), **settings), tuple(parse_legs(list(channels)))
        )
        async with asyncio.timeout(PATIENCE_S):
            result = await record_call(plan, bus, stop or Stop(), on_recording=made.append)
        bus.close()
        await reading
    return made[0].folder, result, said


def pcm_of(folder, label="leg1"):
    return (folder / f"{label}.wav").read_bytes()[HEADER_SIZE:]


@pytest.mark.parametrize("is_json", [False, True])
@pytest.mark.parametrize("format", FORMATS, ids=str)
async def test_a_channel_that_waits_is_recorded_at_its_own_rate(
    format, is_json, spoken, recordings
):
    call = channel(spoken, format=format, is_json=is_json)
    async with asterisk(call) as (waiting, url):
        folder, result, said = await record(url + "one", recordings=recordings)
        assert waiting.over.is_set()
    described = CallFolder(folder).read()
    assert (result.reason, result.exit_code, said) == (EndReason.HANG_UP, 0, [])
    assert (described["source"], described["url"]) == (
        "chan-websocket",
        url.removesuffix("/media/"),
    )
    assert described["legs"][0]["rate"] == format.rate
    assert len(pcm_of(folder)) == 2 * format.rate
    if format == SLIN16:
        assert pcm_of(folder) == SECOND


async def test_two_channels_are_two_legs_of_one_call_on_one_clock(spoken, recordings):
    calls = [channel(spoken, name) for name in ("one", "two")]
    async with asterisk(*calls) as (_, url):
        folder, result, _ = await record(
            f"caller={url}one", f"agent={url}two", recordings=recordings
        )
    assert result.exit_code == 0
    assert [pcm_of(folder, label)[-2000:] == SECOND[-2000:] for label in ("caller", "agent")]


async def test_keys_and_audio_before_the_start_are_kept(recordings):
    async def converse(ws):
        await ws.send(SECOND[:640])
        await ws.send(START.format("slin16"))
        await ws.send("DTMF_END digit:5")
        await ws.send(SECOND[640:1280])
        await ws.close(1000)

    async with pbx(converse) as port:
        folder, result, said = await record(f"ws://127.0.0.1:{port}/media/a", recordings=recordings)
    leg = CallFolder(folder).read()["legs"][0]
    assert (result.exit_code, said) == (0, [])
    assert pcm_of(folder) == SECOND[:1280]
    assert [key["digit"] for key in leg["digits"]] == ["5"]


async def test_stop_has_asterisk_hang_up_and_says_what_the_dialplan_does(spoken, recordings):
    async with asterisk(channel(spoken, loop=True)) as (waiting, url):
        process = await start_streamer(["record", url + "one", "--recordings", str(recordings)])
        await until(lambda: any(recordings.glob("*/*.wav")))
        code, _, err = await run_here("stop", "last", "--recordings", str(recordings))
        await process.communicate()
        await until(lambda: waiting.results)
    assert (code, process.returncode) == (0, 0)
    assert "goes on only behind Dial(…,,g)" in err
    assert waiting.results[0].ending is Ending.ASKED


async def test_a_recording_that_ends_itself_says_what_the_dialplan_does(spoken, recordings):
    async with asterisk(channel(spoken, loop=True)) as (waiting, url):
        flags = ["--seconds", "0.3", "--recordings", str(recordings)]
        code, _, err = await run_streamer("record", url + "one", *flags)
        await until(lambda: waiting.results)
    assert code == 0
    assert "recording stopped; the WebSocket's channel is hung up" in err
    assert waiting.results[0].ending is Ending.ASKED


async def test_a_recorder_that_is_killed_is_no_longer_in_the_call(spoken, recordings):
    async with asterisk(channel(spoken, loop=True)) as (waiting, url):
        process = await start_streamer(["record", url + "one", "--recordings", str(recordings)])
        await until(lambda: any(recordings.glob("*/*.wav")))
        process.kill()
        await process.communicate()
        await until(lambda: waiting.results)  # nobody keeps its socket
    assert waiting.results[0].ending is Ending.LOST
    (folder,) = recordings.glob("2*")
    assert say_what_a_kill_does(folder).startswith("the WebSocket's channel is hung up")


async def test_an_unknown_id_and_one_that_is_taken_are_told_apart(spoken, recordings):
    async with asterisk(channel(spoken, loop=True)) as (_, url):
        flags = ["--recordings", str(recordings)]
        code, _, err = await run_here("record", url + "other", *flags)
        assert code == 3
        assert f"no channel waits at {url}other (HTTP 404)" in err
        async with connect(url + "one", subprotocols=[Subprotocol("media")]):
            code, _, err = await run_here("record", url + "one", *flags)
        assert code == 4
        assert f"the channel at {url}one is taken (HTTP 409)" in err
    assert err.count("\n") == 2, "where it would be recorded, and why not"
    assert not list(recordings.glob("2*"))


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "load it with `module load chan_websocket.so`"),
        (401, "asks for a login"),
        (502, "a proxy answers, but Asterisk behind it does not"),
    ],
)
async def test_other_answers_are_explained(status, said, recordings):
    def answer(connection, request):
        return connection.respond(status, "no\n")

    async with pbx(lambda ws: ws.wait_closed(), process_request=answer) as port:
        code, _, err = await run_here(
            "record", f"ws://127.0.0.1:{port}/media/a", "--recordings", str(recordings)
        )
    assert code == 4
    assert said in err


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (START.format("opus"), "its audio is opus, which is not read here"),
        (None, "hung up before it said what its audio is"),
    ],
)
async def test_a_channel_that_cannot_be_recorded_is_refused(first, said, recordings):
    async def converse(ws):
        if first:
            await ws.send(first)
            await ws.wait_closed()

    async with pbx(converse) as port:
        code, _, err = await run_here(
            "record", f"ws://127.0.0.1:{port}/media/a", "--recordings", str(recordings)
        )
    assert code == 4
    assert said in err


async def test_nobody_there_is_said(recordings):
    url = f"ws://127.0.0.1:{closed_port()}/media/a"
    code, _, err = await run_here("record", url, "--recordings", str(recordings))
    assert code == 4
    assert "Nothing is listening at" in err


@pytest.mark.parametrize("insecure", [False, True])
async def test_an_encrypted_pbx_is_trusted_or_not(insecure, recordings):
    async def converse(ws):
        await ws.send(START.format("slin16"))
        await ws.send(SECOND[:640])

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with pbx(converse, ssl=context) as port:
        flags = ["--insecure"] if insecure else []
        code, _, err = await run_here(
            "record",
            f"wss://127.0.0.1:{port}/media/a",
            "--recordings",
            str(recordings),
            *flags,
        )
    assert code == (0 if insecure else 4)
    assert ("anybody on the network path" if insecure else "name that with --ca FILE") in err


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        (["ws://pbx:8088/ws"], "The address of stream-channel belongs behind --url"),
        (["ws://pbx:8088/media/"], "write ws://HOST:8088/media/ID"),
        (["ws://u:p@pbx/media/a"], "set `user` and `password` in the config file"),
        (["ws://pbx/media/a?x=1"], "leave it out"),
        (["ws://pbx/media/a", "PJSIP/1-1"], "one call cannot have both"),
        (["ws://pbx/media/a b"], "not allowed in a url"),
        (["ws:///media/a"], "has no host"),
    ],
)
async def test_what_is_no_address_of_a_channel_is_a_usage_error(channels, said, recordings):
    code, out, err = await run_here("record", *channels, "--recordings", str(recordings))
    assert (code, out) == (2, "")
    assert said in err
    assert "u:p" not in err


async def test_secrets_for_one_pbx_are_shown_to_no_other_host(recordings):
    seen = []

    async def converse(ws):
        seen.append(ws.request.headers.get("Authorization"))
        await ws.send(START.format("slin16"))

    async with pbx(converse) as port:
        for host in ("127.0.0.1", "localhost"):
            await record(
                f"ws://127.0.0.1:{port}/media/{host}",
                recordings=recordings,
                url=f"ws://{host}/ws",
                user="u",
                password="p",
            )
    assert [bool(shown) for shown in seen] == [True, False]


async def test_serve_does_not_follow_what_we_have_called(spoken, recordings):
    arrivals = Arrivals(recordings, sources=COMING)
    arrivals.look()
    async with asterisk(channel(spoken)) as (_, url):
        await record(url + "one", recordings=recordings)
    assert list(recordings.glob("2*"))
    assert arrivals.look() == []


@pytest.mark.slow
async def test_words_of_a_channel_that_waits_are_shown(recordings, short_call):
    async with asterisk(channel(short_call)) as (_, url):
        code, out, err = await run_streamer(
            "watch",
            f"caller={url}one",
            "--json",
            "--model",
            "demo",
            "--recordings",
            str(recordings),
        )
    events = [json.loads(line) for line in out.splitlines()]
    assert (code, events[0]["source"]) == (0, "chan-websocket"), err
    assert any(event["event"] == "final" for event in events)
    assert events[-1]["reason"] == "hang-up"


class Party:
    """A channel that hears."""

    def __init__(self, format="slin16", *, after=b""):
        self.heard = bytearray()
        self.commands = []
        self.speaks = after
        self._format = format

    async def converse(self, ws):
        await ws.send(START.format(self._format))
        for start in range(0, len(self.speaks), 640):
            await ws.send(self.speaks[start : start + 640])
        async for message in ws:
            if isinstance(message, bytes):
                self.heard += message
                continue
            self.commands.append(message)
            if message.startswith("MARK_MEDIA"):
                await ws.send(message.replace("MARK_MEDIA", "MEDIA_MARK_PROCESSED correlation_id:"))
            elif message == "HANGUP":
                await ws.close(1000)


@asynccontextmanager
async def watching(party, recordings, playing):
    """Record what a party says and play to it, in this process; the party is hung up in the end."""
    stop = Stop()
    async with pbx(party.converse) as port:
        plan = plan_tap(
            Settings(recordings=str(recordings)),
            tuple(parse_legs([f"ws://127.0.0.1:{port}/media/a"])),
            playing=playing,
        )
        running = asyncio.ensure_future(record_call(plan, Bus(), stop))
        yield
        stop.request(EndReason.STOPPED)
        async with asyncio.timeout(PATIENCE_S):
            assert (await running).exit_code == 0


async def test_an_announcement_is_heard_whole_where_a_channel_waits(recordings, tmp_path):
    said = tmp_path / "16000.slin"
    said.write_bytes(SECOND[:6400])
    party = Party()
    async with watching(party, recordings, PlaybackPlan(announcement={16_000: str(said)})):
        await until(lambda: party.commands == ["MARK_MEDIA streamer"])
    assert bytes(party.heard) == SECOND[:6400]
    assert party.commands[1:] == ["FLUSH_MEDIA", "HANGUP"]
    (folder,) = recordings.glob("2*")
    assert CallFolder(folder).read()["legs"][0]["sent"]["frames"] == 10


async def test_a_party_where_a_channel_waits_hears_itself(recordings):
    party = Party(after=SECOND[:6400])
    async with watching(party, recordings, PlaybackPlan(echoes=True)):
        await until(lambda: len(party.heard) >= 6400)
    assert bytes(party.heard) == SECOND[:6400]


async def test_a_file_is_played_where_a_channel_waits(spoken, recordings):
    party = Party(after=SECOND[:640])
    async with watching(party, recordings, SILENT):
        await until(lambda: any(recordings.glob("*/*.wav")))
        told = await run_here(
            *("play", "last", str(spoken), "--into-call", "--recordings", str(recordings))
        )
        assert told[0] == 0
        await until(lambda: party.commands == ["MARK_MEDIA streamer"])
    assert bytes(party.heard) == SECOND


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["PJSIP/1", "--echo"], "stream-channel only listens"),
        (["--tone", "440", "--web"], "need a channel"),
        (
            ["ws://127.0.0.1:1/media/a", "--tone", "440", "--echo"],
            "choose one of --echo, --tone and --announce",
        ),
        (["ws://127.0.0.1:1/media/a", "--tone", "4"], "from 50 to 3999 Hz"),
        (["ws://127.0.0.1:1/media/a", "--announce", "none.wav"], "no such file"),
    ],
)
async def test_what_nobody_would_hear_is_exit_2(arguments, said, recordings):
    code, _, err = await run_here("watch", *arguments, "--recordings", str(recordings))
    assert (code, said in err) == (2, True)


async def test_watch_plays_a_tone_to_the_party(recordings):
    party = Party(after=SECOND[:640])
    async with pbx(party.converse) as port:
        url = f"ws://127.0.0.1:{port}/media/a"
        flags = ["--plain", "--recordings", str(recordings), "--db", str(recordings / "db")]
        process = await start_streamer(["watch", url, "--tone", "440", *flags])
        await until(lambda: len(party.heard) > 6400)
        code, *_ = await run_here("stop", "last", "--recordings", str(recordings))
        await process.communicate()
    assert code == 0
    assert any(party.heard)
