"""A running call that is tapped through ARI, as the tap reads it.

Theory of operation. `ari.membership` says who belongs to the call, and each of its decisions becomes a leg that is set up, or one that ends. It
hears the events (see `hearing`) and takes looks: a look is a list of all channels and bridges, taken whenever events begin to come, where one
says that something has changed which it does not show, once more a little later, and every `LOOK_S`.

    leg: LegAdded -> subscribed -> set up -> LegOpened -> audio ... left by decision, or lost
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from streamer.ari.applications import forget_application
from streamer.ari.client import Ari
from streamer.ari.membership import (
    Decision,
    HoldChanged,
    Join,
    KeyPressed,
    Leave,
)
from streamer.core.audio import SAMPLE_WIDTH, AudioChunk
from streamer.core.events import Cause, EndReason
from streamer.errors import NotFoundError, SourceError, StreamerError, UnreachableError
from streamer.sources.ari.circle import Circle
from streamer.sources.ari.finding import (
    FoundCall,
    choose_format,
    make_leg,
    name_legs,
    read_rate,
)
from streamer.sources.ari.hearing import Ears, Hearer, Hearing
from streamer.sources.ari.holds import Holds
from streamer.sources.ari.leg_tap import Inventory, LegTap, Workshop
from streamer.sources.ari.listener import MediaListener, open_listener
from streamer.sources.ari.lists import Lists
from streamer.sources.ari.running import RunningCall
from streamer.sources.ari.stasis import OwnChannels
from streamer.sources.base import (
    DtmfReceived,
    Inbox,
    LegClosed,
    LegOpened,
    Odd,
    Sent,
    StreamItem,
)
from streamer.wire.ari.answers import Channel
from streamer.wire.ari.events import Message
from streamer.wire.ari.requests import Spy
from streamer.wire.audiosocket import DIGITS

LOOK_S = 20.0
"""Seconds between two looks without a reason; Asterisk closes idle connections after 15 s, so each tap holds none."""

FIRST_LOOK_S = 0.25
"""Seconds until the first look, since the call was listed just before: what is to be tapped comes first."""

LOOK_AGAIN_S = 0.05
"""Seconds until a second look where an event made one: it may have come before what it announces."""

RETRY_S = 0.1
ENDING_S = 1.0
"""Seconds until a look that failed is taken again, and for the end of a channel whose tap has ended before it."""

MOST_LEGS = 500
"""Legs that a recording can have, those that have ended included."""

MOST_RAW = 64
"""Bytes that are kept of what is no key of a telephone."""

_TICK_S = 0.1

_log = logging.getLogger(__name__)

Admit = Callable[[Channel], str]
"""Says why a channel that joins is not to be tapped, empty if it is."""


@dataclass(slots=True)
class _Tapped:
    """A leg that has a number."""

    number: int
    name: str
    tap: LegTap | None = None
    is_open: bool = False
    is_closed: bool = False


@dataclass(slots=True)
class _Work:
    """What runs for one party: its task, and its leg as soon as it has one."""

    task: asyncio.Task[None]
    leg: _Tapped | None = None


class AriCall(RunningCall):
    """A call; `start` begins to tap it, `aclose` stops, and `finish` waits until nothing of ours is left."""

    def __init__(
        self,
        ari: Ari,
        application: str,
        found: FoundCall,
        *,
        inventory: Inventory,
        admit: Admit,
        clock: Callable[[], float],
        circle: Circle | None = None,
    ) -> None:
        super().__init__()
        self.legs = found.legs
        self.sent: tuple[Sent, ...] = ()
        self._ari = ari
        self._application = application
        self._found = found
        self._membership = found.membership
        self._inventory = inventory
        self._admit = admit
        self._clock = clock
        self._inbox = Inbox(found.legs)
        self._holds = Holds(self._inbox.put, clock)
        self._names = [leg.channel for leg in found.legs]
        self._labels = {leg.label for leg in found.legs}
        self._circle = circle
        self._lists = circle.lists if circle else Lists(ari)
        self._own = circle.own if circle else OwnChannels()
        self._look_wanted = asyncio.Event()
        self._look_after_s = FIRST_LOOK_S
        hearer = Hearer(self._take, self._want_look, self._say, lambda: self._membership.sources)
        self._hearing: Ears = circle.listen(hearer) if circle else Hearing(ari, application, hearer)
        self._work: dict[tuple[str, Spy], _Work] = {}
        self._standing: dict[LegTap, None] = {}
        """What may have something in the PBX."""
        self._group: asyncio.TaskGroup
        self._is_running = True

    @property
    def lost(self) -> list[int]:
        """Samples of each leg that a slow consumer has lost."""
        return self._inbox.lost

    @property
    def members(self) -> tuple[str, ...]:
        """The ids of the channels that belong to it now."""
        return tuple(channel.id for channel in self._membership.members)

    def __aiter__(self) -> AsyncIterator[StreamItem]:
        """Yield what the parties do until the call ends."""
        return self._inbox.__aiter__()

    def explain_silence(self, leg: int, *, waited_s: float) -> str:
        """Say why a tap may stand and bring no audio."""
        return (
            f"no audio from {self._names[leg]} for {waited_s:.0f} s, although a tap brings silence, too: the PBX may be overloaded, or a"
            " firewall may drop what it sends; still waiting"
        )

    async def _clean(self) -> None:
        self._holds.end()
        await asyncio.gather(*(self._tear_down(tap) for tap in list(self._standing)))
        if self._circle is None:  # whose application is that of all calls, and follows nothing
            await forget_application(self._ari, self._application)
            await self._inventory.end()

    async def _tear_down(self, tap: LegTap) -> None:
        if await tap.tear_down():
            self._standing.pop(tap, None)

    async def _run(self) -> None:
        try:
            if self._circle is None:
                await self._inventory.begin()
            async with open_listener(self._ari.url) as listener, asyncio.TaskGroup() as group:
                self._group = group
                self._begin(listener)
                group.create_task(self._look_for_ever())
                group.create_task(self._tick_for_ever())
                await self._hearing.run()
        except* StreamerError as several:
            self._refuse_all(first_error(several))
        except* Exception:  # noqa: BLE001 - a call that nobody ends would never end
            _log.exception("cannot tap %s", self._names[0])
            fault = f"{self._names[0]} is no longer tapped, by a fault of streamer's; see the log"
            self._refuse_all(SourceError(fault))

    def _begin(self, listener: MediaListener) -> None:
        self._shop = Workshop(self._ari, self._application, self._own, listener, self._inventory)
        self._shop.claims = self._circle.claims if self._circle else None
        for number, join in enumerate(self._found.joins):
            leg = _Tapped(number, join.channel.name)
            rate = self.legs[number].rate
            task = self._group.create_task(self._tap(join, leg, rate))
            self._work[join.channel.id, join.spy] = _Work(task, leg)

    def _refuse_all(self, error: StreamerError) -> None:
        self._is_running = False
        for work in self._work.values():
            if work.leg is not None:
                reason = EndReason.LOST if work.leg.is_open else EndReason.REFUSED
                self._close(work.leg, reason, error)
        if not self._work:  # not even begun
            for number in range(len(self.legs)):
                self._inbox.put(LegClosed(number, EndReason.REFUSED, error))

    # What is heard

    def _want_look(self) -> None:
        """Have a look made, for what happened while no events came."""
        asyncio.get_running_loop().call_later(self._look_after_s, self._look_wanted.set)
        self._look_after_s = 0.0

    def _take(self, message: Message) -> None:
        self._own.take(message.event)
        self._act(self._membership.take(message, self._clock()))
        if self._membership.needs_look or not self._hearing.follows(self._membership.sources):
            self._look_wanted.set()

    async def _look_for_ever(self) -> None:
        while True:
            await self._hearing.heard.wait()
            is_told = await self._wait_for_reason()
            try:
                await self._look()
                if is_told:
                    await asyncio.sleep(LOOK_AGAIN_S)
                    await self._look()
            except UnreachableError as error:
                _log.warning("%s", error)
                await asyncio.sleep(RETRY_S)

    async def _wait_for_reason(self) -> bool:
        """Wait until a look is due; return whether an event has asked for it."""
        try:
            async with asyncio.timeout(LOOK_S):
                await self._look_wanted.wait()
        except TimeoutError:
            return False
        self._look_wanted.clear()
        return self._membership.needs_look

    async def _look(self) -> None:
        """List all there is, and do what follows from it.

        Raises:
            UnreachableError: ARI cannot be asked.
        """
        self._membership.expect_look()
        try:
            channels, bridges = await self._lists.read()
        except BaseException:
            self._act(self._membership.give_up_look())
            raise
        self._own.look(channels, self._application)
        self._act(self._membership.look(channels, bridges, self._clock()))
        await self._hearing.follow(self._membership.sources)

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            if self._clock() >= self._membership.due:
                self._act(self._membership.tick(self._clock()))

    # What is done

    def _act(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            match decision:
                case Join():
                    task = self._group.create_task(self._join(decision))
                    self._work[decision.channel.id, decision.spy] = _Work(task)
                case Leave(channel, spy, cause):
                    self._leave((channel, spy), cause)
                case KeyPressed(channel, digit):
                    self._press(channel, digit)
                case HoldChanged(channel, is_held):
                    if (leg := self._find_speaker(channel)) is not None:
                        self._holds.take(leg.number, is_held=is_held)

    async def _join(self, join: Join) -> None:
        """Begin one more leg, if it may have one."""
        if len(self._names) >= MOST_LEGS:
            self._say(f"{join.channel.name} has joined, but a call has {MOST_LEGS} legs at most")
            return
        if why := self._admit(join.channel):
            self._say(why)
            return
        try:
            rate = await read_rate(self._ari, join.channel.id)
        except UnreachableError as error:
            self._say(f"{join.channel.name} has joined but cannot be tapped: {error}")
            return
        label = next(one for one in name_legs(len(self._names)) if one not in self._labels)
        facts = make_leg(join, label, rate)
        self._labels.add(label)
        self._names.append(join.channel.name)
        leg = _Tapped(self._inbox.add_leg(facts), join.channel.name)
        self._work[join.channel.id, join.spy].leg = leg
        await self._tap(join, leg, rate)

    async def _tap(self, join: Join, leg: _Tapped, rate: int) -> None:
        """Set a leg's tap up and wait for its end; cancelled when the leg leaves."""

        def hear(payload: bytes) -> None:
            pcm = payload[: len(payload) - len(payload) % SAMPLE_WIDTH]
            if pcm and not leg.is_closed:
                self._inbox.put(AudioChunk(leg.number, pcm, self._clock()))

        tap = leg.tap = LegTap(self._shop, join.channel, join.spy, choose_format(rate), hear)
        self._standing[tap] = None
        try:
            await self._hearing.heard.wait()
            await self._hearing.follow([f"channel:{join.channel.id}"])
            await tap.set_up()
            leg.is_open = True
            self._inbox.put(LegOpened(leg.number))
            await tap.lost.wait()
            await self._judge_loss(leg)
        except NotFoundError as error:
            has_joined = leg.number >= len(self.legs)  # and has gone again
            reason = EndReason.HANG_UP if has_joined else EndReason.REFUSED
            self._close(leg, reason, None if has_joined else error)
        except StreamerError as error:
            self._close(leg, EndReason.LOST if leg.is_open else EndReason.REFUSED, error)

    async def _judge_loss(self, leg: _Tapped) -> None:
        """Wait for the channel to end, since the end of its tap is the first sign of that; raise why there is no audio if it goes on."""
        self._look_wanted.set()
        await asyncio.sleep(ENDING_S)
        raise SourceError(
            f"the tap of {leg.name} has ended inside Asterisk, or Asterisk has; the call itself may go on"
        )

    def _leave(self, key: tuple[str, Spy], cause: Cause | None) -> None:
        work = self._work.pop(key, None)
        if work is None:
            return
        work.task.cancel()
        if work.leg is not None:
            self._close(work.leg, EndReason.HANG_UP, cause=cause)

    def _close(
        self,
        leg: _Tapped,
        reason: EndReason,
        error: StreamerError | None = None,
        cause: Cause | None = None,
    ) -> None:
        if leg.is_closed:
            return
        leg.is_closed = True
        self._holds.forget(leg.number)
        self._inbox.put(LegClosed(leg.number, reason, error, cause=cause))
        if leg.tap is not None and self._is_running:  # else `aclose` does it
            self._group.create_task(self._tear_down(leg.tap))

    def _press(self, channel: str, digit: str) -> None:
        if (leg := self._find_speaker(channel)) is not None:
            known = digit if digit in DIGITS else None
            raw = digit.encode()[:MOST_RAW]
            self._inbox.put(DtmfReceived(leg.number, known, self._clock(), raw))

    def _find_speaker(self, channel: str) -> _Tapped | None:
        """Return the leg in which a channel's party is heard, as long as it is open."""
        work = self._work.get((channel, Spy.SAID))
        leg = work.leg if work is not None else None
        return leg if leg is not None and not leg.is_closed else None

    def _say(self, message: str) -> None:
        self._inbox.put(Odd(0, message, frames=0))


def first_error(several: BaseExceptionGroup[StreamerError]) -> StreamerError:
    """Return the first of the errors in a group."""
    error = several.exceptions[0]
    return first_error(error) if isinstance(error, BaseExceptionGroup) else error
