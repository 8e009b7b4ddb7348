"""Writes what a call's transcribers settle into the store: in order, one write at a time, waiting while the store cannot take it.

While a write waits its leg is not transcribed further, so what is said waits in the recording, and nothing grows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from streamer.calls.alerting import CallWatch, list_new
from streamer.core.events import Call, EndReason, Segment, Unclear
from streamer.errors import StoreError
from streamer.store import Progress, Store

PATIENCE_S = 30.0
"""Seconds that writes are tried again once the call has ended; before that there is no end to it."""

_SHORTEST_REST_S = 0.1
_LONGEST_REST_S = 2.0

T = TypeVar("T")


class CallWriter:
    """Writes one call into the store; `say` gets one line when writing has to wait, and one when it goes on."""

    def __init__(
        self,
        store: Store,
        call_id: str,
        *,
        is_live: Callable[[], bool],
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        read_call: Callable[[], Call] | None = None,
    ) -> None:
        """`read_call` looks whether the first frame has come, of a call that was kept before it had."""
        self.store = store
        self.watch: CallWatch | None = None
        """Judges what is kept, if there are rules."""
        self._call_id = call_id
        self._kept: Call | None = None
        self._place: tuple[Path, Sequence[Path]] | None = None
        self._read_call = read_call
        self._is_live = is_live
        self._say = say
        self._clock = clock
        self._turn = asyncio.Lock()
        self._give_up_at: float | None = None
        self._has_given_up = False

    async def keep(self, call: Call, folder: Path, recordings: Sequence[Path]) -> None:
        """Keep the call with the legs that it has now; idempotent.

        Raises:
            StoreError: The store will not take it, now or later; so with every method here.
        """
        if call != self._kept:
            await self.write(lambda: self.store.keep_call(call, folder, recordings))
            self._kept = call
        self._place = folder, recordings

    async def keep_zero(self) -> None:
        """See to it that what the times of segments count from is kept before the first of them."""
        if self._read_call and self._kept and self._place and self._kept.zero_at is None:
            zero_at = self._read_call().zero_at
            if zero_at is not None:
                await self.keep(replace(self._kept, zero_at=zero_at), *self._place)

    @property
    def began_at(self) -> datetime:
        """Return what positions count from."""
        assert self._kept, "a call is kept before its words"
        return self._kept.zero_at or self._kept.started_at

    async def open_legs(self) -> dict[str, LegWriter]:
        """Return the place of each leg that is kept, by label."""
        progress = await self.store.read_progress(self._call_id)
        return {label: LegWriter(self, self._call_id, label, p) for label, p in progress.items()}

    async def end(self, reason: EndReason, *, duration: int, ended_at: datetime) -> None:
        """Take note of the call's end; `duration` is in samples at `SPEECH_RATE`."""
        await self.write(
            lambda: self.store.end_call(self._call_id, reason, duration=duration, ended_at=ended_at)
        )

    async def write(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Write when it is our turn, again and again until it is taken."""
        async with self._turn:
            return await self._keep_trying(attempt)

    async def _keep_trying(self, attempt: Callable[[], Awaitable[T]]) -> T:
        rest_s = 0.0
        while True:
            try:
                result = await attempt()
            except StoreError as error:
                if not error.is_temporary or self._has_given_up:
                    raise
                if not rest_s:
                    self._say(
                        f"{error}; the text waits in the recording until the database can be written"
                    )
                if self._is_time_over():
                    self._has_given_up = True
                    raise
            else:
                if rest_s:
                    self._say("the database can be written again")
                return result
            rest_s = min(max(2 * rest_s, _SHORTEST_REST_S), _LONGEST_REST_S)
            await asyncio.sleep(rest_s)

    def _is_time_over(self) -> bool:
        """Say whether a call that is not live any more has waited long enough; a live one waits for ever."""
        if self._give_up_at is None and not self._is_live():
            self._give_up_at = self._clock() + PATIENCE_S
        return self._give_up_at is not None and self._clock() > self._give_up_at


class LegWriter:
    """Writes one leg of a call into the store; see `speech.base.SegmentWriter`."""

    def __init__(self, call: CallWriter, call_id: str, leg: str, progress: Progress) -> None:
        self.progress = progress
        self._call = call
        self._call_id = call_id
        self._leg = leg

    @property
    def position(self) -> int:
        """Return the sample at `SPEECH_RATE` up to which the leg is settled."""
        return self.progress.position

    @property
    def utterance(self) -> int:
        """Return the number of its last utterance, with or without words."""
        return self.progress.utterance

    async def keep(
        self,
        segment: Segment | None,
        *,
        position: int,
        utterance: int,
        unclear: Sequence[Unclear] = (),
    ) -> bool:
        """Keep a segment, how far the leg is settled, and what stayed unclear; False if somebody else has kept one of its number."""
        store, watch, verdict = self._call.store, self._call.watch, None
        if segment is not None:
            await self._call.keep_zero()
        if watch:
            verdict = await watch.judge(
                self._leg, segment, position=position, began_at=self._call.began_at
            )
        alerts = list_new(verdict)
        is_kept = await self._call.write(
            lambda: store.keep_segment(
                self._call_id,
                self._leg,
                segment,
                position=position,
                utterance=utterance,
                unclear=unclear,
                alerts=alerts,
            )
        )
        if watch and verdict and is_kept:
            await watch.take(verdict)
            if segment is None:
                watch.tell()  # else with its final
        return is_kept

    async def reach(self, position: int) -> None:
        """Take note that no words have come up to a position, which may be an alert."""
        watch = self._call.watch
        if watch and (
            verdict := watch.pass_time(self._leg, position, began_at=self._call.began_at)
        ):
            alerts = list_new(verdict)
            await self._call.write(lambda: self._call.store.keep_alerts(alerts))
            await watch.take(verdict)
            watch.tell()

    async def complete(self) -> None:
        """Take note that the leg has been transcribed to its end."""
        watch, verdict = self._call.watch, None
        if watch:
            began_at = self._call.began_at
            verdict = watch.pass_time(self._leg, self.position, began_at=began_at, is_end=True)
        alerts = list_new(verdict)
        store = self._call.store
        await self._call.write(lambda: store.complete_leg(self._call_id, self._leg, alerts=alerts))
        if watch and verdict:
            await watch.take(verdict)
            watch.tell()
