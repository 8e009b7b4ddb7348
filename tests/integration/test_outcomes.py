"""Every way a recording may not come to be, or end: one clear line and the contract's exit code."""

import asyncio
import ssl

import pytest
import trustme

from streamer.bus import Bus
from streamer.core.audio import Leg
from streamer.core.events import EndReason, LegAttached, LegEnded
from streamer.errors import ExitCode
from streamer.media.wav import HEADER_SIZE
from streamer.recording.folder import CallFolder
from streamer.recording.writer import Recording
from streamer.simulator.script import EndKind, script_pcm
from streamer.simulator.stream_channel import StreamChannelSimulator, open_simulator
from streamer.tap.outbound import record_call
from streamer.tap.tap import SILENCE_S, Stop
from tests.fakes.command_line import run_here
from tests.fakes.ports import SILENT, closed_port, http, open_port
from tests.fakes.recorder import SECOND
from tests.fakes.replay import RememberingBus, VirtualClock, plan_for, play, until

CHANNEL = "PJSIP/100-0000001a"


def script(name=CHANNEL, seconds=1, **options):
    return script_pcm(SECOND * seconds, name=name, unique_id=f"id-{name}", **options)


async def record(url, recordings, *flags, channel=CHANNEL):
    return await run_here("record", channel, "--url", url, "--recordings", str(recordings), *flags)


def one_line(err: str) -> str:
    lines = [line for line in err.splitlines() if not line.startswith("recording ")]
    assert len(lines) == 1, err
    return lines[0]


async def test_a_refused_connection_suggests_the_usual_ports(recordings):
    code, out, err = await record(f"ws://127.0.0.1:{closed_port()}/ws", recordings)
    assert (code, out) == (ExitCode.UNREACHABLE, "")
    assert "Nothing is listening at" in one_line(err)
    assert "8088" in err
    assert "5039" in err


async def test_a_host_without_an_address(recordings):
    code, _, err = await record("ws://nowhere.invalid/ws", recordings)
    assert code == ExitCode.UNREACHABLE
    assert "has no address" in one_line(err)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (http("404 Not Found", b"<html>"), "HTTP 404"),
        (http("403 Forbidden"), "HTTP 403"),
        (http("400 Bad Request"), "res_ari_stream"),
        (http("200 OK", b"hello"), "HTTP 200"),
        (b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", "redirects"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n", "HTTP 302"),
        (b"", "session limit"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
        (b"\x00\xff" * 5000, "is not Asterisk's websocket"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "not Asterisk's websocket"),
    ],
    ids=[
        "404",
        "403",
        "400",
        "200",
        "redirect",
        "broken-redirect",
        "eof",
        "ssh",
        "binary",
        "bare-101",
    ],
)
async def test_a_port_that_is_not_asterisk_is_told_by_its_answer(answer, said, recordings):
    async with open_port(answer) as port:
        code, out, err = await record(f"ws://127.0.0.1:{port}/ws", recordings)
    assert (code, out) == (ExitCode.UNREACHABLE, "")
    assert said in one_line(err)
    assert list(recordings.glob("*/call.json")) == []


async def test_a_port_that_accepts_and_says_nothing(recordings, monkeypatch):
    monkeypatch.setenv("STREAMER_OPEN_TIMEOUT", "0.3")
    async with open_port(SILENT) as port:
        code, _, err = await record(f"ws://127.0.0.1:{port}/ws", recordings)
    assert code == ExitCode.UNREACHABLE
    assert "said nothing" in one_line(err)


async def test_the_session_limit_of_the_pbx(recordings):
    async with open_simulator(StreamChannelSimulator([[script()]], session_limit=0)) as pbx:
        code, _, err = await record(f"ws://127.0.0.1:{pbx.port}/ws", recordings)
    assert code == ExitCode.UNREACHABLE
    assert "sessionlimit" in one_line(err)


async def test_an_unknown_channel_is_exit_3_and_leaves_nothing(recordings):
    async with open_simulator(StreamChannelSimulator([[script()]])) as pbx:
        code, out, err = await record(
            f"ws://127.0.0.1:{pbx.port}/ws", recordings, channel="PJSIP/nobody"
        )
    assert (code, out) == (ExitCode.NOT_FOUND, "")
    assert "no such channel: PJSIP/nobody" in one_line(err)
    assert list(recordings.glob("*/call.json")) == []


@pytest.mark.parametrize("name", [CHANNEL, CHANNEL.upper(), f" {CHANNEL} ", f"id-{CHANNEL}"])
async def test_a_channel_is_found_as_asterisk_finds_it(name, recordings):
    async with open_simulator(StreamChannelSimulator([[script()]], speed=20)) as pbx:
        code, out, _ = await record(f"ws://127.0.0.1:{pbx.port}/ws", recordings, channel=name)
        assert pbx.reports == []
    assert code == ExitCode.DONE
    assert out.strip().endswith("leg1.wav")


async def test_a_call_without_audio_is_an_empty_wav_and_exit_0(recordings, runtime_dir):
    clock, made = VirtualClock(), list[Recording]()
    silent = script_pcm(b"", name="a", unique_id="1", end=EndKind.NEVER)
    async with open_simulator(
        StreamChannelSimulator([[silent]], clock=clock), is_paced=False
    ) as pbx:
        bus = RememberingBus()
        tap = asyncio.ensure_future(
            record_call(
                plan_for(pbx, recordings, runtime_dir),
                bus,
                Stop(),
                clock=clock,
                on_recording=made.append,
            )
        )
        await until(lambda: bus.count(LegAttached))
        clock.now += SILENCE_S + 1
        await until(bus.troubles)
        assert "ringing or on hold" in bus.troubles()
        assert "slin16" in bus.troubles()
        pbx.advance(clock.now)
        pbx.hang_up()
        result = await tap
    assert (result.reason, result.exit_code) == (EndReason.HANG_UP, ExitCode.DONE)
    assert made[0].paths[0].stat().st_size == HEADER_SIZE


async def test_one_missing_leg_does_not_stop_the_others_and_is_exit_1(recordings, runtime_dir):
    clock, made, bus = VirtualClock(), list[Recording](), RememberingBus()
    there = script()
    legs = (Leg("caller", CHANNEL), Leg("agent", "PJSIP/nobody"))
    async with open_simulator(
        StreamChannelSimulator([[there]], clock=clock), is_paced=False
    ) as pbx:
        plan = plan_for(pbx, recordings, runtime_dir, legs=legs)
        tap = asyncio.ensure_future(
            record_call(plan, bus, Stop(), clock=clock, on_recording=made.append)
        )
        await until(lambda: bus.count(LegEnded) == 1 and bus.count(LegAttached) >= 1)
        await until(lambda: pbx.attachments == 1)
        pbx.advance(clock.now)
        clock.now += 2
        pbx.advance(clock.now)
        result = await tap
    assert (result.reason, result.exit_code) == (EndReason.HANG_UP, ExitCode.FAILED)
    assert made[0].paths[0].read_bytes()[HEADER_SIZE:] == there.pcm
    assert [leg["reason"] for leg in CallFolder(made[0].folder).read()["legs"]] == [
        "hang-up",
        "refused",
    ]


async def test_two_labelled_legs_lie_on_one_clock_in_two_wavs(recordings, runtime_dir):
    clock, made = VirtualClock(), list[Recording]()
    scripts = [script("a"), script("b")]
    async with open_simulator(
        StreamChannelSimulator([scripts], clock=clock), is_paced=False
    ) as pbx:
        bus = RememberingBus()
        plan = plan_for(pbx, recordings, runtime_dir, legs=(Leg("caller", "a"), Leg("agent", "b")))
        tap = asyncio.ensure_future(
            record_call(plan, bus, Stop(), clock=clock, on_recording=made.append)
        )
        await until(lambda: bus.count(LegAttached) == 2)
        await play(pbx, scripts, clock, made[0])
        assert (await tap).exit_code == ExitCode.DONE
    assert [path.name for path in made[0].paths] == ["caller.wav", "agent.wav"]
    assert [path.read_bytes()[HEADER_SIZE:] for path in made[0].paths] == [s.pcm for s in scripts]


@pytest.fixture
def certificate():
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return authority, context


async def test_an_untrusted_certificate_names_both_remedies(recordings, certificate):
    async with open_port(b"", tls=certificate[1]) as port:
        code, _, err = await record(f"wss://127.0.0.1:{port}/ws", recordings)
    assert code == ExitCode.UNREACHABLE
    assert "--ca" in one_line(err)
    assert "--insecure" in err


async def test_tls_with_a_port_that_has_none(recordings):
    async with open_simulator(StreamChannelSimulator([[script()]])) as pbx:
        code, _, err = await record(f"wss://127.0.0.1:{pbx.port}/ws", recordings)
    assert code == ExitCode.UNREACHABLE
    assert "ws://" in one_line(err)


@pytest.mark.parametrize("remedy", ["ca", "insecure"])
async def test_wss_records_like_ws(remedy, recordings, certificate, tmp_path):
    authority, context = certificate
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    flags = ["--ca", str(tmp_path / "ca.pem")] if remedy == "ca" else ["--insecure"]
    sent = script()
    async with open_simulator(StreamChannelSimulator([[sent]], speed=20), tls=context) as pbx:
        code, out, err = await record(f"wss://127.0.0.1:{pbx.port}/ws", recordings, *flags)
        await until(lambda: pbx.connections == 0)
        assert pbx.reports == []
    assert code == ExitCode.DONE
    assert ("anybody on the network path" in err) == (remedy == "insecure")
    with open(out.strip(), "rb") as wav:  # noqa: ASYNC230, PTH123 - a small file in a test
        assert wav.read()[HEADER_SIZE:] == sent.pcm


async def test_credentials_reach_the_pbx_but_no_file_and_no_message(recordings, tmp_path):
    seen = []

    async def serve(reader, writer):
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(http("403 Forbidden"))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        log = tmp_path / "log"
        url = f"ws://me:s3cret@127.0.0.1:{port}/ws"
        flags = ["-vv", "--log-file", str(log), "--header", "X-Token: t0ken"]
        code, _, err = await record(url, recordings, *flags)
    request = seen[0].decode()
    assert code == ExitCode.UNREACHABLE
    assert "Authorization: Basic bWU6czNjcmV0" in request
    assert "X-Token: t0ken" in request
    assert f"Channel-ID: {CHANNEL}\r\n" in request
    assert "Sec-WebSocket-Protocol: stream-channel\r\n" in request
    assert "permessage-deflate" not in request
    written = err + (log.read_text() if log.exists() else "")
    written += "".join(path.read_text() for path in recordings.rglob("*") if path.is_file())
    assert "s3cret" not in written
    assert "t0ken" not in written
    assert "bWU6czNjcmV0" not in written


async def test_a_bus_that_nobody_reads_changes_nothing(recordings, runtime_dir):
    sent = script()
    async with open_simulator(StreamChannelSimulator([[sent]], speed=50)) as pbx:
        result = await record_call(plan_for(pbx, recordings, runtime_dir), Bus(), Stop())
    assert result.exit_code == ExitCode.DONE


def redirect(location):
    return f"HTTP/1.1 301 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (redirect("https://pbx.example/ws"), "use wss://pbx.example/ws as the url"),
        (redirect("/asterisk/ws"), "/asterisk/ws as the url"),
        (redirect("https://u:secret@pbx.example/ws?key=secret"), "use wss://pbx.example/ws"),
        (redirect("ftp://elsewhere"), "redirects to another address"),
        (http("502 Bad Gateway"), "a proxy answers, but Asterisk behind it does not"),
        (http("503 Service Unavailable"), "a proxy answers, but Asterisk behind it does not"),
        (http("500 Internal Server Error"), "see its log"),
    ],
)
async def test_what_stands_before_asterisk_is_told_by_its_answer(answer, said, recordings):
    async with open_port(answer) as port:
        code, _, err = await record(f"ws://127.0.0.1:{port}/ws", recordings)
    assert code == ExitCode.UNREACHABLE
    assert said in one_line(err)
    assert "secret" not in err


async def test_a_certificate_of_another_name_is_no_matter_of_its_issuer(recordings, tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("pbx.example").configure_cert(context)
    async with open_port(b"", tls=context) as port:
        flags = ["--ca", str(tmp_path / "ca.pem")]
        code, _, err = await record(f"wss://127.0.0.1:{port}/ws", recordings, *flags)
    assert code == ExitCode.UNREACHABLE
    assert "is for another name; write the name in the url" in one_line(err)
    assert "--ca" not in err


@pytest.mark.parametrize("content", ["no certificate", None])
async def test_a_file_that_is_no_certificate_is_said(content, recordings, tmp_path):
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    code, _, err = await record("wss://127.0.0.1:1/ws", recordings, "--ca", str(path))
    assert code == ExitCode.USAGE
    assert ("holds no certificate in PEM" if content else "it does not exist") in one_line(err)
