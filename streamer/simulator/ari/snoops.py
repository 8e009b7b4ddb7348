"""Channels that listen to others, and that enter an application as soon as they are made; as Asterisk's resource_channels.c."""

from __future__ import annotations

from collections.abc import Mapping

from streamer.simulator.ari.faults import RefusalError
from streamer.simulator.ari.pbx import Fields, Inside, SimulatedPbx

_DIRECTIONS = ("in", "out", "both")


def make_snoop(pbx: SimulatedPbx, target: str, id: str, query: Mapping[str, str]) -> Fields:
    """Make a channel that listens; it has not entered its application yet.

    Raises:
        RefusalError: As Asterisk refuses.
    """
    spy = query.get("spy", "none")
    _check_direction("spy", spy)
    _check_direction("whisper", query.get("whisper", "none"))
    if (spy, query.get("whisper", "none")) == ("none", "none"):
        raise RefusalError(400, "Direction must be specified for at least spy or whisper")
    if not query.get("app"):
        raise RefusalError(400, "Application name is required")
    found = find_channel(pbx, target)
    if found is None:
        raise RefusalError(404, "Provided channel was not found")
    if id and is_used(pbx, id):
        raise RefusalError(500, "Snoop channel could not be created")
    name = f"Snoop/{found['id']}-{pbx.count('Snoop'):08x}"
    inside = Inside(spied_on=found["id"], spy="both" if spy == "none" else spy)
    return pbx.create(name, state="Up", id=id, inside=inside)


def enter_application(
    pbx: SimulatedPbx, channel: Fields, application: str, arguments: str, *, is_told: bool = False
) -> None:
    """Let a channel enter an application; `is_told` says so in the dialplan, too."""
    inside = pbx.inside[channel["id"]]
    texts = arguments.split(",") if arguments else []
    shown = ",".join([application, *texts])
    channel["dialplan"] |= {"app_name": "Stasis", "app_data": shown}
    if is_told:
        pbx.step(channel, "Stasis", shown)
    inside.application = application
    inside.is_in_application = True
    pbx.emit("StasisStart", application=application, args=texts, channel=channel)


def find_to_hang_up(pbx: SimulatedPbx, id: str, query: Mapping[str, str]) -> Fields:
    """Return a channel that an application asks to end.

    Raises:
        RefusalError: There is no such channel.
    """
    channel = find_channel(pbx, id)
    if channel is None:
        raise RefusalError(404, "Channel not found")
    if query.get("reason", "normal") not in _REASONS:
        raise RefusalError(400, "Invalid Reason")
    return channel


def hang_up(pbx: SimulatedPbx, channel: Fields) -> None:
    """End a channel because an application asks for it; that of a telephone ends its call."""
    call = pbx.inside[channel["id"]].call
    if call is not None:
        call.hang_up(channel, is_asked=True)
        return
    pbx.emit("ChannelHangupRequest", cause=32, soft=True, channel=channel)
    pbx.end(channel)


def find_channel(pbx: SimulatedPbx, id: str) -> Fields | None:
    """Return a channel by its whole id, without case."""
    return next((one for key, one in pbx.channels.items() if key.lower() == id.lower()), None)


def is_used(pbx: SimulatedPbx, id: str) -> bool:
    """Say whether an id is in use or begins one that is."""
    return any(one.lower().startswith(id.lower()) for one in pbx.channels)


def _check_direction(name: str, value: str) -> None:
    if value not in ("none", *_DIRECTIONS):
        raise RefusalError(400, f"Invalid direction specified for {name}")


_REASONS = (
    *("normal", "busy", "congestion", "no_answer", "timeout", "rejected", "unallocated"),
    *("normal_unspecified", "number_incomplete", "codec_mismatch", "interworking", "failure"),
    "answered_elsewhere",
)
