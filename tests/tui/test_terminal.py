"""The screen in a real terminal: what it leaves behind, and the demo's words on it."""

import array
import asyncio
import base64
import contextlib
import fcntl
import importlib.metadata
import os
import pty
import re
import signal
import struct
import termios
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

import streamer
from streamer.recording.folder import CallFolder
from streamer.simulator.audiosocket import Caller, run_callers
from streamer.simulator.caller import load_caller
from tests.fakes.recorder import environment, recording_call, start_streamer
from tests.fakes.replay import PATIENCE_S, SCAN_S, until
from tests.fakes.serving import find_listeners

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not importlib.metadata.entry_points(group="streamer.frontends"),
        reason="the screen is not installed as an entry point: pip install -e .",
    ),
]

DEMO_CALL = Path(streamer.__file__).parent / "assets" / "calls" / "demo.wav"
ENTER_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
SHOW_CURSOR = b"\x1b[?25h"
NO_MOUSE = b"\x1b[?1000l"
_STALLED = 4000
"""Bytes that a terminal leaves unread when a program had better not count on it any more; few take more."""

_COPIED = re.compile(rb"\x1b\]52;c;([^\x07]+)\x07")
_ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]")


class Terminal:
    """A pseudo terminal with a program in it; `written` is everything that it wrote."""

    def __init__(self, process, descriptor):
        self.process = process
        self.written = b""
        self._descriptor = descriptor
        self._before = termios.tcgetattr(descriptor)

    def read(self):
        with contextlib.suppress(OSError):
            self.written += os.read(self._descriptor, 65536)

    def type(self, keys):
        os.write(self._descriptor, keys)

    def stop_reading(self):
        """Be a terminal that has stalled, as over a line that is cut."""
        asyncio.get_running_loop().remove_reader(self._descriptor)

    @property
    def unread(self):
        """Count the bytes that wait for this terminal."""
        count = array.array("i", [0])
        fcntl.ioctl(self._descriptor, termios.FIONREAD, count)
        return count[0]

    def go_away(self):
        """Hang up."""
        os.close(self._descriptor)

    def resize(self, columns, rows):
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    @property
    def plain(self):
        return _ESCAPES.sub(b"", self.written).decode("utf-8", "replace")

    async def shows(self, text, since=0):
        await until(lambda: text in self.plain[since:])

    async def ends(self):
        async with asyncio.timeout(PATIENCE_S):
            code = await self.process.wait()
        await asyncio.sleep(0)
        self.read()
        return code

    def is_usable(self):
        """Say whether a shell would find the terminal as it was."""
        return (
            self.written.rindex(LEAVE_SCREEN) > self.written.rindex(ENTER_SCREEN)
            and self.written.rindex(SHOW_CURSOR) > self.written.rindex(ENTER_SCREEN)
            and NO_MOUSE in self.written
            and termios.tcgetattr(self._descriptor)[3] == self._before[3]
        )


@asynccontextmanager
async def terminal(*arguments, columns=80, rows=24, cwd=None, is_fresh=False, **variables):
    outside, inside = pty.openpty()
    fcntl.ioctl(outside, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.set_blocking(outside, False)
    process = await start_streamer(
        arguments,
        is_fresh=is_fresh,
        stdin=inside,
        stdout=inside,
        stderr=inside,
        cwd=cwd,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "PYTHONUTF8": "1", **variables},
    )
    shown = Terminal(process, outside)
    loop = asyncio.get_running_loop()
    loop.add_reader(outside, shown.read)
    try:
        yield shown
    finally:
        loop.remove_reader(outside)
        with contextlib.suppress(OSError):
            os.set_blocking(outside, False)
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        with contextlib.suppress(OSError):
            os.close(outside)
        os.close(inside)


async def test_the_words_of_the_demo_call_are_on_the_screen():
    async with terminal("demo") as shown:
        await shown.shows("streamer: opening...")
        await shown.shows("technical support")
        await shown.shows("internet connection")
        shown.type(b"q")
        assert await shown.ends() == 0
        assert shown.is_usable()
        assert "still recording" not in shown.plain


async def test_an_error_takes_the_place_of_the_line_that_said_that_a_screen_is_coming():
    async with terminal("watch", "PJSIP/100", "--url", "gopher://pbx/") as shown:
        assert await shown.ends() == 2
        assert shown.written.startswith(b"streamer: opening...\r\x1b[Kstreamer: ")
        assert shown.written.count(b"opening") == 1


async def test_lines_instead_of_a_screen_are_not_announced_as_one(tmp_path):
    async with terminal("watch", "--json", "--recordings", str(tmp_path / "none")) as shown:
        await shown.shows("Showing all calls")
        assert "opening" not in shown.plain


async def test_after_q_the_recording_goes_on_and_the_last_line_says_how_to_end_it(
    recordings, runtime_dir
):
    async with recording_call(recordings, env=environment(runtime_dir)) as call:
        call.send_until(2)
        url = f"ws://127.0.0.1:{call.simulator.port}/ws"
        arguments = ["watch", "PJSIP/100-0000001a;1", "--url", url, "--model", "demo"]
        async with terminal(*arguments, "--recordings", str(recordings)) as shown:
            await shown.shows("LIVE")
            shown.resize(20, 5)
            shown.resize(80, 24)
            end = len(shown.plain)
            shown.type(b"?")
            await shown.shows("In a call", end)
            shown.type(b"q")
            assert await shown.ends() == 0
            assert shown.is_usable()
        (folder,) = [path.parent for path in recordings.glob("*/call.json")]
        last = f"still recording {folder.name}; stop: streamer stop {folder.name}"
        assert shown.plain.rstrip().endswith(last)
        assert CallFolder(folder).is_live()
        assert call.simulator.reports == []


async def test_a_channel_that_is_not_there_is_exit_3_and_said_again_when_the_screen_is_gone(
    recordings, runtime_dir
):
    async with recording_call(recordings, env=environment(runtime_dir)) as call:
        url = f"ws://127.0.0.1:{call.simulator.port}/ws"
        arguments = ["watch", "nobody", "--url", url, "--model", "demo"]
        async with terminal(*arguments, "--recordings", str(recordings)) as shown:
            await shown.shows("FAILED")
            shown.type(b"q")
            assert await shown.ends() == 3
        after = shown.written[shown.written.rindex(LEAVE_SCREEN) :]
        assert b"no such channel: nobody" in after


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_a_signal_leaves_a_usable_terminal(recordings, number):
    async with terminal("watch", "--recordings", str(recordings)) as shown:
        await shown.shows("No calls in ")
        shown.process.send_signal(number)
        assert await shown.ends() == 128 + number
        assert shown.is_usable()
        assert "Traceback" not in shown.plain


async def test_a_terminal_that_stalls_and_goes_away_takes_the_screen_with_it(recordings):
    async with terminal("watch", "--recordings", str(recordings), is_fresh=True) as shown:
        await shown.shows("No calls in ")
        shown.stop_reading()

        def stalls():
            shown.type(b"d")  # paints everything anew, unless one before it waits to be painted
            return shown.unread >= _STALLED

        await until(stalls)
        shown.go_away()
        shown.process.send_signal(signal.SIGHUP)
        shown.process.send_signal(signal.SIGCONT)  # as the system does
        async with asyncio.timeout(PATIENCE_S):
            assert await shown.process.wait() == 128 + signal.SIGHUP


async def test_a_terminal_that_goes_away_without_a_word_takes_the_screen_with_it(recordings):
    async with terminal("watch", "--recordings", str(recordings), is_fresh=True) as shown:
        await shown.shows("No calls in ")
        shown.go_away()
        async with asyncio.timeout(PATIENCE_S):
            assert await shown.process.wait() == 128 + signal.SIGHUP


@pytest.mark.parametrize("opens", ["/", "\x06"])
async def test_keys_that_come_all_at_once_reach_what_they_were_typed_for(recordings, opens):
    async with terminal("watch", "--recordings", str(recordings)) as shown:
        await shown.shows("No calls in ")
        shown.type(opens.encode() + b"quinquina/")
        await shown.shows("quinquina/")
        assert shown.process.returncode is None, "q was typed, not pressed"


async def test_what_the_mouse_is_dragged_over_reaches_the_clipboard(recordings):
    async with terminal("demo") as shown:
        await shown.shows("technical support")
        await shown.shows("internet connection")
        shown.type(b"g")
        for button, column, end in ((0, 1, "M"), (32, 60, "M"), (0, 80, "m")):
            shown.type(f"\x1b[<{button};{column};10{end}".encode())
        shown.type(b"c")
        await until(lambda: _COPIED.search(shown.written))
        (copied,) = [base64.b64decode(code).decode() for code in _COPIED.findall(shown.written)]
        assert copied in re.sub(" +", " ", shown.plain)
        shown.type(b"q")
        assert await shown.ends() == 0


async def test_ctrl_z_suspends_the_screen_and_fg_comes_back(recordings):
    async with terminal("watch", "--recordings", str(recordings)) as shown:
        await shown.shows("No calls in ")
        shown.type(b"\x1a")
        process = psutil.Process(shown.process.pid)
        await until(lambda: process.status() == psutil.STATUS_STOPPED, every=SCAN_S)
        await until(lambda: SHOW_CURSOR in shown.written.rpartition(LEAVE_SCREEN)[2])
        assert shown.is_usable()
        end = len(shown.plain)
        shown.process.send_signal(signal.SIGCONT)
        await shown.shows("No calls in ", end)
        shown.type(b"\x03")
        assert await shown.ends() == 0


async def test_a_screen_that_crashes_leaves_a_usable_terminal_and_says_where_the_traceback_is(
    recordings, tmp_path
):
    (tmp_path / "sitecustomize.py").write_text(
        "import tui.widgets.bottom as b\n"
        "def show(self, troubles): raise RuntimeError('a bug')\n"
        "b.TroubleLine.show = show\n"
    )
    log = tmp_path / "log"
    variables = {"PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    arguments = ["watch", "--recordings", str(recordings), "--log-file", str(log)]
    async with terminal(*arguments, **variables) as shown:
        assert await shown.ends() == 1, "which is that something failed"
        assert shown.is_usable()
        assert "Traceback" not in shown.plain
        assert f"the traceback is in {log}" in shown.plain.lower().replace("\r\n", "")
        assert "a bug" in log.read_text()


@pytest.mark.parametrize(
    "variables",
    [{"TERM": "dumb"}, {"TERM": ""}],
)
async def test_where_no_screen_can_be_drawn_a_channel_is_asked_for(recordings, variables):
    async with terminal("watch", "--recordings", str(recordings), **variables) as shown:
        assert await shown.ends() == 2
        assert "name a channel: streamer watch" in shown.plain
        assert ENTER_SCREEN not in shown.written


@pytest.mark.parametrize("flag", ["--plain", "--json"])
async def test_where_lines_are_asked_for_no_screen_is_drawn(recordings, flag):
    async with terminal("watch", "--recordings", str(recordings), flag) as shown:
        await shown.shows("Showing all calls")
        shown.process.send_signal(signal.SIGINT)
        assert await shown.ends() == 0
        assert ENTER_SCREEN not in shown.written


async def test_no_color_means_none(recordings):
    async with terminal("watch", "--recordings", str(recordings), NO_COLOR="1") as shown:
        await shown.shows("No calls in ")
        shown.type(b"q")
        await shown.ends()
        colours = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", shown.written)
        assert all(len(set(colour)) == 1 for colour in colours), "only shades of grey"


async def test_without_utf8_only_ascii_is_written(recordings):
    variables = {"PYTHONUTF8": "0", "LC_ALL": "en_US.ISO-8859-1", "PYTHONCOERCECLOCALE": "0"}
    async with terminal("watch", "--recordings", str(recordings), **variables) as shown:
        await shown.shows("No calls in ")
        shown.type(b"?")
        await shown.shows("On every screen")
        shown.type(b"q")
        await shown.ends()
        assert shown.written.isascii()


async def test_calls_that_come_are_listed_opened_and_left_to_their_listener(recordings):
    arguments = ["serve", "--accept-unknown", "--audiosocket", "127.0.0.1:0", "--model", "demo"]
    async with terminal(*arguments, "--recordings", str(recordings)) as shown:
        await shown.shows("AudioSocket at 127.0.0.1:")
        port = int(re.findall(r"AudioSocket at 127.0.0.1:(\d+)", shown.plain)[-1])
        script = load_caller(DEMO_CALL)
        calling = asyncio.ensure_future(
            run_callers([Caller(script, uuid4(), loop=True)], host="127.0.0.1", port=port)
        )
        await shown.shows("● live")
        shown.type(b"\r")
        await shown.shows("technical support")
        shown.type(b"q")
        assert await shown.ends() == 0
        assert shown.is_usable()
        assert "recording the live call to its end" in shown.plain
        (folder,) = [path.parent for path in recordings.glob("*/call.json")]
        assert CallFolder(folder).is_live()
        calling.cancel()
        await asyncio.wait([calling])
        await until(
            lambda: not CallFolder(folder).is_live() and not find_listeners(recordings),
            every=SCAN_S,
        )
