"""How calls come in: by what listens, and those of a PBX that are tapped by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from streamer.config import Settings
from streamer.core.watching import read_watch_table
from streamer.sources import INBOUND, MakeInbound
from streamer.sources.base import Inbound
from streamer.sources.inbound import ServerOptions
from streamer.tap.listen_plan import ListenAddress
from streamer.tap.plan import AriPlan
from streamer.wire.protocols import ARI, STREAM_CHANNEL
from streamer.wire.stream_channel import public_url


def list_inbound(
    settings: Settings, addresses: Sequence[ListenAddress]
) -> Mapping[str, MakeInbound]:
    """Return what makes a source of calls, by the names that addresses have for it; only where ARI is among them, it is loaded.

    Raises:
        UsageError: The settings of ARI, or a rule, cannot be meant.
    """
    if all(one.source != ARI.name for one in addresses):
        return INBOUND
    from streamer.ari.access import read_access
    from streamer.tap.ari_watch import AriServer, WatchPlan  # with a client of HTTP

    tables = enumerate(settings.watch, start=1)
    rules = tuple(read_watch_table(one, where=f"watch {number}") for number, one in tables)
    recordings, stream_url = Path(settings.recordings), public_url(settings.url)
    plan = AriPlan(read_access(settings), (), recordings, None, stream_url)
    watching: list[AriServer] = []

    def watch(options: ServerOptions) -> Inbound:
        watching.append(AriServer(WatchPlan(plan, rules), options))
        return watching[-1]

    def offer(options: ServerOptions) -> Inbound:
        from streamer.sources.stream_channel.server import StreamChannelServer

        (ari,) = watching  # made before, since its address comes first
        return StreamChannelServer(options, borrow=ari.borrow, give_back=ari.take_back)

    return {**INBOUND, ARI.name: watch, STREAM_CHANNEL.name: offer}
