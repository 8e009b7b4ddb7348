"""Where to listen and how callers are received: as JSON tells it to a process, and as a listener takes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from streamer.sources.admission import MOST_STRANGERS_IN_ALL
from streamer.sources.inbound import AdmitName, Admitted, WebOptions
from streamer.sources.playout import Playback
from streamer.sources.registration.statuses import Statuses
from streamer.tap.playbacks import PlaybackPlan
from streamer.wire.formats import Format


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where calls may come to, and by which protocol, one of `sources.INBOUND`; port 0 is any that is free."""

    source: str
    host: str
    port: int
    auth: tuple[str, ...] = ()
    """What a peer has to show, where the protocol has that."""
    rate: int = 0
    """Samples a second of what does not say it, 0 for unknown."""
    yeastar_auth: str = ""
    has_tls: bool = False
    public_url: str = ""
    """Scheme and host by which others know it, where the protocol needs that."""


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """How calls are taken; everything that JSON can hold."""

    addresses: tuple[ListenAddress, ...] = (ListenAddress("audiosocket", "127.0.0.1", 9092),)
    accepts_unknown: bool = False
    registrations: tuple[ListenAddress, ...] = ()
    """Where calls are registered."""
    cert: str = ""
    key: str = ""
    """PEM files of what encrypts the addresses that have TLS."""
    fills_silence: bool = True
    format: str = ""
    """What audio of kind 0x10 is, empty to find it out."""
    echoes: bool = False
    tone_hz: int = 0
    announcement: dict[int, str] = field(default_factory=dict)
    """Files of raw 16-bit samples, by their rate; they may be removed once the listener listens."""
    most_calls: int = 500
    grace_s: float | None = None

    @property
    def playing(self) -> PlaybackPlan:
        """What every caller hears."""
        return PlaybackPlan(self.echoes, self.tone_hz, self.announcement)


@dataclass(frozen=True, slots=True)
class ListenPlan:
    """Where to listen, how callers are received, and where their calls go."""

    addresses: tuple[ListenAddress, ...]
    recordings: Path
    admit: Callable[[UUID], Admitted | str]
    new_playback: Callable[[], Playback | None]
    fills_silence: bool
    format: Format | None
    most_calls: int
    grace_s: float | None
    """Seconds that calls have to end by themselves once the listener is told to end; None for as long as they take."""
    keeper_patience_s: float
    runtime_dir: Path | None
    is_expected: Callable[[UUID], bool] | None = None
    """Says whether a call is registered; None where calls cannot be."""
    shares_ids: bool = False
    """A UUID that is used a second time is a call of its own."""
    most_strangers: int = MOST_STRANGERS_IN_ALL
    admit_name: AdmitName | None = None
    statuses: Statuses | None = None
    """Tells what a PBX says of a call beside its audio; None where nothing can."""
    web: WebOptions = WebOptions()
    """What all listeners for WebSockets have in common."""
