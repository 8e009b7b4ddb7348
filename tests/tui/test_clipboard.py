import os
import shutil
import subprocess

import pytest

from tui.clipboard import copy_by_command

TEXT = "«Can I have your account number?» 订单\nand a second line"


@pytest.fixture
def tmux(tmp_path):
    """Run a command of a tmux of our own; nobody else's is touched."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    socket = tmp_path / "tmux"

    def run(*command):
        done = subprocess.run(
            ["tmux", "-f", os.devnull, "-S", socket, *command],
            check=True,
            capture_output=True,
            text=True,
            env={key: value for key, value in os.environ.items() if key != "TMUX"},
        )
        return done.stdout.removesuffix("\n")

    run("new-session", "-d", "-x", "80", "-y", "24", "cat")
    yield run
    run("kill-server")


def inside(tmux):
    place = tmux("display-message", "-p", "#{socket_path},#{pid},0")
    return {"PATH": os.environ["PATH"], "TMUX": place, "TERM": "screen-256color"}


def test_a_text_is_copied_into_tmux(tmux):
    copied = copy_by_command(TEXT, inside(tmux))
    assert copied.is_done
    assert tmux("show-buffer") == TEXT


def test_a_tmux_that_keeps_it_to_itself_is_said_with_what_to_set(tmux):
    tmux("set-option", "-s", "set-clipboard", "off")
    copied = copy_by_command(TEXT, inside(tmux))
    assert tmux("show-buffer") == TEXT
    assert "set -s set-clipboard external" in copied.note


def test_a_tmux_that_is_gone_is_said():
    copied = copy_by_command(TEXT, {"PATH": os.environ["PATH"], "TMUX": "/nowhere,1,0"})
    assert not copied.is_done


@pytest.mark.parametrize(
    ("name", "variable"),
    [("wl-copy", "WAYLAND_DISPLAY"), ("xclip", "DISPLAY"), ("xsel", "DISPLAY"), ("pbcopy", "HOME")],
)
def test_a_desktop_takes_it_through_its_command(tmp_path, monkeypatch, name, variable):
    command = tmp_path / name
    command.write_text(f'#!/bin/sh\n/bin/cat > "{tmp_path}/taken"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    copied = copy_by_command(TEXT, {"PATH": str(tmp_path), variable: "x"})
    assert (copied.is_done, copied.note) == (True, "")
    assert (tmp_path / "taken").read_text(encoding="utf-8") == TEXT


def test_a_helper_that_fails_or_hangs_up_leaves_it_to_the_terminal(tmp_path, monkeypatch):
    command = tmp_path / "xclip"
    command.write_text("#!/bin/sh\nexit 1\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    copied = copy_by_command(TEXT, {"PATH": str(tmp_path), "DISPLAY": ":0", "TERM": "xterm"})
    assert "OSC 52" in copied.note


@pytest.mark.parametrize(
    "environment", [{"TERM": "linux"}, {"TERM_PROGRAM": "Apple_Terminal"}, {"VTE_VERSION": "7000"}]
)
def test_a_terminal_that_takes_nothing_is_said(monkeypatch, environment):
    monkeypatch.setenv("PATH", "")
    assert not copy_by_command(TEXT, {**environment, "PATH": ""}).is_done
