"""What is learnt of a call after its recording has ended."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from streamer.core.events import STATUSES
from streamer.recording.folder import CallFolder

_one_at_a_time = threading.Lock()
"""Each reads `call.json` and writes it again."""


def amend_facts(place: CallFolder, facts: Mapping[str, str]) -> None:
    """Add facts to a call that has ended, and its status if they tell one; blocks.

    Raises:
        RecordingError: `call.json` is gone, or damaged.
        OSError: It cannot be written.
    """
    with _one_at_a_time:
        described = place.read()
        known = described.get("facts")
        described["facts"] = {**(known if isinstance(known, dict) else {}), **facts}
        if facts.get("status") in STATUSES:
            described["status"] = facts["status"]
        place.write(described)
