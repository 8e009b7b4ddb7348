"""`streamer webhooks`: what other programs have yet to be told, and what they did not take."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence

from streamer.cli import output
from streamer.cli.moments import show_moment
from streamer.config import Settings
from streamer.core.encoding import encode_time
from streamer.core.untrusted import printable
from streamer.delivery.deliverer import MOST_DEAD
from streamer.delivery.endpoint import read_endpoints
from streamer.errors import ExitCode, NotFoundError
from streamer.store import Delivery, EndpointRow, open_outbox

_LONGEST = 1000


def run_list(settings: Settings, endpoint: str, *, as_json: bool) -> int:
    """Print each webhook with what waits for it, then the dead letters, oldest first.

    Raises:
        StreamerError: The config file or the database cannot be read, or no webhook has that name.
    """
    rows, dead = asyncio.run(_read(settings, endpoint))
    for row in rows:
        if as_json:
            fields = {"waiting": row.waiting, "dead": row.dead, "dropped": row.dropped}
            output.json_line({"webhook": row.name, **fields})
        else:
            output.data(f"{printable(row.name)}\t{', '.join(_count(row))}")
    for letter in dead:
        if as_json:
            output.json_line(_encode(letter))
        else:
            output.data("\t".join(printable(cell, limit=_LONGEST) for cell in _cells(letter)))
    if not rows:
        output.talk("no webhook has been told anything; `streamer config` prints an example")
    return ExitCode.DONE


def run_resend(settings: Settings, events: Sequence[int], endpoint: str) -> int:
    """Have dead letters sent again.

    Raises:
        StreamerError: The database cannot be written, no webhook has that name, or one of the events is no dead letter.
    """
    count = asyncio.run(_resend(settings, events, endpoint))
    letters = "1 dead letter is" if count == 1 else f"{count} dead letters are"
    output.talk(f"{letters} sent again, by the serve or watch that runs, or the next one")
    return ExitCode.DONE


async def _read(settings: Settings, endpoint: str) -> tuple[list[EndpointRow], list[Delivery]]:
    configured = {one.name for one in read_endpoints(settings, os.environ)}
    try:
        async with open_outbox(settings) as outbox:
            rows = await outbox.list_endpoints()
            dead = await outbox.list_dead(endpoint, limit=MOST_DEAD)
    except NotFoundError:  # no call has been stored yet
        rows, dead = [], []
    rows += [EndpointRow(name, 0, 0, 0) for name in sorted(configured - {row.name for row in rows})]
    if endpoint:
        rows = [row for row in rows if row.name == endpoint]
        _check(endpoint, rows)
    return rows, dead


async def _resend(settings: Settings, events: Sequence[int], endpoint: str) -> int:
    async with open_outbox(settings) as outbox:
        if endpoint:
            _check(endpoint, [r for r in await outbox.list_endpoints() if r.name == endpoint])
        if events:
            _check_dead(events, await outbox.list_dead(endpoint, limit=MOST_DEAD))
        return await outbox.resend(endpoint, numbers=events)


def _check(endpoint: str, rows: Sequence[EndpointRow]) -> None:
    if not rows:
        raise NotFoundError(
            f"there is no webhook {printable(endpoint)}; `streamer webhooks list` names them"
        )


def _check_dead(events: Sequence[int], letters: Sequence[Delivery]) -> None:
    dead = {letter.event.number for letter in letters}
    for number in events:
        if number not in dead:
            raise NotFoundError(
                f"no dead letter has the number {number}; `streamer webhooks list` names them"
            )


def _count(row: EndpointRow) -> Iterator[str]:
    yield f"{row.waiting} waiting"
    yield f"{row.dead} dead"
    if row.dropped:
        yield f"{row.dropped} dropped"


def _cells(letter: Delivery) -> tuple[str, ...]:
    event = letter.event
    when = show_moment(event.at)
    return str(event.number), letter.endpoint, when, event.kind, event.call_id, letter.error


def _encode(letter: Delivery) -> dict[str, object]:
    event = letter.event
    return {
        "event": event.number,
        "webhook": letter.endpoint,
        "id": event.key,
        "at": encode_time(event.at),
        "type": event.kind,
        "call": event.call_id,
        "error": letter.error,
    }
