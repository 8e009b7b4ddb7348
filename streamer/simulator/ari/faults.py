"""What goes wrong with a simulated PBX, and how one refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from streamer.simulator.ari.pbx import VERSION

_FIRST = {"audiosocket": ((18, 0),), "websocket": ((20, 16), (21, 11), (22, 6), (23, 0))}
"""The first release of each branch whose externalMedia knows a transport."""

MODULES = frozenset(
    {
        *("res_ari.so", "res_ari_applications.so", "res_ari_asterisk.so", "res_ari_bridges.so"),
        *("res_ari_channels.so", "res_ari_events.so", "res_stasis.so", "res_stasis_snoop.so"),
        *("res_http_websocket.so", "res_audiosocket.so", "chan_audiosocket.so"),
        *("chan_websocket.so", "codec_resample.so", "bridge_simple.so"),
    }
)


@dataclass
class Faults:
    """What goes wrong from now on.

    `statuses` is an answer for each path that begins so, `methods` those that it is for (all without any); `delay_s` a wait before each answer;
    `late_start_s` how long after the answer a channel enters its application; `doubles` sends every event twice.
    """

    statuses: dict[str, int] = field(default_factory=dict)
    methods: frozenset[str] = frozenset()
    delay_s: float = 0.0
    has_no_events: bool = False
    late_start_s: float | None = None
    doubles: bool = False
    version: str = VERSION
    missing_modules: set[str] = field(default_factory=set)
    cannot_connect: bool = False
    """AudioSocket reaches nobody."""

    def has_module(self, name: str) -> bool:
        """Say whether a module is loaded."""
        return name in MODULES and name not in self.missing_modules

    def has_transport(self, name: str) -> bool:
        """Say whether this version's externalMedia knows a transport."""
        have = _read_version(self.version)
        firsts = _FIRST[name]
        branch = next((one for one in firsts if one[0] == have[0]), None)
        return have >= branch if branch else have > firsts[-1]


class RefusalError(Exception):
    """A request is answered with an error; Asterisk says `error` for what it could not allocate."""

    def __init__(self, status: int, message: str, *, name: str = "message") -> None:
        super().__init__(message)
        self.status = status
        self.body = json.dumps({name: message})


def refuse_allocation() -> RefusalError:
    """Return what is said of a channel that its driver did not make."""
    return RefusalError(500, "Allocation failed", name="error")


def show_module(name: str) -> dict[str, Any]:
    """Return a module as ARI shows one that runs."""
    return {
        "name": name,
        "description": name.removesuffix(".so"),
        "use_count": 0,
        "status": "Running",
        "support_level": "extended" if "audiosocket" in name else "core",
    }


def _read_version(text: str) -> tuple[int, int]:
    numbers = [int(part) for part in text.split("-")[0].split(".")[:2] if part.isdigit()]
    return (numbers + [0, 0])[0], (numbers + [0, 0])[1]
