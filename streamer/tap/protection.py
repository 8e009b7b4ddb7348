"""A keeper at all times, for the calls of a listener: see `keeper.process` for what it is for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from streamer.errors import KeeperError
from streamer.keeper.client import Keeper, open_keeper

REST_S = 2.0
"""Between two attempts to get a keeper."""


class Protection:
    """The present keeper, and those that have taken calls over; `give_up` tells whoever reads these calls."""

    def __init__(
        self,
        runtime_dir: Path | None,
        *,
        note: Path,
        patience_s: float,
        give_up: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self.keeper: Keeper | None = None
        """The present one, None if there is none."""
        self._runtime_dir = runtime_dir
        self._note = note
        self._patience_s = patience_s
        self._give_up = give_up
        self._say = say
        self._has_keeper = asyncio.Event()
        self._is_said = False
        """The user knows that there is none."""
        self._left: list[Keeper] = []
        """Those that have taken calls over which may not have been hung up yet."""

    async def run(self) -> None:
        """Have a keeper until cancelled; one that has taken the calls over is left with them."""
        while True:
            try:
                await self._have_one()
            except KeeperError as error:
                if not self._is_said:
                    self._say(
                        f"{error}; calls are recorded, but each would end if this process died"
                    )
                self._is_said = True
                await asyncio.sleep(REST_S)

    async def _have_one(self) -> None:
        """Have a keeper until it is lost."""
        try:
            async with open_keeper(
                self._runtime_dir,
                note=self._note,
                patience_s=self._patience_s,
                say_trouble=self._say,
            ) as keeper:
                self.keeper, self._is_said = keeper, False
                self._has_keeper.set()
                await keeper.lost.wait()
                self._give_up()
                self.keeper = None
                self._left.append(keeper)
        finally:
            self.keeper = None
            self._has_keeper.clear()

    async def wait(self) -> Keeper:
        """Return the keeper as soon as there is one."""
        while self.keeper is None:
            await self._has_keeper.wait()
        return self.keeper

    def count_parked(self) -> int:
        """Count the sockets that keepers drain because their peers stay."""
        self._left = [keeper for keeper in self._left if keeper.parked]
        return sum(
            keeper.parked for keeper in [*self._left, *([self.keeper] if self.keeper else [])]
        )
