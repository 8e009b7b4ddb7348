"""Known faults and gaps of releases of Asterisk that an admin should know of before calls are tapped: the only place that lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from streamer.wire.pbx.releases import Feature, has, name_first
from streamer.wire.pbx.versions import Version

_ISSUE = "https://github.com/asterisk/asterisk/issues/"
_UPDATE = "update Asterisk"
_NEWER = "update Asterisk to the newest release of its branch; whether it is mended there stands in the issue"


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens in some releases, and what to do; `{first}` in a text is where the releases with `until` begin.

    It is in the releases with `since` and without `until`, in `releases` (minor ones by major), or in a candidate that is named.
    """

    text: str
    remedy: str
    issue: int = 0
    since: Feature | None = None
    until: Feature | None = None
    releases: Mapping[int, range] = field(default_factory=dict)
    candidates: frozenset[str] = frozenset()

    @property
    def link(self) -> str:
        """Where it is discussed; empty if nowhere."""
        return f"{_ISSUE}{self.issue}" if self.issue else ""

    def is_in(self, version: Version) -> bool:
        """Say whether a release has it."""
        if version.written.rpartition("/")[2].lower() in self.candidates:
            return True
        if version.minor in self.releases.get(version.major, ()):
            return True
        if self.until is not None:
            since = self.since is None or has(version, self.since)
            return since and not has(version, self.until)
        return self.since is not None and has(version, self.since)


FAULTS: Sequence[Fault] = (
    Fault(
        "crashes as a whole when a client of its WebSockets sends a pong that it was not asked for",
        f"{_UPDATE}; it is mended in the releases 20.21.0, 22.11.0 and 23.5.0. streamer never sends one, other clients of ARI may",
        issue=2085,
        candidates=frozenset({"20.21.0-rc1", "22.11.0-rc1", "23.5.0-rc1"}),
    ),
    Fault(
        "may come to a standstill (a deadlock) under many calls over ARI",
        _NEWER,
        issue=1962,
        releases={22: range(9, 10)},
    ),
    Fault(
        "may come to a standstill (a deadlock) between a call's media and its ICE session, or its timeout",
        _NEWER,
        issue=1946,
        releases={22: range(9, 10)},
    ),
    Fault(
        "may come to a standstill (a deadlock) when calls end while others list or make channels",
        _NEWER,
        issue=1907,
        releases={20: range(19, 20)},
    ),
    Fault(
        "may leave requests of ARI about channels unanswered for minutes when AudioSocket media end at once, under load",
        _NEWER,
        issue=2078,
        releases={20: range(18, 20)},
    ),
    Fault(
        "keeps a call's audio to itself if an AudioSocket server is silent; not yet mended",
        "never use --no-silence of `streamer serve`, which sends silence by itself",
        issue=2089,
        since=Feature.AUDIOSOCKET_RATES,
    ),
    Fault(
        "garbles what streamer plays over AudioSocket if a frame comes in two packets",
        f"{_UPDATE} to one of {{first}}",
        since=Feature.AUDIOSOCKET_RATES,
        until=Feature.AUDIOSOCKET_HEADERS,
    ),
    Fault(
        "ends a call over AudioSocket when its phone sends comfort noise",
        f"switch the phone's silence suppression off, or {_UPDATE} to one of {{first}}",
        since=Feature.AUDIOSOCKET,
        until=Feature.AUDIOSOCKET_COMFORT_NOISE,
    ),
    Fault(
        "may crash when a call over chan_websocket ends in the moment in which it begins",
        f"use AudioSocket, or {_UPDATE} to one of {{first}}",
        issue=1643,
        since=Feature.WEBSOCKET,
        until=Feature.WEBSOCKET_COMFORT_NOISE,
    ),
    Fault(
        "ends a call over chan_websocket when its phone sends comfort noise, or a proxy a ping",
        f"switch both off, or {_UPDATE} to one of {{first}}",
        since=Feature.WEBSOCKET,
        until=Feature.WEBSOCKET_COMFORT_NOISE,
    ),
    Fault(
        "labels all audio of AudioSocket as 8 kHz, so of c(slin16) streamer finds the rate out by the size of frames",
        f"dial with c(slin), or {_UPDATE} to one of {{first}}; taps over ARI are not concerned",
        since=Feature.AUDIOSOCKET,
        until=Feature.AUDIOSOCKET_RATES,
    ),
    Fault(
        "keeps the application of a `serve --ari` that was killed, so a second node does not take its calls over",
        f"{_UPDATE} to one of {{first}} if you run two nodes",
        since=Feature.AUDIOSOCKET,
        until=Feature.APPLICATIONS_END,
    ),
    Fault(
        "has no chan_websocket, so it must reach streamer by TCP (AudioSocket)",
        f"{_UPDATE} to one of {{first}} if a firewall is in between",
        since=Feature.AUDIOSOCKET,
        until=Feature.WEBSOCKET,
    ),
)


def find_faults(version: Version) -> Iterator[Fault]:
    """Yield what is known of a release."""
    return (fault for fault in FAULTS if fault.is_in(version))


def advise(fault: Fault) -> str:
    """Return what to do about a fault, with its link."""
    first = name_first(fault.until) if fault.until else ""
    remedy = fault.remedy.format(first=first)
    return f"{remedy}: {fault.link}" if fault.link else remedy


def is_too_old(version: Version) -> bool:
    """Say whether no medium of a release can bring audio to streamer."""
    return not has(version, Feature.AUDIOSOCKET)
