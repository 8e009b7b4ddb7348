"""What a tab is started with: the places of calls as a command line, and what its browser asked for as a line of JSON; and both back.

A shell gets the command. Nothing in it comes from a PBX or a browser, nothing is a secret, and all of it is quoted.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tui.web.address import Address

MODULE = "tui.web.tab"


@dataclass(frozen=True, slots=True)
class Opening:
    """What a browser asks of a tab as it opens: the size of its terminal in cells, and the address to show."""

    width: int
    height: int
    address: str = ""
    """Empty for what the plan says."""


def parse_opening(line: bytes) -> Opening:
    """Read an opening that was written as JSON, field by field."""
    fields = json.loads(line)
    return Opening(int(fields["width"]), int(fields["height"]), str(fields["address"]))


@dataclass(frozen=True, slots=True)
class TabPlan:
    """Where a tab finds calls, and what it opens with."""

    recordings: str
    db: str
    log_file: str
    model: str
    """Name of the speech model that the server has, to be shown; empty if it has none."""
    folder: str
    """The call to open with; empty for all calls."""
    theme: str = ""
    """Its colours; empty for those used last on this machine."""
    read_only: str = ""
    """`yes` for a tab that only shows."""

    @property
    def call_id(self) -> str:
        """The call to open with."""
        return Path(self.folder).name

    @property
    def address(self) -> str:
        """The address to open with."""
        return str(Address(self.call_id))

    def command(self) -> str:
        """Return the command for a shell; the tab takes the shell's place, and says nothing but what Textual's driver says."""
        values = {n: v for n, v in asdict(self).items() if v or n != "read_only"}
        flags = [f"--{name}={value}" for name, value in values.items()]
        return f"exec {shlex.join([sys.executable, '-m', MODULE, *flags])} 2>/dev/null"


def parse_plan(arguments: Sequence[str]) -> TabPlan:
    """Read what `TabPlan.command` wrote."""
    parser = argparse.ArgumentParser(prog=MODULE, allow_abbrev=False)
    for name in TabPlan.__slots__:
        parser.add_argument(f"--{name}", required=name != "read_only", default="")
    return TabPlan(**vars(parser.parse_args(arguments)))
