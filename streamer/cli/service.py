"""`streamer service`: a systemd unit that runs `serve` and leaves calls alone when it is stopped or upgraded.

`KillMode=process` ends the command alone: its listener records live calls to their ends, and the keeper guards them, in a runtime
folder that is preserved for it. Nothing forbids memory that is written and executed: the engine makes code for this processor.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from streamer.cli import output
from streamer.errors import ExitCode, UsageError

_NAME = "streamer.service"
_PLAIN = re.compile(r"[A-Za-z0-9_./:@=,+-]+")

_UNIT = """\
# {place}
{before}[Unit]
Description=Record and transcribe calls that Asterisk sends here
After=network-online.target
Wants=network-online.target
# An address that is not there yet, or a full disk, passes: try for ever.
StartLimitIntervalSec=0

[Service]
{user}ExecStart={command}
KillMode=process
SuccessExitStatus=143
# A wrong flag or setting (2) stays wrong.
Restart=on-failure
RestartSec=2
RestartPreventExitStatus=2
# It starts its engine and its listener again by itself.
OOMPolicy=continue
StandardOutput=null
StandardError=journal
LimitNOFILE=8192
UMask=0077

# Recordings, database and models; the folder in which the keeper of live calls listens outlives the command.
StateDirectory=streamer
StateDirectoryMode=0700
RuntimeDirectory=streamer
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
Environment=STREAMER_RECORDINGS=%S/streamer/recordings
Environment=STREAMER_MODELS_DIR=%S/streamer/models
{environment}
# What streamer never needs.
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
{hardening}
[Install]
WantedBy={target}
"""

_SYSTEM_BEFORE = """\
#   useradd --system --no-create-home streamer
#   systemctl daemon-reload && systemctl enable --now streamer
# Settings, and where calls may come to, are read from /etc/streamer/config.toml if it is there.
"""

_SYSTEM_ENVIRONMENT = """\
Environment=STREAMER_LOG_FILE=%L/streamer/streamer.log
Environment=XDG_CONFIG_HOME=/etc XDG_CACHE_HOME=%C/streamer
LogsDirectory=streamer
LogsDirectoryMode=0700
CacheDirectory=streamer
CacheDirectoryMode=0700
"""

_SYSTEM_HARDENING = """\
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
# Not PrivateTmp: a listener that outlives the command would lose its files.
ReadWritePaths=/tmp
# Take the next line out for a GPU.
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
"""

_USER_BEFORE = """\
#   systemctl --user daemon-reload && systemctl --user enable --now streamer
#   loginctl enable-linger    # so that it runs, and calls live, when you are logged out
"""


def run_service(context: typer.Context, flags: Sequence[str], *, is_user: bool) -> int:
    """Print the unit; `flags` are those of `serve`.

    Raises:
        UsageError: A flag cannot stand in a unit.
        typer.TyperException: `serve` would not take them.
    """
    program = _find_program()
    command = " ".join(map(_quote, (program, "serve", "--plain", "--no-wait", *flags)))
    streamer: Any = context.find_root().command
    streamer.commands["serve"].make_context("serve", list(flags), parent=context.find_root())
    output.data(_render(command, is_user=is_user).rstrip("\n"))
    if not is_user and program.startswith(("/root/", "/home/")):
        output.talk(
            f"warning: {program} lies in a home, which the service cannot read; install streamer elsewhere, such as in /opt/streamer"
        )
    return ExitCode.DONE


def _render(command: str, *, is_user: bool) -> str:
    place = "~/.config/systemd/user" if is_user else "/etc/systemd/system"
    return _UNIT.format(
        place=f"{place}/{_NAME}",
        before=_USER_BEFORE if is_user else _SYSTEM_BEFORE,
        user="" if is_user else "User=streamer\n",
        command=command,
        environment="" if is_user else _SYSTEM_ENVIRONMENT,
        hardening="" if is_user else _SYSTEM_HARDENING,
        target="default.target" if is_user else "multi-user.target",
    )


def _find_program() -> str:
    """Return the whole path of the program that was called, or of the one of its interpreter; links stay what they are."""
    called = shutil.which(sys.argv[0]) or str(Path(sys.executable).with_name("streamer"))
    return str(Path(called).absolute())


def _quote(word: str) -> str:
    """Return a word as systemd reads it back."""
    if not word.isprintable():
        raise UsageError("a flag of the service must be printable, and on one line")
    word = word.replace("%", "%%").replace("$", "$$")
    if _PLAIN.fullmatch(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
