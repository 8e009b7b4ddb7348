"""The first hour of an administrator, a supervisor and a developer, from an empty home to the first words, in tmux.

`python -m tools.first_hour [PATH/streamer] [FOLDER]` tries the streamer at PATH, such as one that pipx has installed, keeps what the terminals
showed in FOLDER, and prints how long each role waited for words. A stand-in plays the bundled call, for which the bundled model suffices.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from streamer.cli.demo import demo_call

PATIENCE_S = 60.0
"""What the first words may take, for each role."""

_LOOK_S = 0.1
_WORDS = "technical support"


@dataclass
class Desk:
    """One role's terminals, all in a home that is empty at first."""

    streamer: str
    home: Path
    captures: Path
    role: str
    began: float = field(default_factory=time.monotonic)

    @property
    def folder(self) -> Path:
        """Where commands run, and recordings go."""
        return self.home / "work"

    def open(self, terminal: str, size: str) -> None:
        """Open a terminal with a shell, and no settings of this machine's."""
        width, height = size.split("x")
        own = {"HOME": self.home, "XDG_RUNTIME_DIR": self.home, "PS1": "$ ", "LANG": "C.UTF-8"}
        variables = [f"{name}={value}" for name, value in own.items()]
        path = f"PATH={Path(self.streamer).parent}:{os.environ['PATH']}"
        shell = ["env", "-i", path, "TERM=tmux-256color", *variables, "sh"]
        place = ["-c", str(self.folder), "-x", width, "-y", height]
        self._tmux("new-session", "-d", "-s", terminal, *place, *shell)

    def type(self, terminal: str, text: str, *, is_key: bool = False) -> None:
        """Type a line, or press a key."""
        self._tmux("send-keys", "-t", f"={terminal}:", text, *([] if is_key else ["Enter"]))

    def wait(self, terminal: str, text: str) -> float:
        """Return the seconds since the role began, once its terminal shows a text.

        Raises:
            TimeoutError: It does not.
        """
        until = time.monotonic() + PATIENCE_S
        while text not in (shown := self.look(terminal)):
            if time.monotonic() > until:
                raise TimeoutError(f"{self.role}: {text!r} is not in\n{shown}")
            time.sleep(_LOOK_S)
        return time.monotonic() - self.began

    def look(self, terminal: str) -> str:
        """Return what a terminal shows."""
        return self._tmux("capture-pane", "-p", "-t", f"={terminal}:")

    def keep(self, terminal: str, name: str) -> None:
        """Keep what a terminal shows."""
        (self.captures / f"{self.role}-{name}.txt").write_text(self.look(terminal))

    def close(self) -> None:
        """End the terminals, and so what runs in them."""
        with suppress(subprocess.CalledProcessError):
            self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-f", os.devnull, "-S", str(self.home / "tmux"), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def administer(desk: Desk) -> float:
    """Read the first steps, see what is missing, serve, and have the PBX send a call."""
    desk.open("one", "80x24")
    desk.open("two", "120x40")
    desk.type("one", "streamer")
    desk.wait("one", "All commands")
    desk.keep("one", "first-steps")
    desk.type("two", "streamer doctor")
    address = f"127.0.0.1:{_free_port()}"
    desk.type("one", f"streamer serve --accept-unknown --model demo --audiosocket {address}")
    desk.wait("one", f"AudioSocket at {address}")
    desk.keep("one", "waiting")
    desk.wait("two", "terminal")
    desk.keep("two", "doctor")
    desk.type("two", f"clear; streamer simulate {demo_call()} --audiosocket {address}")
    words = desk.wait("one", "Thank you")
    desk.keep("one", "words")
    desk.type("one", "Enter", is_key=True)
    desk.wait("one", _WORDS)
    desk.keep("one", "call")
    return words


def supervise(desk: Desk) -> float:
    """Watch the bundled call, ask for the keys, and leave."""
    desk.open("one", "80x24")
    desk.type("one", "streamer demo")
    words = desk.wait("one", _WORDS)
    desk.keep("one", "words")
    desk.type("one", "?", is_key=True)
    desk.wait("one", "Esc close")
    desk.keep("one", "keys")
    return words


def develop(desk: Desk) -> float:
    """Follow events as JSON from a stand-in PBX, then list, search and export."""
    desk.open("one", "120x40")
    desk.open("two", "120x40")
    port = _free_port()
    desk.type("two", f"streamer simulate {demo_call()} --port {port}")
    desk.wait("two", "demo;2")
    legs = "caller='Simulated/demo;1' agent='Simulated/demo;2'"
    url = f"ws://127.0.0.1:{port}/ws"
    final = "| grep --line-buffered '\"final\"'"
    desk.type("one", f"streamer watch {legs} --url {url} --model demo --json {final}")
    words = desk.wait("one", _WORDS)
    desk.keep("one", "events")
    desk.type("one", "C-c", is_key=True)
    looking = ("calls --json", "search support --json", "export last --format srt")
    for command in (*looking, "stop last"):
        name = command.partition(" ")[0]
        desk.type("one", f"clear; streamer {command}; echo {name}: exit code $?")
        desk.wait("one", f"{name}: exit code 0")
        desk.keep("one", name)
    return words


ROLES: dict[str, Callable[[Desk], float]] = {
    "administrator": administer,
    "supervisor": supervise,
    "developer": develop,
}


@contextmanager
def open_desk(streamer: str, captures: Path, role: str) -> Iterator[Desk]:
    """Give a role an empty home and a tmux of its own, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="streamer-hour-", ignore_cleanup_errors=True) as home:
        desk = Desk(streamer, Path(home), captures, role)
        desk.folder.mkdir()
        try:
            yield desk
        finally:
            desk.close()


def main(arguments: list[str]) -> int:
    """Try all three, print how long each took, and return whether each was in time."""
    streamer = arguments[0] if arguments else str(Path(sys.executable).with_name("streamer"))
    captures = Path(arguments[1] if len(arguments) > 1 else tempfile.mkdtemp(prefix="first-hour-"))
    captures.mkdir(parents=True, exist_ok=True)
    if not shutil.which("tmux"):
        say("tmux is missing: apt install tmux")
        return 1
    code = 0
    for role, play in ROLES.items():
        with open_desk(streamer, captures, role) as desk:
            try:
                say(f"{role}: first words after {play(desk):.1f} s")
            except TimeoutError as error:
                say(str(error))
                code = 1
    say(f"what the terminals showed: {captures}")
    return code


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
