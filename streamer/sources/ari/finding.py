"""The call of a channel that somebody has named: who is in it now, and how each is to be recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from streamer.ari.client import Ari
from streamer.ari.membership import Join, Membership
from streamer.ari.roster import read_codec
from streamer.core.audio import SLIN16_RATE, Leg
from streamer.errors import NotFoundError
from streamer.wire.ari.answers import Bridge, Channel, read_bridges, read_channels, read_value
from streamer.wire.ari.requests import (
    MediaFormat,
    Spy,
    list_bridges,
    list_channels,
    read_variable,
)

NARROW_RATE = 8_000
_NARROW = frozenset({"ulaw", "alaw", "gsm", "slin", "g729", "g723", "g726", "g726aal2", "adpcm", "ilbc", "speex", "lpc10", "codec2"})  # fmt: skip
"""Codecs of 8 kHz; of any other the tap is of 16 kHz, which loses nothing."""

_LABELS = ("caller", "callee")


@dataclass(frozen=True, slots=True)
class FoundCall:
    """A call as it is now: a leg for each of the taps, and who belongs to it from now on."""

    membership: Membership
    joins: tuple[Join, ...]
    legs: tuple[Leg, ...]
    linkedid: str


async def find_call(ari: Ari, named: Sequence[Leg], *, now: float) -> FoundCall:
    """Return the call of the channels with these names or ids; asks only, and changes nothing.

    Raises:
        NotFoundError: There is no such channel.
        UnreachableError: ARI cannot be asked.
    """
    channels = read_channels(await ari.ask_for_list(list_channels()))
    bridges = read_bridges(await ari.ask_for_list(list_bridges()))
    wanted = {_find(leg.channel, channels).id: leg for leg in named}
    return await lay_out_call(ari, Membership(list(wanted)), wanted, channels, bridges, now=now)


async def lay_out_call(
    ari: Ari,
    membership: Membership,
    wanted: Mapping[str, Leg],
    channels: Collection[Channel],
    bridges: Collection[Bridge],
    *,
    now: float,
) -> FoundCall:
    """Return the call of a membership, by a list of all there is; `wanted` has the legs of channels that a user has named, by id.

    Raises:
        UnreachableError: ARI cannot be asked.
    """
    decisions = membership.look(channels, bridges, now)
    joins = sorted((d for d in decisions if isinstance(d, Join)), key=_age)
    rates, linkedid = await _read_facts(ari, joins)
    labels = {i: leg.label for i, leg in wanted.items() if not _is_made_up(leg.label)}
    legs: list[Leg] = []
    for join, rate in zip(joins, rates, strict=True):
        chosen = labels.get(join.channel.id, "") if join.spy is Spy.SAID else ""
        taken = {*labels.values(), *(leg.label for leg in legs)}
        label = chosen or next(one for one in name_legs(len(legs)) if one not in taken)
        legs.append(make_leg(join, label, rate))
    return FoundCall(membership, tuple(joins), tuple(legs), linkedid)


def name_legs(number: int) -> Iterator[str]:
    """Yield labels for the leg of a number, the usual one first."""
    yield from _LABELS[number:]
    while True:
        number += 1
        yield f"leg{max(number, len(_LABELS) + 1)}"


def make_leg(join: Join, label: str, rate: int) -> Leg:
    """Return the leg of a tap: who is heard in it is known by what is heard."""
    channel = join.channel
    party = channel.caller if join.spy is Spy.SAID else channel.connected
    return Leg(label, channel.name, rate, party.number, party.name)


def choose_format(rate: int) -> MediaFormat:
    """Return what audio is asked for as: linear, since AudioSocket labels anything else wrongly."""
    return MediaFormat.SLIN16 if rate == SLIN16_RATE else MediaFormat.SLIN


async def read_rate(ari: Ari, channel: str) -> int:
    """Return the rate at which a channel is recorded: what its codec has, up to 16 kHz.

    Raises:
        UnreachableError: ARI cannot be asked.
    """
    answer = await ari.ask(read_variable(channel, "CHANNEL(audionativeformat)"))
    codecs = (read_codec(read_value(answer.document)) or "").split("|")
    return NARROW_RATE if _NARROW.issuperset(codecs) else SLIN16_RATE


async def _read_facts(ari: Ari, joins: Collection[Join]) -> tuple[list[int], str]:
    reading = asyncio.gather(*(read_rate(ari, one.channel.id) for one in joins))
    answer = await ari.ask(read_variable(next(iter(joins)).channel.id, "CHANNEL(linkedid)"))
    return await reading, read_value(answer.document)


def _find(name: str, channels: Collection[Channel]) -> Channel:
    wanted = name.casefold()
    for channel in channels:
        if wanted in (channel.id.casefold(), channel.name.casefold()):
            return channel
    hint = "; an unquoted ; ends a command of the shell, so quote the name" if "/" in name else ""
    raise NotFoundError(
        f"no channel {name} in Asterisk; `streamer channels` lists those that there are{hint}"
    )


def _is_made_up(label: str) -> bool:
    """Say whether a label stands for none: a leg without one is numbered, see `cli.legs`."""
    return label.startswith("leg") and label[3:].isdigit()


def _age(join: Join) -> tuple[float, str, bool]:
    created = join.channel.created
    moment = created.timestamp() if created else 0.0
    return (moment, join.channel.id, join.spy is Spy.HEARD)
