"""`make demo`: a captured call is played by the stand-in Asterisk and recorded, with its level in the terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TRACE = Path(__file__).parents[1] / "tests" / "data" / "traces" / "stream_two_legs_bridged.jsonl"
STREAMER = [sys.executable, "-m", "streamer"]


def main() -> int:
    """Play and record; return the recorder's exit code."""
    simulate = [*STREAMER, "simulate", str(TRACE), "--port", "0"]
    with subprocess.Popen(
        simulate, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as pbx:
        assert pbx.stdout is not None
        assert pbx.stderr is not None
        names = [pbx.stdout.readline().split("\t")[0].strip("'") for _ in range(2)]
        url = next(
            word for word in pbx.stderr.readline().split() if word.startswith("ws://")
        ).rstrip(";")
        legs = [f"{label}={name}" for label, name in zip(("caller", "agent"), names, strict=True)]
        code = subprocess.run([*STREAMER, "record", *legs, "--url", url], check=False).returncode
        pbx.terminate()
    return code


sys.exit(main())
