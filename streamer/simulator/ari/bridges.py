"""Bridges that applications make, and the channels that they put there; as Asterisk's resource_bridges.c."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

from streamer.simulator.ari.faults import RefusalError
from streamer.simulator.ari.pbx import Fields, SimulatedPbx
from streamer.simulator.ari.snoops import find_channel

_TYPES = frozenset({"mixing", "holding", "dtmf_events", "proxy_media", "video_sfu", "video_single"})


def make_bridge(pbx: SimulatedPbx, id: str, query: Mapping[str, str]) -> Fields:
    """Make a bridge of an application; one that is there is answered as it is.

    Raises:
        RefusalError: Its type is unknown, or it is not an application's.
    """
    if not set(query.get("type", "mixing").split(",")) <= _TYPES:
        raise RefusalError(500, "Unable to create bridge")
    if id in pbx.bridges:
        return find_bridge(pbx, id)
    return pbx.make_bridge(
        id=id or str(uuid4()),
        bridge_class="stasis",
        creator="Stasis",
        name=query.get("name", ""),
        video_mode="talker",
    )


def find_bridge(pbx: SimulatedPbx, id: str) -> Fields:
    """Return a bridge of an application.

    Raises:
        RefusalError: There is none, or it is that of a call.
    """
    if id not in pbx.bridges:
        raise RefusalError(404, "Bridge not found")
    if pbx.bridges[id]["bridge_class"] != "stasis":
        raise RefusalError(409, "Bridge not in Stasis application")
    return pbx.bridges[id]


def add_channels(pbx: SimulatedPbx, id: str, query: Mapping[str, str]) -> None:
    """Put channels into a bridge; their applications hear of it from now on.

    Raises:
        RefusalError: One of them is missing, or in no application.
    """
    bridge = find_bridge(pbx, id)
    channels = _find_channels(pbx, query)
    for channel in channels:
        application = pbx.inside[channel["id"]].application
        pbx.leave(channel)
        for told in pbx.on_added:
            told(channel, application)
        pbx.hearers.setdefault(bridge["id"], set()).add(application)
        pbx.enter(bridge, channel)
    _tell_who_is_connected(pbx, bridge)


def remove_channels(pbx: SimulatedPbx, id: str, query: Mapping[str, str]) -> None:
    """Take channels out of a bridge.

    Raises:
        RefusalError: One of them is missing, in no application, or elsewhere.
    """
    bridge = find_bridge(pbx, id)
    channels = _find_channels(pbx, query)
    if any(channel["id"] not in bridge["channels"] for channel in channels):
        raise RefusalError(422, "Channel not in this bridge")
    for channel in channels:
        pbx.leave(channel)


def _tell_who_is_connected(pbx: SimulatedPbx, bridge: Fields) -> None:
    """Tell each of two who the other is, if one of them has a number."""
    both = [pbx.channels[id] for id in bridge["channels"]]
    if len(both) != 2 or not any(one["caller"]["number"] for one in both):
        return
    for one, other in zip(both, reversed(both), strict=True):
        one["connected"] = dict(other["caller"])
        pbx.emit("ChannelConnectedLine", channel=one)


def _find_channels(pbx: SimulatedPbx, query: Mapping[str, str]) -> list[Fields]:
    ids = [one for one in query.get("channel", "").split(",") if one]
    if not ids:
        raise RefusalError(400, "Missing parameter channel")
    return [_find_in_application(pbx, one) for one in ids]


def _find_in_application(pbx: SimulatedPbx, id: str) -> Fields:
    channel = find_channel(pbx, id)
    if channel is None:
        raise RefusalError(400, "Channel not found")
    if not pbx.inside[channel["id"]].is_in_application:
        raise RefusalError(422, "Channel not in Stasis application")
    return channel
