"""A call that we ask for, as the tap reads it: it rings, and once it is answered, it is held by us, or tapped where it goes.

    asked for -> rings -> answered -> held: one medium both ways ----> ended, by the party or by us
                   |           `----> elsewhere: tapped as any call -> ended
                   `-> nobody has answered

Only a call that we hold has an id of ours, and ends with the recording. One that goes elsewhere is the PBX's own as soon as it is answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from streamer.ari.applications import forget_application
from streamer.ari.client import Ari
from streamer.core.audio import SAMPLE_WIDTH, AudioChunk, Leg
from streamer.core.events import Cause, EndReason
from streamer.errors import NotFoundError, SourceError, StreamerError, UnreachableError
from streamer.sources.ari.call import (
    ENDING_S,
    LOOK_S,
    MOST_RAW,
    RETRY_S,
    Admit,
    AriCall,
    first_error,
)
from streamer.sources.ari.finding import choose_format, find_call, read_rate
from streamer.sources.ari.hearing import Hearer, Hearing
from streamer.sources.ari.held import HeldParty
from streamer.sources.ari.holds import Holds
from streamer.sources.ari.leg_tap import Inventory, Workshop, describe_refusal
from streamer.sources.ari.listener import open_listener
from streamer.sources.ari.ringing import Ringing, explain_unanswered, wait_for_first
from streamer.sources.ari.running import RunningCall
from streamer.sources.ari.stasis import OwnChannels
from streamer.sources.base import (
    DtmfReceived,
    Inbox,
    LegAdded,
    LegClosed,
    LegOpened,
    Odd,
    RateKnown,
    Sent,
    StreamItem,
)
from streamer.sources.playout import Playback
from streamer.sources.programme import Programme
from streamer.wire.ari.answers import Channel, read_channel, read_channels, read_reason
from streamer.wire.ari.events import Event, Held, KeyReleased, Message, Unheld
from streamer.wire.ari.requests import Request, abandon_call, find_new_id, list_channels
from streamer.wire.ari.wanted import WantedCall
from streamer.wire.audiosocket import DIGITS

_OTHER = "caller"
_ALLOCATION_FAILED = "Allocation failed"
_log = logging.getLogger(__name__)

Note = Callable[[Mapping[str, str]], None]
"""Takes facts of the call as they become known."""


class PlacedCall(RunningCall):
    """A call; `start` asks for it, `aclose` gives it up, and `finish` waits until nothing of ours is left."""

    def __init__(
        self,
        ari: Ari,
        application: str,
        wanted: WantedCall,
        *,
        variables: Mapping[str, str],
        playback: Playback | None,
        inventory: Inventory,
        admit: Admit,
        note: Note,
        clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self.legs = (wanted.leg,)
        self._ari = ari
        self._application = application
        self._wanted = wanted
        self._request = wanted.build(application, variables)
        self._playback = playback
        self._inventory = inventory
        self._admit = admit
        self._note = note
        self._clock = clock
        self._inbox = Inbox(self.legs)
        self._holds = Holds(self._inbox.put, clock)
        self._own = OwnChannels()
        self._ringing = Ringing(is_ours=wanted.is_held)
        self._look_wanted = asyncio.Event()
        hearer = Hearer(self._take, self._look_wanted.set, self._say, self._list_sources)
        self._hearing = Hearing(ari, application, hearer)
        self._party: HeldParty | None = None
        self._tapped: AriCall | None = None
        self._numbers: dict[int, int] = {}
        """Our numbers of the legs of a call that is tapped."""
        self._is_closed = False
        self._key_at: datetime | None = None
        self._placing: asyncio.Task[None] | None = None

    @property
    def lost(self) -> list[int]:
        """Samples of each leg that a slow consumer has lost."""
        return self._inbox.lost

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What was sent to the party of a call that we hold."""
        return self._party.sent if self._party else ()

    @property
    def programme(self) -> Programme | None:
        """What the party of a call that we hold hears."""
        return self._party.programme if self._party else None

    def __aiter__(self) -> AsyncIterator[StreamItem]:
        """Yield what the parties do until the call ends."""
        return self._inbox.__aiter__()

    def explain_silence(self, leg: int, *, waited_s: float) -> str:
        """Say why a party may be there and bring no audio."""
        return f"no audio from {self._wanted.endpoint} for {waited_s:.0f} s: it may be muted, or a firewall may drop what the PBX sends; still waiting"

    async def _clean(self) -> None:
        if self._placing is not None:
            await asyncio.gather(self._placing, return_exceptions=True)
        if self._tapped is not None:
            await self._tapped.aclose()
            await self._tapped.finish()
        if self._party is not None:
            await self._party.tear_down()
        channel, ringing = self._ringing.channel, self._ringing
        is_over = ringing.answered.is_set() or ringing.ended.is_set()
        if channel is not None and not self._wanted.is_held and not is_over:
            with suppress(UnreachableError):
                await self._ari.ask(abandon_call(channel.id))
        await forget_application(self._ari, self._application)
        await self._inventory.end()

    async def _run(self) -> None:
        try:
            await self._call()
        except* StreamerError as several:
            self._fail(first_error(several))
        except* Exception:  # noqa: BLE001 - a call that nobody ends would never end
            _log.exception("cannot call %s", self._wanted.endpoint)
            fault = f"{self._wanted.endpoint} is no longer recorded, by a fault of streamer's; see the log"
            self._fail(SourceError(fault))

    async def _call(self) -> None:
        await self._inventory.begin()
        async with open_listener(self._ari.url) as listener, asyncio.TaskGroup() as group:
            shop = Workshop(self._ari, self._application, self._own, listener, self._inventory)
            tasks = [group.create_task(self._hearing.run()), group.create_task(self._look_often())]
            await self._hearing.heard.wait()
            await self._ask(shop)
            if not await self._ringing.wait():
                self._be_unanswered()
            elif self._party is not None:
                await self._hold(self._party)
            for task in tasks:
                task.cancel()
        if not self._is_closed:
            await self._follow()

    # Until it is answered

    async def _ask(self, shop: Workshop) -> None:
        """Ask for the call.

        Raises:
            UnreachableError: It is refused.
        """
        if self._wanted.is_held:
            channel = Channel(find_new_id(self._request), self._wanted.endpoint)
            self._ringing.channel = channel
            self._party = HeldParty(shop, channel, self._playback, self._hear)
        # Finished even if we are not: a call that rings must be known to be ended.
        self._placing = asyncio.ensure_future(self._place(self._request))
        await asyncio.shield(self._placing)

    async def _place(self, request: Request) -> None:
        asking = self._party.place if self._party is not None else self._ari.ask
        answer = await asking(request)
        channel = read_channel(answer.document) if answer.is_ok else None
        if channel is None:
            self._ringing.channel = None
            if read_reason(answer.document) == _ALLOCATION_FAILED:
                raise UnreachableError(
                    f"{self._wanted.endpoint} cannot be called: Asterisk has no such endpoint, or it is not registered"
                    f" ({_ALLOCATION_FAILED}); `pjsip show endpoints` in Asterisk lists them"
                )
            raise UnreachableError(
                f"{self._wanted.endpoint} cannot be called: {self._ari.url} answered {describe_refusal(answer)}"
            )
        self._ringing.channel, self._ringing.is_placed = channel, True
        self._note({"channel": channel.name, "channel_id": channel.id})
        if why := self._admit(channel):
            self._say(why)
        await self._hearing.follow(self._list_sources())
        self._look_wanted.set()

    def _list_sources(self) -> list[str]:
        channel = self._ringing.channel
        return [f"channel:{channel.id}"] if channel is not None else []

    async def _look_often(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._look_wanted.wait()
            self._look_wanted.clear()
            was_placed = self._ringing.is_placed
            try:
                channels = read_channels(await self._ari.ask_for_list(list_channels()))
            except UnreachableError as error:
                _log.warning("%s", error)
                self._look_wanted.set()
                await asyncio.sleep(RETRY_S)
                continue
            self._own.look(channels, self._application)
            if was_placed:
                await self._ringing.look(channels, self._application)

    def _be_unanswered(self) -> None:
        cause = self._ringing.cause
        status, error = explain_unanswered(self._wanted.endpoint, cause, ring_s=self._wanted.ring_s)
        self._note({"status": status})
        self._close(EndReason.HANG_UP, error, cause)

    # Held by us

    async def _hold(self, party: HeldParty) -> None:
        """Speak with the party until one of both ends it."""
        assert self._ringing.channel is not None
        why: StreamerError
        try:
            rate = await self._open(self._ringing.channel)
            await party.hold(choose_format(rate), rate)
            self._inbox.put(LegOpened(0))
            await wait_for_first(party.lost, self._ringing.ended)
            why = SourceError(
                f"the audio of {self._wanted.endpoint} broke off inside Asterisk, so the call is ended"
            )
        except UnreachableError as error:  # as of a party that has hung up meanwhile
            why = error
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDING_S):
                await self._ringing.ended.wait()
        if not self._ringing.ended.is_set():
            raise why
        self._close(EndReason.HANG_UP, cause=self._ringing.cause)

    async def _open(self, channel: Channel) -> int:
        """Say what is known now that the call is answered; return its rate."""
        self._note({"status": "completed"})
        rate = await read_rate(self._ari, channel.id)
        self._inbox.put(RateKnown(0, rate))
        return rate

    def _hear(self, payload: bytes) -> None:
        pcm = payload[: len(payload) - len(payload) % SAMPLE_WIDTH]
        if pcm and not self._is_closed:
            self._inbox.put(AudioChunk(0, pcm, self._clock()))

    def _take(self, message: Message) -> None:
        self._own.take(message.event)
        self._ringing.take(message.event)
        if self._party is not None and self._ringing.answered.is_set() and not self._is_closed:
            self._take_of_party(message.event, message.at)

    def _take_of_party(self, event: Event, at: datetime | None) -> None:
        ours = self._ringing.channel
        match event:
            case KeyReleased(channel, digit) if ours and channel.id == ours.id:
                if at is not None and at == self._key_at:
                    return  # told twice
                self._key_at = at
                known = digit if digit in DIGITS else None
                self._inbox.put(DtmfReceived(0, known, self._clock(), digit.encode()[:MOST_RAW]))
            case Held(channel) | Unheld(channel) if ours and channel.id == ours.id:
                self._holds.take(0, is_held=isinstance(event, Held))
            case _:
                pass

    # Tapped where it is

    async def _follow(self) -> None:
        """Tap the call until it ends; our application is free for it now."""
        assert self._ringing.channel is not None
        named = replace(self.legs[0], channel=self._ringing.channel.id)
        try:
            found = await find_call(self._ari, (named,), now=self._clock())
        except NotFoundError:  # it has ended since
            self._note({"status": "completed"})
            self._close(EndReason.HANG_UP, cause=self._ringing.cause)
            return
        await self._open(self._ringing.channel)
        for channel in {join.channel.id: join.channel for join in found.joins}.values():
            if channel.id != named.channel and (why := self._admit(channel)):
                self._say(why)
        for number, leg in enumerate(found.legs):
            is_callee = leg.label == self.legs[0].label
            self._numbers[number] = 0 if is_callee else self._add(leg)
        self._tapped = AriCall(
            self._ari,
            self._application,
            found,
            inventory=self._inventory,
            admit=self._admit,
            clock=self._clock,
        )
        self._tapped.start()
        async for item in self._tapped:
            self._pass_on(item)

    def _pass_on(self, item: StreamItem) -> None:
        if isinstance(item, LegAdded):
            self._numbers[item.leg] = self._add(item.facts)
            return
        if isinstance(item, LegClosed) and item.error is not None:
            self._note({"status": "failed"})
        self._inbox.put(replace(item, leg=self._numbers[item.leg]))

    def _add(self, leg: Leg) -> int:
        """Have one more leg; the first is whom the party speaks with."""
        label = leg.label if any(self._numbers.values()) else _OTHER
        return self._inbox.add_leg(replace(leg, label=label))

    # How it ends

    def _close(
        self, reason: EndReason, error: StreamerError | None = None, cause: Cause | None = None
    ) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._holds.end()
            self._inbox.put(LegClosed(0, reason, error, cause=cause))

    def _fail(self, error: StreamerError) -> None:
        """Close every leg: the call is refused if it does not exist, and lost if it does."""
        is_refused = self._ringing.channel is None
        if not is_refused:
            self._note({"status": "failed"})
        self._close(EndReason.REFUSED if is_refused else EndReason.LOST, error)

    def _say(self, message: str) -> None:
        self._inbox.put(Odd(0, message, frames=0))
