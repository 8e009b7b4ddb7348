"""Which of several nodes taps a channel: who has its snoop, for the id of that is the same for all.

Asterisk refuses the second one with a clean 500. The snoop of a node that has died stays until the call ends, so whoever finds the
application of its owner missing for `MISSING_S` deletes it and asks again; again only one succeeds.

    asked -> ours
       `-> another one's -> its application missing for 5 s -> deleted, asked again
                    `-> gone while its application is there: that node has stopped, and so it stays
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

from streamer.ari.client import Ari
from streamer.errors import UnreachableError
from streamer.sources.ari.stasis import OwnChannels
from streamer.wire.ari.answers import read_applications, read_channel, read_reason
from streamer.wire.ari.ids import derive_id
from streamer.wire.ari.requests import Spy, end_channel, list_applications, show_channel, snoop

MISSING_S = 5.0
"""Seconds for which an application has to be missing, since one that reconnects is away for a moment."""

LOOK_S = 0.5

_ENDING_S = 2.0
"""Seconds that a deleted snoop may keep its id; it ends a moment after the answer."""

_ENDING_LOOK_S = 0.02

_IN_USE, _GONE = 500, 404


class Claim(Enum):
    """What has become of a claim; the value says why it failed."""

    OURS = ""
    ENDED = "it has ended"
    ELSEWHERE = "another node of streamer taps it already"


@dataclass
class Claims:
    """The snoops of one process, whose application may share channels with those of other nodes."""

    ari: Ari
    application: str
    own: OwnChannels
    held: set[str] = field(default_factory=set)
    """Snoops that are ours already, each until a leg takes it."""
    _dead: set[str] = field(default_factory=set)
    """Applications that were missing for so long that we took something over."""
    _looked_at: float = float("-inf")
    _listed: frozenset[str] = frozenset()

    async def claim(self, channel: str, spy: Spy) -> Claim:
        """Have the snoop of a channel, one that is held already or a new one.

        Raises:
            UnreachableError: ARI cannot be asked.
        """
        ear = derive_id(channel, spy.value)
        if ear in self.held:
            self.held.discard(ear)
            return Claim.OURS
        claim = await self._ask(channel, spy)
        if claim is Claim.ELSEWHERE and await self.wait_for_turn(ear, is_patient=False):
            claim = await self._ask(channel, spy)
        return claim

    async def keep(self, channel: str) -> Claim:
        """Have the snoop of a channel, and hold it for a leg that comes.

        Raises:
            UnreachableError: ARI cannot be asked.
        """
        claim = await self._ask(channel, Spy.SAID)
        if claim is Claim.OURS:
            self.held.add(derive_id(channel, Spy.SAID.value))
        return claim

    async def drop(self, channel: str) -> None:
        """Delete a snoop that no leg has taken; idempotent."""
        ear = derive_id(channel, Spy.SAID.value)
        if ear in self.held:
            self.held.discard(ear)
            await self.ari.ask(end_channel(ear))

    async def find_owner(self, ear: str) -> str:
        """Return the application that has a snoop, empty if there is none.

        Raises:
            UnreachableError: ARI cannot be asked.
        """
        answer = await self.ari.ask(show_channel(ear))
        channel = read_channel(answer.document) if answer.is_ok else None
        is_inside = channel is not None and channel.application == "Stasis"
        return channel.arguments.split(",")[0] if channel is not None and is_inside else ""

    async def wait_for_turn(self, ear: str, *, is_patient: bool = True) -> bool:
        """Wait until another one's snoop is left over, and delete it; False if it is not, any more or, without patience, now.

        Raises:
            UnreachableError: ARI cannot be asked.
        """
        clock = asyncio.get_running_loop().time
        owner, missing_since = "", None
        while missing_since is None or clock() < missing_since + MISSING_S:
            owner = owner or await self.find_owner(ear)
            is_there = not owner or owner in await self._list_applications()
            missing_since = None if is_there else missing_since or clock()
            if is_there and (not is_patient or not await self._is_there(ear)):
                return False
            if is_there:
                self._dead.discard(owner)
            elif owner in self._dead:
                break
            await asyncio.sleep(LOOK_S)
        self._dead.add(owner)
        await self._delete(ear)
        return True

    async def _delete(self, ear: str) -> None:
        """Delete a snoop, and wait until its id is free."""
        await self.ari.ask(end_channel(ear))
        with suppress(TimeoutError):
            async with asyncio.timeout(_ENDING_S):
                while True:
                    if (await self.ari.ask(show_channel(ear))).status == _GONE:
                        return
                    await asyncio.sleep(_ENDING_LOOK_S)

    async def _is_there(self, ear: str) -> bool:
        if self.own.has_ended(ear):
            return False
        return (await self.ari.ask(show_channel(ear))).status != _GONE

    async def _list_applications(self) -> frozenset[str]:
        """Return the applications that are there, asked for once for all who wait."""
        now = asyncio.get_running_loop().time()
        if now >= self._looked_at + LOOK_S / 2:
            self._looked_at = now
            listed = read_applications(await self.ari.ask_for_list(list_applications()))
            self._listed = frozenset(one.name for one in listed)
        return self._listed

    async def _ask(self, channel: str, spy: Spy) -> Claim:
        request = snoop(self.application, channel, spy, is_shared=True)
        self.own.expect(derive_id(channel, spy.value))
        # Finished even if we are not: what is deleted before it is made would stay.
        answer = await asyncio.shield(asyncio.ensure_future(self.ari.ask(request)))
        if answer.is_ok:
            if made := read_channel(answer.document):
                self.own.know(made)
            return Claim.OURS
        if answer.status == _GONE:
            return Claim.ENDED
        if answer.status == _IN_USE:
            return Claim.ELSEWHERE
        raise UnreachableError(
            f"{self.ari.url}: a snoop cannot be made: HTTP {answer.status} ({read_reason(answer.document)})"
        )
