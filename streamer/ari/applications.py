"""Which applications Asterisk knows, and how one of ours is forgotten.

Asterisk keeps an application for as long as it follows a channel or bridge, and looks for those to forget only as the events socket of an
application opens or closes. So one of ours would stay listed after a call, until somebody connects again. Before 20.14, 21.9 and 22.4
it keeps one that has heard of everything, too, until it is unsubscribed from all of that.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from streamer.ari.client import Ari
from streamer.errors import UnreachableError
from streamer.wire.ari.answers import Application, read_applications
from streamer.wire.ari.requests import list_applications, unfollow_source

_PATIENCE_S = 2.0
"""Seconds until what was deleted has ended in the PBX."""

_POLL_S = 0.02


async def find_application(ari: Ari, name: str) -> Application | None:
    """Return how an application is listed.

    Raises:
        UnreachableError: ARI cannot be asked.
    """
    listed = read_applications(await ari.ask_for_list(list_applications()))
    return next((one for one in listed if one.name == name), None)


async def forget_application(ari: Ari, name: str) -> None:
    """Let Asterisk forget an application of ours whose events socket is closed and whose channels and bridges are deleted.

    What follows something still after a while, or cannot be asked about, is left.
    """
    with suppress(UnreachableError):
        kept = await find_application(ari, name)
        if kept is None:
            return
        for source in kept.sources:
            await ari.ask(unfollow_source(name, source))
        async with ari.open_events(name, hears_all=False):
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await _wait_until_idle(ari, name)


async def _wait_until_idle(ari: Ari, name: str) -> None:
    while True:
        kept = await find_application(ari, name)
        if kept is None or not kept.sources:
            return
        await asyncio.sleep(_POLL_S)
