"""Libraries that would tell somebody else's server about this machine are told not to, before they are imported.

onnxruntime 1.32 does so by default: at its import it makes a device id and a queue of events in the user's cache and cuts the file
`.ses` in the temporary folder short, and from then on it sends (tried with a resolver that logs; its function
`disable_telemetry_events` comes too late for any of this).
"""

from __future__ import annotations

import os

SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime, which voice activity and faster-whisper use
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface-hub, which `models pull` uses
    "DO_NOT_TRACK": "1",  # whatever else keeps to it
}


def forbid_telemetry() -> None:
    """Forbid it for this process and its children; every process of ours begins with this."""
    os.environ.update(SWITCHES)
