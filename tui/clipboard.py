"""Copying where a terminal's own way (OSC 52) does not reach: into tmux, screen, and the desktop, through their commands.

tmux and screen stand between us and the terminal and keep to themselves, by default, what we ask it for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PATIENCE_S = 2.0

_DESKTOP: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("", ("pbcopy",)),
)
"""The variable that says that a desktop is there, and the command that takes its clipboard."""


@dataclass(frozen=True, slots=True)
class Copied:
    """Whether a text was copied, as far as can be known, and what is to be said besides."""

    is_done: bool
    note: str = ""


def copy_by_command(text: str, environment: Mapping[str, str]) -> Copied:
    """Hand a text to what stands between us and the terminal, or else to the desktop; blocks, for a few seconds at most."""
    if environment.get("TMUX"):
        return _copy_in_tmux(text, environment)
    if environment.get("STY"):
        return _copy_in_screen(text, environment)
    for variable, command in _DESKTOP:
        is_there = not variable or environment.get(variable)
        if is_there and shutil.which(command[0]) and _run(command, environment, text) is not None:
            return Copied(is_done=True)
    return _judge_terminal(environment)


def _copy_in_tmux(text: str, environment: Mapping[str, str]) -> Copied:
    setting = _run(("tmux", "show-options", "-sv", "set-clipboard"), environment)
    has_sent = _run(("tmux", "load-buffer", "-w", "-"), environment, text) is not None
    if not has_sent and _run(("tmux", "load-buffer", "-"), environment, text) is None:
        return Copied(is_done=False, note="tmux did not take it; select with the mouse and Shift")
    if not has_sent:
        return Copied(is_done=True, note="into tmux alone, which is too old to pass it on")
    if setting == "off":
        return Copied(
            is_done=True,
            note="into tmux alone; for the clipboard: tmux set -s set-clipboard external",
        )
    features = _run(("tmux", "display-message", "-p", "#{client_termfeatures}"), environment)
    if features is not None and "clipboard" not in features:
        terminal = _run(("tmux", "display-message", "-p", "#{client_termname}"), environment)
        return Copied(
            is_done=True,
            note="into tmux; if the clipboard has nothing:"
            f" tmux set -as terminal-features ',{terminal or 'xterm*'}:clipboard', and attach again",
        )
    return Copied(is_done=True)


def _copy_in_screen(text: str, environment: Mapping[str, str]) -> Copied:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="streamer-") as file:
        file.write(text)
        file.flush()
        is_done = _run(("screen", "-X", "readbuf", file.name), environment) is not None
        # It reads the file some time after the command has ended; its answer comes after that.
        _run(("screen", "-Q", "echo", ""), environment)
    if is_done:
        return Copied(is_done=True, note="into screen; paste it with Ctrl-A ]")
    return Copied(is_done=False, note="screen did not take it; select with the mouse and Shift")


def _judge_terminal(environment: Mapping[str, str]) -> Copied:
    """Say which terminals are known to pass over what they are asked for."""
    if environment.get("TERM") == "linux":
        return Copied(is_done=False, note="the console has no clipboard; use tmux or a terminal")
    if environment.get("TERM_PROGRAM") == "Apple_Terminal":
        return Copied(
            is_done=False,
            note="Terminal.app takes no text from another machine; select with the mouse and Fn, or use iTerm2",
        )
    if environment.get("VTE_VERSION"):
        return Copied(
            is_done=False,
            note="this terminal takes no text; select with the mouse and Shift, or install wl-copy or xclip",
        )
    return Copied(is_done=True, note="if nothing is pasted, allow OSC 52 in your terminal")


def _run(command: Sequence[str], environment: Mapping[str, str], text: str = "") -> str | None:
    """Return what a command prints, None if it fails; a helper that stays in the background keeps no pipe of ours."""
    with tempfile.TemporaryFile() as printed:
        try:
            result = subprocess.run(
                command,
                input=text.encode("utf-8", "replace"),
                stdout=printed,
                stderr=subprocess.DEVNULL,
                env=dict(environment),
                timeout=_PATIENCE_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        printed.seek(0, os.SEEK_SET)
        return None if result.returncode else printed.read().decode("utf-8", "replace").strip()
