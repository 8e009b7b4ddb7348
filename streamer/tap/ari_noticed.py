"""One call that is tapped by itself, as the listener records it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from streamer.ari.client import Ari
from streamer.recording.folder import CallFolder
from streamer.sources.ari.call import Admit, AriCall
from streamer.sources.ari.circle import Circle
from streamer.sources.ari.finding import FoundCall
from streamer.sources.base import Sent, StreamItem
from streamer.tap.ari_inventory import FolderInventory


class NoticedCall:
    """A call that is ours to tap; `clean_up` is called once when it is not any more."""

    def __init__(
        self,
        ari: Ari,
        circle: Circle,
        found: FoundCall,
        *,
        facts: Mapping[str, str],
        admit: Admit,
        note: Callable[[CallFolder], None],
        clean_up: Callable[[NoticedCall], None],
        clock: Callable[[], float],
    ) -> None:
        self.legs = found.legs
        self.facts = facts
        self.was_stopped = False
        self._ari, self._circle, self._found = ari, circle, found
        self._admit, self._note, self._clean_up, self._clock = admit, note, clean_up, clock
        self._call: AriCall | None = None
        self._folder: CallFolder | None = None
        self._note_facts: Callable[[Mapping[str, str]], None] | None = None
        self._is_closed = False

    @property
    def members(self) -> tuple[str, ...]:
        """The ids of the channels that belong to it now."""
        if self._call is not None:
            return self._call.members
        return tuple(channel.id for channel in self._found.membership.members)

    @property
    def lost(self) -> list[int]:
        """Samples of each leg that a slow consumer has lost."""
        return self._call.lost if self._call is not None else [0] * len(self.legs)

    @property
    def sent(self) -> tuple[Sent, ...]:
        """Nothing is sent to anybody."""
        return ()

    def begin(self, folder: Path, note_facts: Callable[[Mapping[str, str]], None]) -> None:
        """Tap it, now that it has a folder."""
        self._folder, self._note_facts = CallFolder(folder), note_facts
        with suppress(OSError):  # it only says whose the channel is
            self._note(self._folder)
        application = self._circle.application
        inventory = FolderInventory(folder, url=self._ari.url, application=application)
        self._call = AriCall(
            self._ari,
            application,
            self._found,
            inventory=inventory,
            admit=self._admit,
            clock=self._clock,
            circle=self._circle,
        )
        self._call.start()

    async def __aiter__(self) -> AsyncIterator[StreamItem]:
        """Yield what the parties do until the call ends."""
        if self._call is not None:
            async for item in self._call:
                yield item

    def explain_silence(self, leg: int, *, waited_s: float) -> str:
        """Say why a tap may stand and bring no audio."""
        return self._call.explain_silence(leg, waited_s=waited_s) if self._call else ""

    def note_label(self, label: str) -> None:
        """Call it so."""
        if self._note_facts is not None:
            self._note_facts({"label": label})

    async def request_stop(self) -> None:
        """Have the recording ended, as by `streamer stop`."""
        if self._folder is not None:
            await asyncio.to_thread(self._folder.request_stop)

    async def aclose(self) -> None:
        """Stop, and have what is ours deleted; idempotent."""
        if self._folder is not None:
            self.was_stopped |= self._folder.is_stop_requested()
        if self._call is not None:
            await self._call.aclose()
        if not self._is_closed:
            self._is_closed = True
            self._clean_up(self)

    async def finish(self) -> None:
        """Wait until nothing of ours is left, not for ever."""
        if self._call is not None:
            await self._call.finish()
