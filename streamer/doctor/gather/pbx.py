"""Asks a PBX over ARI. It changes nothing there: the one application that it is for a moment is gone with its socket."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from streamer.ari.access import read_access
from streamer.ari.client import Ari, open_ari
from streamer.ari.roster import TYPES, is_party, read_codec
from streamer.config import Settings
from streamer.doctor.pbx import ChannelFacts, PbxFacts
from streamer.errors import UnreachableError, UsageError
from streamer.wire.ari.answers import (
    Channel,
    read_channels,
    read_modules,
    read_value,
    read_version,
)
from streamer.wire.ari.events import Message, UserEvent
from streamer.wire.ari.ids import make_application
from streamer.wire.ari.requests import (
    filter_events,
    list_applications,
    list_channels,
    list_modules,
    read_variable,
    send_event,
    show_asterisk,
)

HTTP_CONF = Path("/etc/asterisk/http.conf")
EVENT_PATIENCE_S = 3.0
_MEASURED = 5
_MOST_CHANNELS = 5
_EVENT = "StreamerDoctor"
_FORBIDDEN = 403
_CODEC = "CHANNEL(audionativeformat)"
_LIMIT = re.compile(r"^[ \t]*sessionlimit[ \t]*=>?[ \t]*(\d{1,9})", re.MULTILINE)


async def gather_pbx(settings: Settings, *, http_conf: Path = HTTP_CONF) -> PbxFacts:
    """Return what ARI tells, as far as it does."""
    if not (settings.ari_user.strip() or settings.ari_password.strip()):
        return PbxFacts(is_wanted=False)
    try:
        access = read_access(settings)
    except UsageError as error:
        return PbxFacts(is_wanted=True, trouble=str(error))
    facts = PbxFacts(is_wanted=True, url=access.url, user=access.user)
    limit = _read_limit(http_conf) if _is_here(access.url) else None
    try:
        async with open_ari(access) as ari:
            return await _ask_all(ari, replace(facts, session_limit=limit))
    except UnreachableError as error:
        return replace(facts, unreachable=str(error))


async def _ask_all(ari: Ari, facts: PbxFacts) -> PbxFacts:
    """Ask one thing after the other, so that what is measured is not measured under load.

    Raises:
        UnreachableError: It is no ARI, or lets nobody in.
    """
    applications = await ari.ask_for_list(list_applications())
    facts = replace(facts, latencies_s=await _measure(ari))
    with suppress(UnreachableError):
        answer = await ari.ask(show_asterisk())
        ahead = _compare_clocks(answer.headers)
        version = read_version(answer.document)
        facts = replace(facts, version=version, headers=answer.headers, clock_ahead_s=ahead)
    with suppress(UnreachableError):
        facts = replace(
            facts, modules=read_modules((await ari.ask(list_modules())).document) or None
        )
    facts = replace(facts, is_read_only=await _find_rights(ari))
    facts = await _hear(ari, facts)
    with suppress(UnreachableError):
        channels = read_channels(await ari.ask_for_list(list_channels()))
        media = sum(channel.name.startswith("WebSocket/") for channel in channels)
        parties = [channel for channel in channels if is_party(channel)][:_MOST_CHANNELS]
        shown = [await _look(ari, party) for party in parties]
        facts = replace(facts, sessions=len(applications) + media, channels=tuple(shown))
    return facts


async def _measure(ari: Ari) -> tuple[float, ...]:
    """Return how long some answers took; the connection is there already."""
    took = []
    for _ in range(_MEASURED):
        began = time.monotonic()
        await ari.ask(list_applications())
        took.append(time.monotonic() - began)
    return tuple(took)


async def _find_rights(ari: Ari) -> bool | None:
    """Return whether the user may only read, by a request about an application that is not there; it changes nothing."""
    with suppress(UnreachableError):
        answer = await ari.ask(filter_events(make_application(), TYPES))
        if answer.status in (_FORBIDDEN, 404):
            return answer.status == _FORBIDDEN
    return None


async def _hear(ari: Ari, facts: PbxFacts) -> PbxFacts:
    """Be an application, and let it hear an event of our own."""
    application = make_application()
    try:
        async with ari.open_events(application, hears_all=False) as events:
            began = time.monotonic()
            if not (await ari.ask(send_event(application, _EVENT))).is_ok:
                return facts
            async with asyncio.timeout(EVENT_PATIENCE_S):
                if await _comes_back(events):
                    return replace(facts, event_s=time.monotonic() - began)
            return replace(facts, events_trouble="the WebSocket of events broke off at once")
    except TimeoutError:
        return replace(facts, are_events_kept=True)
    except UnreachableError as error:
        return replace(facts, events_trouble=str(error))


async def _comes_back(events: AsyncIterator[Message]) -> bool:
    """Wait for our own event; False if the socket ends before it."""
    async for message in events:
        if isinstance(message.event, UserEvent) and message.event.name == _EVENT:
            return True
    return False


async def _look(ari: Ari, channel: Channel) -> ChannelFacts:
    value = ""
    with suppress(UnreachableError):
        value = read_value((await ari.ask(read_variable(channel.id, _CODEC))).document)
    return ChannelFacts(channel.name, tuple((read_codec(value) or "").split("|")) if value else ())


def _compare_clocks(headers: Mapping[str, str]) -> float | None:
    """Return how far the PBX's clock is ahead of ours; half a second is what the header's seconds lack on the average."""
    with suppress(KeyError, ValueError, TypeError, OverflowError):
        return parsedate_to_datetime(headers["date"]).timestamp() + 0.5 - time.time()
    return None


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def _read_limit(http_conf: Path) -> int | None:
    with suppress(OSError, UnicodeError):
        found = _LIMIT.findall(http_conf.read_text(encoding="utf-8", errors="replace"))
        return int(found[-1]) if found else None
    return None
