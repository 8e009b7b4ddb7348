"""What to record, from where, into what: settings and arguments, checked before anything is connected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.errors import UsageError
from streamer.recording.writer import is_wav_name
from streamer.sources import OUTGOING, MakeOutgoing, choose_way
from streamer.sources.base import Outgoing
from streamer.sources.playout import Playback
from streamer.sources.programme import Playing
from streamer.tap.playbacks import SILENT, PlaybackPlan
from streamer.wire.ari.wanted import WantedCall
from streamer.wire.protocols import ARI, ARI_CALL, CHAN_WEBSOCKET, STREAM_CHANNEL
from streamer.wire.stream_channel import public_url

if TYPE_CHECKING:
    from streamer.ari.access import Access

AUTO = "auto"
WAYS = (AUTO, STREAM_CHANNEL.name, ARI.name)
"""What --via may say."""


@dataclass(frozen=True, slots=True)
class TapPlan:
    """Channels that a protocol of its own brings."""

    outgoing: Outgoing
    legs: tuple[Leg, ...]
    recordings: Path
    output: Path | None
    keeper_patience_s: float
    runtime_dir: Path | None

    @property
    def url(self) -> str:
        """The PBX, without secrets."""
        return self.outgoing.url


@dataclass(frozen=True, slots=True)
class AriPlan:
    """Channels whose call is tapped through ARI; `stream_url` is where stream-channel would ask for the same ones."""

    access: Access
    legs: tuple[Leg, ...]
    recordings: Path
    output: Path | None
    stream_url: str

    @property
    def url(self) -> str:
        """The PBX, without secrets."""
        return self.access.url


@dataclass(frozen=True, slots=True)
class CallPlan:
    """A call that is made through ARI; `new_playback` makes what its party hears, and `stream_url` is as in `AriPlan`."""

    access: Access
    wanted: WantedCall
    recordings: Path
    stream_url: str
    new_playback: Callable[[], Playback | None]
    is_for_serve: bool = False
    """Whoever asks for it does not follow it: a `serve` does, as it follows what comes to us."""

    @property
    def url(self) -> str:
        """The PBX, without secrets."""
        return self.access.url

    @property
    def source(self) -> str:
        """The protocol of the recording."""
        return ARI_CALL.name if self.wanted.is_held else ARI.name

    @property
    def recorded_url(self) -> str:
        """What the recording has as its url, by which `serve` knows whether it has to follow it."""
        return f"{self.source}://{urlsplit(self.url).netloc}" if self.is_for_serve else self.url


def plan_call(
    settings: Settings,
    wanted: WantedCall,
    *,
    playing: PlaybackPlan = SILENT,
    is_for_serve: bool = False,
) -> CallPlan:
    """Turn settings into a plan, as `plan_tap` does.

    Raises:
        UsageError: There is no user of ARI, the call cannot be meant, or something is to be played where nobody would hear it.
    """
    from streamer.ari.access import read_access

    wanted.check()
    if not playing.is_silent and not wanted.is_held:
        raise UsageError(
            "an announcement, a tone and an echo are heard only where streamer holds the call; leave out the context, extension and app"
            " (here and in the config file), or let the dialplan play it"
        )
    return CallPlan(
        read_access(settings),
        wanted,
        Path(settings.recordings),
        public_url(settings.url),
        playing.open(),
        is_for_serve,
    )


def plan_tap(
    settings: Settings,
    legs: tuple[Leg, ...],
    *,
    output: Path | None = None,
    via: str = "",
    playing: PlaybackPlan = SILENT,
    outgoing: Mapping[str, MakeOutgoing] = OUTGOING,
) -> TapPlan | AriPlan:
    """Turn settings into a plan, and find everything that is wrong with them before anything is connected.

    `via` is the protocol, ARI or one of `outgoing`; without it the settings and the channels tell.

    Raises:
        UsageError: A url, header, certificate, way or channel that cannot be meant, or something to play where nobody would hear it.
    """
    recordings = Path(settings.recordings)
    way = via or _choose(settings, legs)
    if way == ARI.name:
        if not playing.is_silent:
            raise UsageError(_explain_deaf(way))
        if output is not None and is_wav_name(output):
            raise UsageError(
                f"a call that is tapped through ARI has a leg for each party, and {output} holds one; name a folder with --output"
            )
        from streamer.ari.access import read_access

        return AriPlan(read_access(settings), legs, recordings, output, public_url(settings.url))
    source = outgoing[way](settings, legs)
    if not playing.is_silent:
        _let_play(source, playing)
    return TapPlan(
        source,
        legs,
        recordings,
        output,
        settings.keeper_patience,
        Path(settings.runtime_dir) if settings.runtime_dir else None,
    )


def _let_play(source: Outgoing, playing: PlaybackPlan) -> None:
    if not isinstance(source, Playing):
        raise UsageError(_explain_deaf(source.source))
    source.new_playback = playing.open()


def _explain_deaf(source: str) -> str:
    return f"--announce, --tone and --echo need a channel at ws://…/media/ID: {source} only listens, so nobody would hear them"


def _choose(settings: Settings, legs: Sequence[Leg]) -> str:
    """Return the way that is asked for, or else the best one that can be had."""
    if settings.via not in WAYS:
        raise UsageError(f"--via {settings.via} is no way to a channel; choose {', '.join(WAYS)}")
    by_name = choose_way(legs)
    if by_name == CHAN_WEBSOCKET.name:
        if settings.via != AUTO:
            raise UsageError(
                f"{public_url(legs[0].channel)} waits by itself, so --via {settings.via} cannot be meant; leave it out"
            )
        return by_name
    if settings.via != AUTO:
        return settings.via
    return ARI.name if settings.ari_user else by_name
