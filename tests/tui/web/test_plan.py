"""A tab's command: what a shell makes of it is what was meant, whatever folders are called."""

import shlex
import subprocess
import sys

import pytest

from tui.web.plan import MODULE, TabPlan, parse_plan

HOSTILE = [
    "a b",
    "it's",
    '"',
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "-x",
    "a\nb",
    "é",
    "",
]
PRINT = "import sys; print(*sys.argv[1:], sep='\\0', end='')"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_shell_gives_the_tab_what_was_meant(name, tmp_path, monkeypatch):
    plan = TabPlan(name, name, name, name, name)
    program = shlex.join([sys.executable, "-c", PRINT])
    command = plan.command().replace(f"{sys.executable} -m {MODULE}", program, 1)
    run = subprocess.run(
        command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert parse_plan(run.stdout.split("\0")) == plan
    assert list(tmp_path.iterdir()) == []


def test_the_command_is_nothing_but_fixed_parts():
    command = TabPlan("r", "d", "l", "m", "f").command()
    assert shlex.split(command) == [
        "exec",
        sys.executable,
        "-m",
        MODULE,
        "--recordings=r",
        "--db=d",
        "--log_file=l",
        "--model=m",
        "--folder=f",
        "--theme=",
        "2>/dev/null",
    ]
