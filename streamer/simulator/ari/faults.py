"""What goes wrong with a simulated PBX, and how one refuses."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamer.simulator.ari.pbx import VERSION

_FORGETS = ((20, 14), (21, 9), (22, 4))
_FIRST = {"audiosocket": ((18, 0),), "websocket": ((20, 16), (21, 11), (22, 6), (23, 0))}
"""The first release of each branch whose externalMedia knows a transport."""

FAULTS = (
    *(
        "slow=SECONDS",
        "late-start=SECONDS",
        "late-end=SECONDS",
        "drop-events=SECONDS",
        "version=VERSION",
    ),
    *("missing=MODULE", "status=CODE:/PATH", "doubles", "no-events", "no-route", "ends-media"),
    *("read-only", "keeps-events"),
)
"""What `Faults.set` takes."""

_SWITCHES = {
    "doubles": "doubles",
    "no-events": "has_no_events",
    "no-route": "cannot_connect",
    "ends-media": "ends_media",
    "read-only": "is_read_only",
    "keeps-events": "keeps_events_back",
}
_SHORTEST_S = 0.1

MODULES = frozenset(
    {
        *("res_ari.so", "res_ari_applications.so", "res_ari_asterisk.so", "res_ari_bridges.so"),
        *("res_ari_channels.so", "res_ari_events.so", "res_stasis.so", "res_stasis_snoop.so"),
        *("res_http_websocket.so", "res_audiosocket.so", "chan_audiosocket.so"),
        *("app_audiosocket.so", "res_timing_timerfd.so"),
        *("chan_websocket.so", "codec_resample.so", "bridge_simple.so"),
    }
)


Hook = Callable[[str, str], Awaitable[None]]


@dataclass
class Faults:
    """What goes wrong from now on.

    `statuses` is an answer for each path that begins so, `methods` those that it is for (all without any); `delay_s` a wait before each answer;
    `late_start_s` how long after the answer a channel enters its application, `late_end_s` how long after it a deleted one ends; `doubles` sends every event twice.
    """

    statuses: dict[str, int] = field(default_factory=dict)
    methods: frozenset[str] = frozenset()
    delay_s: float = 0.0
    has_no_events: bool = False
    late_start_s: float | None = None
    late_end_s: float = 0.0
    doubles: bool = False
    version: str = VERSION
    missing_modules: set[str] = field(default_factory=set)
    cannot_connect: bool = False
    """AudioSocket reaches nobody."""
    is_read_only: bool = False
    """The user may ask, and hear events, but change nothing."""
    before: Hook | None = None
    """Awaited before each request is done, with method and path, and `after` before it is answered: a test can wait or cancel there."""
    after: Hook | None = None
    keeps_events_back: bool = False
    """What is in front of the PBX opens the events socket, and lets no event of a user through."""
    ends_media: bool = False
    """External media end as soon as they have entered their application."""
    drops_events_every_s: float | None = None
    """The events sockets break off, without a word, again and again."""

    def set(self, text: str) -> None:
        """Set what `name=value`, or a name alone, asks for.

        Raises:
            ValueError: There is no such fault, or the value does not fit it.
        """
        name, _, value = text.partition("=")
        match name:
            case "slow":
                self.delay_s = _read_seconds(value)
            case "late-start":
                self.late_start_s = _read_seconds(value)
            case "late-end":
                self.late_end_s = _read_seconds(value)
            case "drop-events":
                self.drops_events_every_s = max(_SHORTEST_S, _read_seconds(value))
            case "version" if value:
                self.version = value
            case "missing" if value in MODULES:
                self.missing_modules.add(value)
            case "status":
                code, _, path = value.partition(":")
                self.statuses[path] = _read_status(code)
            case _ if name in _SWITCHES and not value:
                setattr(self, _SWITCHES[name], True)
            case _:
                raise ValueError(text)

    def has_module(self, name: str) -> bool:
        """Say whether a module is loaded."""
        return name in MODULES and name not in self.missing_modules

    def has_transport(self, name: str) -> bool:
        """Say whether this version's externalMedia knows a transport."""
        return _is_since(self.version, _FIRST[name])

    @property
    def forgets_who_hears_all(self) -> bool:
        """Whether this version forgets an application that has heard of everything with its socket."""
        return _is_since(self.version, _FORGETS)


class RefusalError(Exception):
    """A request is answered with an error; Asterisk says `error` for what it could not allocate."""

    def __init__(self, status: int, message: str, *, name: str = "message") -> None:
        super().__init__(message)
        self.status = status
        self.body = json.dumps({name: message})


def refuse_allocation() -> RefusalError:
    """Return what is said of a channel that its driver did not make."""
    return RefusalError(500, "Allocation failed", name="error")


def show_info(version: str, entity: str, now: str) -> dict[str, dict[str, Any]]:
    """Return what a PBX says about itself."""
    return {
        "build": {
            "os": "Linux",
            "kernel": "6.1.0",
            "machine": "x86_64",
            "options": "OPTIONAL_API",
            "date": "2026-11-20 09:00:00 UTC",
            "user": "root",
        },
        "system": {"version": version, "entity_id": entity},
        "config": {"name": "", "default_language": "en", "setid": {"user": "", "group": ""}},
        "status": {"startup_time": now, "last_reload_time": now},
    }


def show_module(name: str) -> dict[str, Any]:
    """Return a module as ARI shows one that runs."""
    return {
        "name": name,
        "description": name.removesuffix(".so"),
        "use_count": 0,
        "status": "Running",
        "support_level": "extended" if "audiosocket" in name else "core",
    }


def _read_seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise ValueError(text)
    return seconds


def _read_status(text: str) -> int:
    if not (text.isdecimal() and 400 <= int(text) < 600):
        raise ValueError(text)
    return int(text)


def _is_since(version: str, firsts: Sequence[tuple[int, int]]) -> bool:
    """Say whether a version is not older than the first of its branch, or of the last one if it has none."""
    have = _read_version(version)
    branch = next((one for one in firsts if one[0] == have[0]), None)
    return have >= branch if branch else have > firsts[-1]


def _read_version(text: str) -> tuple[int, int]:
    numbers = [int(part) for part in text.split("-")[0].split(".")[:2] if part.isdigit()]
    return (numbers + [0, 0])[0], (numbers + [0, 0])[1]
