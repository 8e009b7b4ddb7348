"""`streamer simulate --as ari`: an Asterisk whose calls can be listed and followed over ARI."""

from __future__ import annotations

import asyncio

from streamer.cli import output
from streamer.cli.signals import run_to_end
from streamer.core.addresses import show_address
from streamer.core.reasons import explain
from streamer.errors import UnreachableError
from streamer.simulator.ari.server import PASSWORD, USER, SimulatedAri

ANSWERED_AFTER_S = 2.0
_PHONES = 100
_PAUSE_S = 1.0


def run_ari(
    *, host: str, port: int, calls: int, every: float, hangs_up_at: float | None, loop: bool
) -> int:
    """Stand in until a signal comes; each call rings, is answered, and ends at `hangs_up_at` seconds if that is given.

    Raises:
        UnreachableError: The port cannot be had.
    """
    return run_to_end(_serve(host, port, calls, every, hangs_up_at, loop))


async def _serve(
    host: str, port: int, calls: int, every: float, hangs_up_at: float | None, loop: bool
) -> int:
    ari = SimulatedAri()
    try:
        async with ari.open(host, port) as bound, asyncio.TaskGroup() as group:
            url = f"http://{show_address(host, bound)}"
            output.talk(
                f"a simulated Asterisk; STREAMER_ARI_URL={url} STREAMER_ARI_USER={USER}"
                f" STREAMER_ARI_PASSWORD={PASSWORD} streamer channels"
            )
            output.data(f"{url}/ari")
            for number in range(calls):
                group.create_task(_play(ari, number, number * every, hangs_up_at, loop))
            await asyncio.Event().wait()
    except OSError as error:
        raise UnreachableError(
            f"cannot listen on {show_address(host, port)}: {explain(error)}"
        ) from error
    return 0


async def _play(
    ari: SimulatedAri, number: int, starts_at: float, hangs_up_at: float | None, loop: bool
) -> None:
    await asyncio.sleep(starts_at)
    answered_at = ANSWERED_AFTER_S
    while True:
        first = _PHONES + 2 * number
        call = ari.pbx.start_call(str(first), str(first + 1))
        if hangs_up_at is None or hangs_up_at > answered_at:
            await asyncio.sleep(answered_at)
            call.answer()
        if hangs_up_at is None:
            return
        is_answered = hangs_up_at > answered_at
        await asyncio.sleep(hangs_up_at - answered_at if is_answered else hangs_up_at)
        call.hang_up()
        if not loop:
            return
        await asyncio.sleep(_PAUSE_S)
