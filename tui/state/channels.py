"""Who is on the phone, for a screen, and taps that are begun from one; what this needs is imported when it is asked for."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.config import Settings
from streamer.core.audio import Leg

if TYPE_CHECKING:
    from streamer.ari.roster import Line

Say = Callable[[str], None]


async def follow_channels(settings: Settings, say: Say) -> AsyncGenerator[Sequence[Line], None]:
    """Yield the channels of the PBX, now and whenever something has changed.

    Raises:
        UsageError: There is no user of ARI, or a setting is wrong.
        UnreachableError: ARI cannot be asked.
    """
    from streamer.ari.access import read_access
    from streamer.ari.client import open_ari
    from streamer.ari.listing import follow_lines
    from streamer.cli.channels import find_tapped

    find = partial(find_tapped, Path(settings.recordings))
    async with (
        open_ari(read_access(settings)) as ari,
        aclosing(follow_lines(ari, find, say)) as listed,
    ):
        async for lines in listed:
            yield lines


async def tap_channel(
    settings: Settings, channel: str, *, opened: Callable[[str], Awaitable[None]], say: Say
) -> None:
    """Have the call of a channel recorded by a process of its own, as `watch` does; `opened` gets the id of the call.

    Cancelling this leaves the recording alone.
    """
    from streamer.tap.messages import ChannelTaken, LegRefused, RecordingBegun, Said
    from streamer.tap.outbound_process import start_tap
    from streamer.wire.protocols import ARI

    tap = start_tap(replace(settings, via=ARI.name), (Leg("leg1", channel),))
    async for said in tap.messages():
        match said:
            case RecordingBegun(folder) | ChannelTaken(folder):
                await opened(folder.name)
            case LegRefused(_, message) | Said(message):
                say(message)
            case _:
                pass
