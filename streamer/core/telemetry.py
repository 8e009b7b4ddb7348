"""Libraries that would tell somebody else's server about this machine are told not to, before they are imported.

onnxruntime 1.32 does so by default: at its import it makes a device id and a queue of events in the user's cache and cuts the file
`.ses` in the temporary folder short, and from then on it sends (tried with a resolver that logs; its function
`disable_telemetry_events` comes too late for any of this).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime, which voice activity and faster-whisper use
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface-hub, which `models pull` uses
    "DO_NOT_TRACK": "1",  # whatever else keeps to it
}


def forbid_telemetry() -> None:
    """Forbid it for this process and its children; every process of ours begins with this."""
    os.environ.update(SWITCHES)


@contextmanager
def private_temporary_folder() -> Iterator[None]:
    """Let libraries that are imported in the block find a temporary folder in which nobody else can have put a link."""
    before = os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="streamer-", ignore_cleanup_errors=True) as folder:
        os.environ["TMPDIR"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = before
