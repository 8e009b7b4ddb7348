"""`streamer watch --web` as a user starts it: one backend, any number of tabs, and an end that leaves nothing behind."""

import asyncio
import json
import shutil
import signal
import socket
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest

from streamer.recording.folder import CallFolder
from streamer.recording.locks import is_locked
from streamer.speech.engine.models import demo_path
from tests.fakes.command_line import run_here
from tests.fakes.recorder import environment, recording_call, run_streamer
from tests.fakes.replay import SCAN_S, until
from tests.fakes.web import TAB, web_server
from tests.integration.test_watch import SAID, demo_pbx

pytestmark = pytest.mark.slow

ENGINE, TAP = "streamer.speech.engine.worker", "streamer.tap.outbound_process"


def channels(pbx):
    url = f"ws://127.0.0.1:{pbx.port}/ws"
    return ["caller=Demo;1", "agent=Demo;2", "--url", url, "--model", "demo"]


async def test_two_tabs_show_the_words_of_one_engine_and_one_tap(recordings):
    async with (
        demo_pbx(speed=2) as pbx,
        web_server(*channels(pbx), recordings=recordings) as server,
        server.open_tab() as one,
        server.open_tab() as other,
    ):
        await one.shows("technical support")
        await other.shows("technical support")
        assert [server.count(module) for module in (TAB, ENGINE, TAP)] == [2, 1, 1]
        for tab in server.processes(TAB):
            assert tab.children() == []
        assert server.processes(ENGINE)[0].nice() > server.processes(TAP)[0].nice()
        assert pbx.most_attachments == 2, "one for each leg"


async def test_a_call_is_transcribed_to_its_end_without_any_tab(recordings):
    async with (
        demo_pbx(speed=12) as pbx,
        web_server(*channels(pbx), recordings=recordings) as server,
    ):
        shown = ["show", "last", "--json", "--recordings", str(recordings)]
        await until(
            lambda: (
                not any(
                    CallFolder(path.parent).is_live() for path in recordings.glob("*/call.json")
                )
            )
        )
        (lock,) = recordings.glob("*/transcriber.lock")
        await until(lambda: not is_locked(lock))
        async with server.open_tab() as tab:
            await tab.shows("ENDED")
            await tab.type("g")
            await tab.shows("technical support")
        assert server.count(ENGINE) == 1
        server.process.send_signal(signal.SIGTERM)
        assert (await server.ends())[0] == 128 + signal.SIGTERM
    _, out, _ = await run_here(*shown)
    words = " ".join(json.loads(line).get("text", "") for line in out.splitlines()).split()
    assert len(words) > 0.9 * sum(map(len, SAID.values()))


async def test_calls_that_are_opened_in_tabs_are_transcribed_by_the_one_engine_of_the_server(
    recordings,
):
    async with demo_pbx(speed=1) as pbx:
        url = f"ws://127.0.0.1:{pbx.port}/ws"
        flags = ["--url", url, "--recordings", str(recordings)]
        recorders = [
            asyncio.ensure_future(run_streamer("record", f"Demo;{n}", *flags)) for n in (1, 2)
        ]
        await until(lambda: len(list(recordings.glob("*/call.json"))) == 2)
        async with (
            web_server("--model", "demo", recordings=recordings) as server,
            server.open_tab() as one,
            server.open_tab() as other,
        ):
            await one.shows("2 calls")
            await other.shows("2 calls")
            assert server.count(ENGINE) == 0, "nobody has opened a call yet"
            await one.type("\r")
            await other.type("j\r")
            await _both_are_heard(recordings)
            await one.shows("LIVE")
            await other.shows("LIVE")
            assert [server.count(module) for module in (TAB, ENGINE)] == [2, 1]
        pbx.hang_up()
        await asyncio.gather(*recorders)


async def _both_are_heard(recordings):
    """Wait until something of each call has been heard; the speakers seldom talk at the same time."""
    heard = set[Path]()

    def look():
        heard.update(path.parent for path in recordings.glob("*/*.partial.json"))
        return len(heard) == 2

    await until(look)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_server_and_tabs_and_no_recording(recordings, runtime_dir, number):
    async with recording_call(recordings, env=environment(runtime_dir)) as call:
        call.send_until(2)
        url = f"ws://127.0.0.1:{call.simulator.port}/ws"
        arguments = ["PJSIP/100-0000001a;1", "--url", url, "--model", "demo"]
        async with (
            web_server(*arguments, recordings=recordings) as server,
            server.open_tab() as tab,
        ):
            await tab.shows("LIVE")
            processes = server.processes(TAB) + server.processes(ENGINE)
            assert processes
            server.process.send_signal(number)
            code, out, err = await server.ends()
            await until(lambda: tab.has_ended)
            await until(
                lambda: not any(process.is_running() for process in processes), every=SCAN_S
            )
        (folder,) = [path.parent for path in recordings.glob("*/call.json")]
        assert (code, out) == (128 + number, "")
        last = f"still recording {folder.name}; stop: streamer stop {folder.name}"
        assert err.splitlines() == [f"recording {folder.name} into {folder}", last]
        assert CallFolder(folder).is_live()
        assert call.simulator.reports == []


@asynccontextmanager
async def stalled_tab(server):
    """Open a tab, far too large for what its browser takes, which is next to nothing."""
    request = (
        f"GET /ws?width=500&height=300 HTTP/1.1\r\nHost: {server.link.authority}\r\n"
        f"Origin: {server.origin}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Cookie: streamer-{server.link.port}={server.link.query['token']}\r\n\r\n"
    )
    with socket.socket() as browser:
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        browser.connect((server.link.host, server.link.port))
        browser.sendall(request.encode())
        await until(lambda: server.count(TAB) == 1, every=SCAN_S)
        (process,) = server.processes(TAB)
        await until(lambda: process.io_counters().write_chars > 100_000, every=SCAN_S)
        yield process


async def test_a_browser_that_stalls_holds_up_neither_the_end_nor_other_tabs(recordings):
    async with web_server(recordings=recordings) as server:
        async with stalled_tab(server), server.open_tab() as tab:
            await tab.shows("No calls in ")
        await until(lambda: server.count(TAB) == 0, every=SCAN_S)
        async with stalled_tab(server) as process:
            server.process.send_signal(signal.SIGTERM)
            code, out, err = await server.ends()
            assert (code, out, err) == (128 + signal.SIGTERM, "", "")
            assert not process.is_running()


async def test_a_server_that_is_killed_takes_its_tabs_with_it(recordings):
    async with (
        web_server(recordings=recordings) as server,
        server.open_tab() as tab,
    ):
        await tab.shows("No calls in ")
        (process,) = server.processes(TAB)
        server.process.kill()
        await until(lambda: not process.is_running(), every=SCAN_S)


async def test_one_process_is_ready_for_the_next_tab_and_ends_with_the_server(recordings):
    async with web_server(recordings=recordings) as server:
        await until(lambda: len(server.spares()) == 1, every=SCAN_S)
        (first,) = server.spares()
        async with server.open_tab() as tab, server.open_tab() as other:
            await tab.shows("No calls in ")
            await other.shows("No calls in ")
            assert first in server.processes(TAB)
            await until(lambda: len(server.spares()) == 1, every=SCAN_S)
        await until(lambda: server.count(TAB) == 0, every=SCAN_S)
        (spare,) = server.spares()
        server.process.send_signal(signal.SIGTERM)
        assert (await server.ends())[0] == 128 + signal.SIGTERM
        assert not spare.is_running()


async def test_a_process_that_was_ready_and_died_is_replaced(recordings):
    async with web_server(recordings=recordings) as server:
        await until(lambda: len(server.spares()) == 1, every=SCAN_S)
        (spare,) = server.spares()
        spare.kill()
        await until(lambda: not spare.is_running(), every=SCAN_S)
        async with server.open_tab() as tab:
            await tab.shows("No calls in ")


async def test_a_tab_whose_process_is_killed_says_that_it_has_ended(recordings):
    async with web_server(recordings=recordings) as server, server.open_tab() as tab:
        await tab.shows("No calls in ")
        server.processes(TAB)[0].kill()
        await until(lambda: tab.has_ended)


async def test_a_tab_that_is_closed_or_left_ends_its_process_and_no_other(recordings):
    async with web_server(recordings=recordings) as server, server.open_tab() as stays:
        await stays.shows("No calls in ")
        async with server.open_tab() as closed:
            await closed.shows("No calls in ")
            assert server.count(TAB) == 2
        await until(lambda: server.count(TAB) == 1, every=SCAN_S)
        async with server.open_tab() as left:
            await left.shows("No calls in ")
            await left.type("q")
            await until(lambda: left.has_ended)
        await until(lambda: server.count(TAB) == 1, every=SCAN_S)
        end = len(stays.plain)
        await stays.type("?")
        await stays.shows("On every screen", end)


async def test_a_tab_cannot_suspend_the_server_or_end_it(recordings):
    async with web_server(recordings=recordings) as server:
        for key in ("\x1a", "\x03"):
            async with server.open_tab() as tab:
                await tab.shows("No calls in ")
                await tab.type(key)
                await tab.type("q")
                await until(lambda tab=tab: tab.has_ended)
        async with server.open_tab() as tab:
            await tab.shows("No calls in ")


NONSENSE = (
    "{",
    "[]",
    "1",
    '["resize"]',
    '["resize", {"width": "x", "height": null}]',
    '["stdin", 7]',
)


async def test_nonsense_from_a_browser_ends_its_own_tab_only(recordings):
    async with web_server(recordings=recordings) as server, server.open_tab() as stays:
        for nonsense in NONSENSE:
            async with server.open_tab() as tab:
                await tab.shows("No calls in ")
                await tab.send(nonsense)
                await until(lambda tab=tab: tab.has_ended)
            await until(lambda: server.count(TAB) == 1, every=SCAN_S)
        await stays.type("q")
        await until(lambda: stays.has_ended)


async def test_a_size_that_cannot_be_drawn_is_one_that_can(recordings):
    async with web_server(recordings=recordings) as server:
        async with server.open_tab(columns=10**9, rows=10**9) as tab:
            await tab.shows("No calls in ")
            await tab.send('["resize", {"width": -1, "height": 0}]')
            await tab.type("q")
            await until(lambda: tab.has_ended)
        async with server.open_tab(columns=-5, rows=0) as tab:
            await until(lambda: tab.drawn)
            await tab.type("q")
            await until(lambda: tab.has_ended)


async def test_folders_with_hostile_names_are_found_by_tabs_and_run_nothing(tmp_path):
    recordings = tmp_path / "it's; touch pwned $(touch pwned) `touch pwned` \"&"
    async with (
        web_server(recordings=recordings, cwd=tmp_path) as server,
        server.open_tab() as tab,
    ):
        await tab.shows("No calls in ")
        (process,) = server.processes(TAB)
        assert f"--recordings={recordings}" in process.cmdline()
    assert not (tmp_path / "pwned").exists()


async def test_what_goes_wrong_with_the_call_is_shown_in_tabs_that_come_later_too(
    recordings, tmp_path
):
    broken = tmp_path / "broken"
    shutil.copytree(demo_path(), broken)
    (broken / "model.bin").write_bytes((broken / "model.bin").read_bytes()[:1000])
    async with demo_pbx(speed=1) as pbx:
        url = f"ws://127.0.0.1:{pbx.port}/ws"
        arguments = ["Demo;1", "--url", url, "--model", str(broken)]
        async with web_server(*arguments, recordings=recordings) as server:
            async with server.open_tab() as tab:
                await tab.shows("no more text")
            async with server.open_tab() as tab:
                await tab.shows("no more text")
            server.process.send_signal(signal.SIGINT)
            assert "no more text" in (await server.ends())[2]


async def test_the_token_is_on_stdout_and_nowhere_else(recordings, tmp_path):
    log = tmp_path / "log"
    arguments = ["-vv", "--log-file", str(log)]
    async with web_server(*arguments, recordings=recordings) as server:
        token = server.link.query["token"]
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
            session.get(server.link) as opened,
            session.get(f"{server.origin}/download/x?token={token}") as refused,
        ):
            assert (opened.status, refused.status) == (200, 404)
        async with server.open_tab() as tab:
            await tab.shows("No calls in ")
            commands = [p.cmdline() for p in psutil.Process(server.process.pid).children(True)]
            environments = [p.environ() for p in server.processes(TAB)]
        server.process.send_signal(signal.SIGINT)
        _, out, err = await server.ends()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert token not in out + err + str(commands) + str(environments)
    assert recordings / "streamer.sqlite3" in files
    assert not any(token.encode() in path.read_bytes() for path in files)


async def test_secrets_for_the_pbx_never_reach_a_tab(recordings):
    async with demo_pbx(speed=1) as pbx:
        arguments = [*channels(pbx), "--header", "X-Secret: hush"]
        async with (
            web_server(*arguments, recordings=recordings) as server,
            server.open_tab() as tab,
        ):
            await tab.shows("LIVE")
            (process,) = server.processes(TAB)
            assert "hush" not in str(process.cmdline())


async def test_a_port_that_is_taken_is_exit_4_and_one_line_before_anything_is_recorded(recordings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with demo_pbx() as pbx:
            flags = [*channels(pbx), "--web", "--port", port, "--recordings", str(recordings)]
            code, out, err = await run_here("watch", *flags)
            assert pbx.most_attachments == 0
    assert (code, out, len(err.splitlines())) == (4, "", 1)
    assert f"cannot listen on 127.0.0.1:{port}" in err


async def test_a_channel_that_is_not_there_is_exit_3_and_no_link(recordings):
    async with demo_pbx() as pbx:
        url = f"ws://127.0.0.1:{pbx.port}/ws"
        flags = ["--url", url, "--model", "demo", "--recordings", str(recordings)]
        code, out, err = await run_here("watch", "nobody", "--web", "--port", "0", *flags)
    assert code == 3
    assert "no such channel: nobody" in err
    assert len(out.splitlines()) <= 1, "a link, if the refusal came later than that"


async def test_whoever_listens_beyond_this_machine_is_warned(recordings):
    async with web_server("--host", "0.0.0.0", recordings=recordings) as server:
        assert server.link.host == socket.gethostname().lower()
        server.process.send_signal(signal.SIGINT)
        _, _, err = await server.ends()
    assert "without TLS" in err


@pytest.mark.parametrize(
    "flags",
    [["--web", "--plain"], ["--web", "--json"], ["--port", "0"], ["--host", "127.0.0.1"]],
)
async def test_flags_that_contradict_each_other_are_exit_2_and_one_line(flags):
    code, out, err = await run_here("watch", "a", *flags)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "--web" in err


async def test_a_tab_takes_its_true_size_however_soon_the_browser_tells_it(recordings):
    async with web_server(recordings=recordings) as server:
        await until(server.spares)
        async with server.open_tab(columns=65, rows=30) as tab:
            await tab.send(json.dumps(["resize", {"width": 50, "height": 30}]))
            await tab.shows("No calls in ")
            end = len(tab.plain)
            await tab.type("?")
            await tab.shows("On every screen", end)
            widths = {len(row) for row in tab.plain[end:].split("\n")}
            assert 50 in widths
            assert 65 not in widths
