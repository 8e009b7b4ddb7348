"""With which releases of Asterisk each thing came that our lines depend on: the only place that knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from streamer.errors import UsageError
from streamer.wire.pbx.versions import Version


class Feature(Enum):
    """Something that Asterisk does from certain releases on."""

    AUDIOSOCKET = auto()
    """res_audiosocket, app_audiosocket and chan_audiosocket, also as an external medium of ARI."""
    AUDIOSOCKET_GOES_ON = auto()
    """The dialplan goes on when AudioSocket() is ended by us; from the same releases on keys come as frames."""
    AUDIOSOCKET_RATES = auto()
    """Other rates than 8 kHz under types of their own; the reader of headers from then on has the faults below."""
    AUDIOSOCKET_HEADERS = auto()
    """A header that comes in two packets is read right again."""
    AUDIOSOCKET_COMFORT_NOISE = auto()
    """Comfort noise of the phone no longer ends the connection."""
    APPLICATIONS_END = auto()
    """An application of ARI that has heard of everything is forgotten with its events socket."""
    UUID = auto()
    """The function UUID() of the dialplan."""
    WEBSOCKET = auto()
    """chan_websocket, with the option v()."""
    WEBSOCKET_COMFORT_NOISE = auto()
    """Comfort noise of the phone, and pings, no longer end the call on chan_websocket; f(json) came with it."""
    WEBSOCKET_DIRECTION = auto()
    """The option d(in) of chan_websocket."""
    MEDIA_PARAMETERS = auto()
    """Parameters of externalMedia for AudioSocket are all read."""


FIRST_RELEASES: Mapping[Feature, Mapping[int, int]] = {
    Feature.AUDIOSOCKET: {18: 0},
    Feature.AUDIOSOCKET_GOES_ON: {20: 14, 21: 9, 22: 4, 23: 0},
    Feature.AUDIOSOCKET_RATES: {20: 17, 21: 12, 22: 7, 23: 1},
    Feature.AUDIOSOCKET_HEADERS: {20: 19, 22: 9, 23: 3},
    Feature.AUDIOSOCKET_COMFORT_NOISE: {20: 20, 22: 10, 23: 4},
    Feature.APPLICATIONS_END: {20: 14, 21: 9, 22: 4, 23: 0},
    Feature.UUID: {20: 12, 21: 7, 22: 2, 23: 0},
    Feature.WEBSOCKET: {20: 16, 21: 11, 22: 6, 23: 0},
    Feature.WEBSOCKET_COMFORT_NOISE: {20: 18, 22: 8, 23: 2},
    Feature.WEBSOCKET_DIRECTION: {20: 19, 22: 9, 23: 3},
    Feature.MEDIA_PARAMETERS: {18: 7},
}
"""The minor version in each major one; a later major version has everything, one that is left out has nothing."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way by which calls come to streamer, from its first release on."""

    name: str
    title: str
    feature: Feature


WAYS: Mapping[str, Way] = {
    way.name: way
    for way in (
        Way("audiosocket", "AudioSocket", Feature.AUDIOSOCKET),
        Way("websocket", "chan_websocket", Feature.WEBSOCKET),
        Way("ari", "ARI with media over AudioSocket", Feature.AUDIOSOCKET),
    )
}


def has(version: Version, feature: Feature) -> bool:
    """Say whether a version has a feature."""
    first = FIRST_RELEASES[feature]
    if version.major > max(first):
        return True
    return version.major in first and version.minor >= first[version.major]


def name_first(feature: Feature) -> str:
    """Return the first releases of a feature, as a list in a sentence."""
    releases = [f"{major}.{minor}.0" for major, minor in sorted(FIRST_RELEASES[feature].items())]
    return _join(releases)


def check_way(version: Version, name: str) -> Way:
    """Return the way of a name.

    Raises:
        UsageError: There is none of that name, or the version is older than its first release, which the message names.
    """
    if name not in WAYS:
        raise UsageError(f"--via must be one of {', '.join(WAYS)}, not {name[:40]!r}")
    way = WAYS[name]
    if has(version, way.feature):
        return way
    others = [f"--via {other}" for other, o in WAYS.items() if has(version, o.feature)]
    advice = f"use {_join(others, 'or')}, or update Asterisk" if others else "update Asterisk"
    exact = "" if "." in version.written else f" ({version.major} is read as {version})"
    raise UsageError(
        f"Asterisk {version} is too old for --via {name}{exact}: {way.title} is part of it from"
        f" {name_first(way.feature)} on; {advice}"
    )


def _join(words: Sequence[str], last: str = "and") -> str:
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))
