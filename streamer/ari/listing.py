"""Reads who is on the phone, once or for as long as somebody watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from math import inf

from streamer.ari.applications import forget_application
from streamer.ari.client import MOST_AT_ONCE, Ari
from streamer.ari.roster import TYPES, Line, Roster, read_codec
from streamer.errors import UnreachableError
from streamer.wire.ari.answers import read_bridges, read_channels, read_value
from streamer.wire.ari.events import ApplicationReplaced, Message
from streamer.wire.ari.ids import make_application
from streamer.wire.ari.requests import (
    filter_events,
    list_bridges,
    list_channels,
    read_variable,
    unfollow_devices,
)

LOOK_S = 1.0
"""Seconds after which taps are looked for again, although no event came."""

RETRY_S = 2.0
"""Seconds until the events socket is opened again."""

LIST_AGAIN_S = 30.0

_LINKEDID, _CODEC = "CHANNEL(linkedid)", "CHANNEL(audionativeformat)"

Tapped = Callable[[], Mapping[str, str]]
"""Returns the call of each channel that is recorded; may block."""


async def list_lines(ari: Ari, tapped: Tapped) -> list[Line]:
    """Return who is on the phone now.

    Raises:
        UnreachableError: ARI cannot be asked.
    """
    roster = Roster()
    await _begin(roster, ari)
    return await _list(roster, ari, tapped)


async def follow_lines(
    ari: Ari, tapped: Tapped, say: Callable[[str], None], *, retry_s: float = RETRY_S
) -> AsyncGenerator[Sequence[Line], None]:
    """Yield who is on the phone, now and whenever something may have changed; what changes at once is one change.

    When the events socket breaks off it is opened again, and all is listed anew, for what happened meanwhile is not told.

    Raises:
        UnreachableError: ARI cannot be asked at the beginning.
    """
    application = make_application()
    try:
        async for lines in _follow_for_ever(ari, application, tapped, say, retry_s):
            yield lines
    finally:
        await forget_application(ari, application)


async def _follow_for_ever(
    ari: Ari, application: str, tapped: Tapped, say: Callable[[str], None], retry_s: float
) -> AsyncGenerator[Sequence[Line], None]:
    has_begun, said = False, ""
    while True:
        try:
            async with ari.open_events(application) as events:
                following = _follow(ari, application, events, tapped)
                async with aclosing(following):
                    async for lines in following:
                        has_begun, said = True, ""
                        yield lines
            why = "the events of ARI broke off"
        except UnreachableError as error:
            if not has_begun:
                raise
            why = str(error)
        if why != said:
            say(f"{why}; connecting again")
        said = why
        await asyncio.sleep(retry_s)


async def _follow(
    ari: Ari, application: str, events: AsyncIterator[Message], tapped: Tapped
) -> AsyncGenerator[list[Line], None]:
    roster = Roster()
    changed = asyncio.Event()
    # Read at once and all the time: Asterisk drops a client that is slow.
    reading = asyncio.create_task(_read_events(events, roster, changed))
    try:
        with suppress(UnreachableError):  # then more events come than we need
            await ari.ask(filter_events(application, TYPES))
            await ari.ask(unfollow_devices(application))
        async for _ in _list_again(roster, ari):
            changed.clear()
            yield await _list(roster, ari, tapped)
            if reading.done():
                return
            # Not `wait_for`: before Python 3.12 it forgets a signal that comes with an event.
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await changed.wait()
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _list_again(roster: Roster, ari: Ari) -> AsyncIterator[None]:
    """List all there is, and again every so often: a PBX that is gone may not have closed the socket."""
    clock = asyncio.get_running_loop().time
    due = -inf
    while True:
        if clock() >= due:
            await _begin(roster, ari)
            due = clock() + LIST_AGAIN_S
        yield


async def _read_events(
    events: AsyncIterator[Message], roster: Roster, changed: asyncio.Event
) -> None:
    async for message in events:
        if isinstance(message.event, ApplicationReplaced):
            break
        roster.take(message.event)
        changed.set()
    changed.set()


async def _begin(roster: Roster, ari: Ari) -> None:
    """List all there is; events that come in the meantime are taken after it."""
    roster.expect_list()
    channels = read_channels(await ari.ask_for_list(list_channels()))
    bridges = read_bridges(await ari.ask_for_list(list_bridges()))
    roster.begin(channels, bridges)


async def _list(roster: Roster, ari: Ari, tapped: Tapped) -> list[Line]:
    limit = asyncio.Semaphore(MOST_AT_ONCE)
    unread, roster.unread = roster.unread, set()
    try:
        async with asyncio.TaskGroup() as group:
            for channel in unread:
                group.create_task(_read_variables(roster, ari, channel, limit))
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    return roster.list_lines(await asyncio.to_thread(tapped))


async def _read_variables(roster: Roster, ari: Ari, channel: str, limit: asyncio.Semaphore) -> None:
    async with limit:
        linkedid = await ari.ask(read_variable(channel, _LINKEDID))
        codec = await ari.ask(read_variable(channel, _CODEC))
    roster.note_variables(
        channel, read_value(linkedid.document) or None, read_codec(read_value(codec.document))
    )
