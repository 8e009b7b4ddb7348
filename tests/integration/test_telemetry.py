"""Nothing is asked of anybody: every command runs in a network where each name that is asked for is noted."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from streamer.cli import app
from streamer.cli.demo import demo_call
from tests.fakes import lonely

FINALS = 7
"""Of the demo that are waited for, half a minute; without the switches a library asks for its server after ten seconds."""


def _may_unshare() -> bool:
    tool = shutil.which("unshare")
    return tool is not None and not subprocess.run([tool, "-rmn", "true"], check=False).returncode


needs_namespaces = pytest.mark.skipif(
    not _may_unshare(), reason="network namespaces are not allowed here (unshare -rmn)"
)

COMMANDS: dict[str, tuple[list[str], int]] = {
    "record": (["x", "--url", "ws://127.0.0.1:1/ws", "-q"], 0),
    "watch": (["x", "--url", "ws://127.0.0.1:1/ws", "--model", "demo", "--plain"], 0),
    "watch --web": (["--web", "--port", "0", "--model", "demo"], 1),
    "serve": (["--audiosocket", "127.0.0.1:0", "--model", "demo", "--plain"], 1),
    "demo": (["--plain"], FINALS),
    "transcribe": ([str(demo_call()), "--model", "demo"], 0),
    "resume": (["--all", "--model", "demo"], 0),
    "simulate": ([str(demo_call()), "--port", "0"], 1),
    "stop": (["x"], 0),
    "play": (["x", "--flush"], 0),
    "calls": ([], 0),
    "channels": ([], 0),
    "call": (["100", "--plain"], 0),
    "doctor": ([], 0),
    "show": (["last"], 0),
    "stats": ([], 0),
    "report": (["--format", "html"], 0),
    "search": (["hello"], 0),
    "marks": ([], 0),
    "export": (["last", "--format", "txt"], 0),
    "delete": (["last", "--yes"], 0),
    "backup": (["{home}/copy"], 0),
    "alerts list": ([], 0),
    "alerts test": (["--text", "hello"], 0),
    "config": ([], 0),
    "config sample": ([], 0),
    "config show": ([], 0),
    "config check": ([], 0),
    "config path": ([], 0),
    "config asterisk": (["--version", "22.9", "--via", "websocket"], 0),
    "config yeastar": ([], 0),
    "help": (["watch"], 0),
    "version": ([], 0),
    "completion": (["bash"], 0),
    "man": ([], 0),
    "service": ([], 0),
    "webhooks list": ([], 0),
    "webhooks resend": ([], 0),
    "models list": ([], 0),
    "models path": (["demo"], 0),
    "models check": (["demo"], 0),
}
"""What each command is run with, and after how many lines it is told to end."""

_WITHOUT_RECORDINGS = {"demo", "simulate", "alerts list"} | {
    name
    for name in COMMANDS
    if name.split()[0] in ("config", "models", "help", "version", "completion", "service", "man")
}


def _all_commands(group: typer.core.TyperGroup) -> set[str]:
    names = set()
    for name, command in group.commands.items():
        below = _all_commands(command) if isinstance(command, typer.core.TyperGroup) else {""}
        names |= {f"{name} {rest}".strip() for rest in below}
    return names


def test_every_command_is_tried_but_the_one_that_downloads():
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    tried = {name.partition(" --")[0] for name in COMMANDS}
    assert _all_commands(group) - tried == {"models pull"}


@needs_namespaces
def test_no_command_asks_for_any_name(tmp_path):
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    for folder in (home, temporary):
        folder.mkdir()
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (temporary / ".ses").symlink_to(victim)
    plan = [
        ([*name.split()[:1], *_arguments(name, home)], lines)
        for name, (_, lines) in COMMANDS.items()
    ]
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(temporary)}
    environment.pop("XDG_CACHE_HOME", None)
    environment |= {"STREAMER_ARI_USER": "monitor", "STREAMER_ARI_PASSWORD": "x"}
    ran = subprocess.run(
        ["unshare", "-rmn", sys.executable, lonely.__file__, json.dumps(plan)],
        env={**environment, "PYTHONPATH": str(Path(lonely.__file__).parents[2])},
        capture_output=True,
        check=True,
    )
    outcome = json.loads(ran.stdout)
    assert outcome["asked"] == []
    assert dict(zip(COMMANDS, outcome["codes"], strict=True))["transcribe"] == 0
    assert [path for path in home.rglob("*onnxruntime*") if path.exists()] == []
    assert victim.read_text() == "mine"


def _arguments(name: str, home: Path) -> list[str]:
    arguments = [*name.split()[1:2], *COMMANDS[name][0]]
    if name.startswith("watch --web"):
        arguments = COMMANDS[name][0]
    if name in _WITHOUT_RECORDINGS:
        return arguments
    arguments = [argument.replace("{home}", str(home)) for argument in arguments]
    return [*arguments, "--recordings", str(home / name.replace(" ", ""))]
