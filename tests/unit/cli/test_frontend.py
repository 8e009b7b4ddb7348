"""The seam to a screen: how it is found, what it is asked, and what becomes of its exit code."""

import importlib.metadata
import subprocess
import sys

import pytest

from streamer.calls.outcome import WatchOutcome
from streamer.cli import frontend
from streamer.cli.frontend import (
    Place,
    ScreenRequest,
    find_frontend,
    find_server,
    run_frontend,
    run_server,
)
from streamer.cli.watch import choose_place
from streamer.config import Settings
from streamer.core.events import EndReason
from streamer.errors import UsageError
from streamer.recording.writer import create_recording


@pytest.fixture
def on_a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(getattr(sys, name), "isatty", lambda: True, raising=False)


def points(monkeypatch, *values):
    found = [importlib.metadata.EntryPoint("screen", value, frontend.GROUP) for value in values]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: found)


@pytest.mark.usefixtures("on_a_terminal")
def test_a_screen_is_found_by_its_entry_point(monkeypatch):
    points(monkeypatch, "tui.nowhere:run", "tui.frontend:run_screen")
    found = find_frontend()
    assert found is not None
    assert found.__name__ == "run_screen"


@pytest.mark.usefixtures("on_a_terminal")
@pytest.mark.parametrize("values", [[], ["tui.nowhere:run_screen"]])
def test_without_a_screen_that_can_be_imported_there_is_none(monkeypatch, values):
    points(monkeypatch, *values)
    assert find_frontend() is None


@pytest.mark.usefixtures("on_a_terminal")
@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
def test_there_is_no_screen_unless_all_streams_are_the_terminal(monkeypatch, name):
    points(monkeypatch, "tui.frontend:run_screen")
    monkeypatch.setattr(getattr(sys, name), "isatty", lambda: False, raising=False)
    assert find_frontend() is None


@pytest.mark.usefixtures("on_a_terminal")
@pytest.mark.parametrize("term", ["", "dumb"])
def test_a_dumb_terminal_gets_lines(monkeypatch, term):
    points(monkeypatch, "tui.frontend:run_screen")
    monkeypatch.setenv("TERM", term)
    assert find_frontend() is None


def test_the_server_for_browsers_is_found_without_a_terminal(monkeypatch):
    points(monkeypatch, "tui.nowhere:run", "tui.web.frontend:run_web")
    assert find_server().__name__ == "run_web"


def test_without_a_server_for_browsers_the_flag_is_a_usage_error(monkeypatch):
    points(monkeypatch, "tui.nowhere:run")
    with pytest.raises(UsageError, match="textual-serve"):
        find_server()


def test_browsers_find_the_screen_on_this_machine_unless_something_else_is_said():
    def choose(host, port):
        return choose_place(is_web=True, host=host, port=port, is_piped=False)

    assert choose(None, None) == Place("127.0.0.1", 8000)
    assert choose("::1", 0) == Place("::1", 0)
    assert choose_place(is_web=False, host=None, port=None, is_piped=True) is None


@pytest.mark.parametrize(
    ("is_web", "host", "port", "is_piped"),
    [(False, "::1", None, False), (False, None, 0, False), (True, None, None, True)],
)
def test_flags_for_browsers_that_contradict_others_are_refused(is_web, host, port, is_piped):
    with pytest.raises(UsageError, match="--web"):
        choose_place(is_web=is_web, host=host, port=port, is_piped=is_piped)


@pytest.mark.parametrize(("code", "is_over", "expected"), [(0, True, 3), (143, True, 143)])
def test_a_server_ends_with_the_code_of_a_screen(code, is_over, expected):
    request = request_with(WatchOutcome(exit_code=3, is_over=is_over))
    assert run_server(lambda request, place: code, request, Place()) == expected


def request_with(outcome):
    return ScreenRequest(Settings(), lambda bus: None, outcome=outcome)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("code", "is_over", "expected"), [(0, False, 0), (0, True, 3), (143, True, 143), (1, False, 1)]
)
def test_the_exit_code_is_the_screens_or_that_of_a_call_that_has_ended(code, is_over, expected):
    request = request_with(WatchOutcome(exit_code=3, is_over=is_over))
    assert run_frontend(lambda _: code, request) == expected


def test_what_is_still_recorded_is_said_and_nothing_else(recordings, capsys):
    recording = create_recording(recordings, source="s", url="", legs=())
    request = request_with(WatchOutcome(folder=recording.folder))
    name = recording.call.id
    assert run_frontend(lambda _: 0, request) == 0
    assert capsys.readouterr().err == f"still recording {name}; stop: streamer stop {name}\n"
    assert run_frontend(lambda _: 0, request, goes_on=False) == 0
    recording.finish(EndReason.HANG_UP)
    assert run_frontend(lambda _: 0, request) == 0
    assert capsys.readouterr().err == ""


def test_nothing_heavy_is_imported_before_the_first_paint():
    program = (
        "import sys, streamer.cli, streamer.cli.watch, streamer.cli.demo, tui.frontend\n"
        "heavy = {'numpy', 'av', 'onnxruntime', 'faster_whisper', 'ctranslate2', 'huggingface_hub',"
        " 'streamer.calls.watching', 'websockets', 'aiosqlite', 'aiohttp', 'textual_serve'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == ""


def test_the_screen_says_that_it_is_being_opened_before_what_it_needs_is_imported():
    program = (
        "import sys, streamer.cli\n"
        "from streamer.cli import output\n"
        "output.can_show_screen = lambda: True\n"
        "def spy(text):\n"
        "    print(repr(text), *sorted({'textual', 'streamer.cli.demo'} & set(sys.modules)))\n"
        "    if 'opening' in text: sys.modules['streamer.cli.demo'] = None\n"
        "output._opening._write = spy\n"
        "sys.argv = ['streamer', 'demo']\n"
        "streamer.cli.main()"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.splitlines() == ["'streamer: opening...'", r"'\r\x1b[K' streamer.cli.demo"]
    assert run.stderr.startswith("streamer: internal error")


def test_the_command_line_never_imports_the_screen():
    program = (
        "import sys, streamer.cli, streamer.cli.watch, streamer.cli.demo, streamer.calls.watching\n"
        "print(*sorted({'tui', 'textual', 'textual_serve', 'aiohttp'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == ""
