"""The unit that `streamer service` prints is one, and lets calls live."""

import asyncio
import os
import shutil
import subprocess

import pytest

from tests.fakes.command_line import run_here

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


async def read_unit(*flags):
    code, out, _ = await run_here("service", *flags)
    assert code == 0
    return out


@pytest.mark.parametrize("flags", [[], ["--user"]])
async def test_stopping_the_service_ends_the_command_alone(flags):
    lines = (await read_unit(*flags)).splitlines()
    assert {"KillMode=process", "RuntimeDirectory=streamer", "RuntimeDirectoryPreserve=yes"} <= {
        *lines
    }
    assert ("User=streamer" in lines) is (not flags)
    assert "StateDirectory=streamer" in lines


async def test_what_goes_wrong_is_in_the_journal_and_passes_by_itself():
    lines = (await read_unit()).splitlines()
    # stderr goes where stdout goes unless it is said
    assert {"StandardOutput=null", "StandardError=journal"} <= {*lines}
    assert {"Restart=on-failure", "StartLimitIntervalSec=0", "OOMPolicy=continue"} <= {*lines}
    assert "RestartPreventExitStatus=2" in lines


async def test_flags_of_serve_stand_in_the_command_as_systemd_reads_them():
    unit = await read_unit("--", "--accept-unknown", "--prompt", 'Ask "Ms 100 % $HOME"')
    command = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    assert command.endswith(
        r'serve --plain --no-wait --accept-unknown --prompt "Ask \"Ms 100 %% $$HOME\""'
    )
    code, out, err = await run_here("service", "--", "a\nExecStart=b")
    assert (code, out) == (2, "")
    assert "printable" in err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--nope"], "No such option: --nope"),
        (["x"], "Too many arguments: x"),
        (["--max-calls", "x"], "'--max-calls': it must be a whole number"),
    ],
)
async def test_flags_that_serve_would_not_take_make_no_unit(flags, said):
    code, out, err = await run_here("service", "--", *flags)
    assert (code, out) == (2, "")
    assert said in err
    assert "(see streamer serve --help)" in err


@needs_systemd
@pytest.mark.parametrize("flags", [[], ["--user"]])
async def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path, flags):
    path = tmp_path / "streamer.service"
    path.write_text(await read_unit(*flags))
    ran = await asyncio.to_thread(
        subprocess.run,
        ["systemd-analyze", "verify", "--man=no", *flags, str(path)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
