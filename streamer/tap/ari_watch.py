"""Calls that are tapped by themselves, through ARI: a source of calls like a listener, but nobody connects to it.

`ari.watching` decides, and this does it: reads variables, has the snoop that only one of several nodes can have, and hands the call to
the listener, which makes its recording. Until `calls` is read, nothing is decided.

    Noticed -> variables read -> Begin -> locked -> claimed -> announced -> begun -> ended -> cleaned up
                                            `-> another node has it -> its turn comes, or the call is over
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass

from streamer.ari.access import Access
from streamer.ari.applications import forget_application
from streamer.ari.client import Ari, open_ari
from streamer.ari.membership import Membership
from streamer.ari.watching import Begin, Decision, End, Label, Noticed, Watch
from streamer.core.reasons import explain
from streamer.core.watching import WatchRule
from streamer.errors import RecordingError, StreamerError, UnreachableError
from streamer.recording.locks import Lock
from streamer.sources.ari.circle import Circle, TapOffer
from streamer.sources.ari.claiming import Claim
from streamer.sources.ari.finding import FoundCall, lay_out_call
from streamer.sources.inbound import ServerOptions
from streamer.sources.tcp import resolve_address
from streamer.tap.ari import CLEANING_S, Places
from streamer.tap.ari_inventory import delete_left, open_loose_inventory
from streamer.tap.ari_noticed import NoticedCall
from streamer.tap.plan import AriPlan
from streamer.wire.ari.answers import read_value
from streamer.wire.ari.events import Message
from streamer.wire.ari.ids import derive_id
from streamer.wire.ari.requests import Spy, read_variable

LOOK_S = 30.0
"""Seconds until everything is listed again; a PBX that is gone may not have closed the socket."""

RETRY_S = 1.0

VARIABLE, LABEL_VARIABLE = "STREAMER", "STREAMER_LABEL"
"""What a dialplan may set before a call is answered."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """Which PBX is watched, and for which calls; `plan` has no legs."""

    plan: AriPlan
    rules: tuple[WatchRule, ...]

    @property
    def access(self) -> Access:
        """The PBX."""
        return self.plan.access


@dataclass(frozen=True, slots=True)
class _Place:
    """The locks of a call's channels."""

    places: Places
    taken: Sequence[Lock]
    locks: ExitStack


class AriServer:
    """One PBX; see `sources.base.Inbound`."""

    def __init__(self, watching: WatchPlan, options: ServerOptions) -> None:
        self.address = ""
        self._plan = watching
        self._options = options
        self._watch = Watch(watching.rules, self._find_call)
        self._watch.expect_look()
        self._calls: dict[int, NoticedCall] = {}
        self._announced: asyncio.Queue[NoticedCall | None] = asyncio.Queue()  # as many as calls fit
        self._tasks: set[asyncio.Task[None]] = set()
        self._look_wanted = asyncio.Event()
        self._said: set[str] = set()
        self._is_over = False
        self._borrowed = 0
        self._ari: Ari
        self._circle: Circle
        self._hearing: asyncio.Task[None]
        self._stack = AsyncExitStack()

    @property
    def live_calls(self) -> int:
        """How many calls are tapped now."""
        return len(self._calls)

    async def listen(self, host: str, port: int) -> None:
        """Be an application of the PBX from now on, and delete what crashed ones of this machine have left.

        Raises:
            UnreachableError: ARI cannot be asked.
        """
        self.address = await asyncio.to_thread(_resolve, host, port)
        self._ari = await self._stack.enter_async_context(open_ari(self._plan.access))
        with suppress(TimeoutError):
            async with asyncio.timeout(CLEANING_S):
                await delete_left(self._ari, self._plan.plan.recordings)
        self._circle = Circle(
            self._ari, take=self._take, begin=self._look_wanted.set, say=self._options.say
        )
        self._hearing = asyncio.create_task(self._circle.run())
        beginning = asyncio.create_task(self._circle.heard.wait())
        await asyncio.wait([self._hearing, beginning], return_when=asyncio.FIRST_COMPLETED)
        beginning.cancel()
        if self._hearing.done():
            await self._stack.aclose()
            self._hearing.result()

    def borrow(self) -> TapOffer:
        """Let another server of this process tap channels, too, until it gives that back.

        Raises:
            RecordingError: What it makes cannot be noted.
        """
        recordings = self._plan.plan.recordings
        loose = open_loose_inventory(
            recordings, url=self._ari.url, application=self._circle.application
        )
        try:
            inventory = self._stack.enter_context(loose)
        except OSError as error:
            raise RecordingError(f"cannot write in {recordings}: {explain(error)}") from error
        self._borrowed += 1
        return TapOffer(self._ari, self._circle, inventory)

    def take_back(self) -> None:
        """Take note that it taps no more."""
        self._borrowed -= 1
        self._end_when_empty()

    def stop_listening(self) -> None:
        """Begin no more calls; those that are tapped go on. Idempotent."""
        self._is_over = True
        self._end_when_empty()

    async def calls(self) -> AsyncIterator[NoticedCall]:
        """Yield calls as they are noticed, until nobody listens any more and every call has ended."""
        looking = asyncio.create_task(self._look_for_ever())
        try:
            while (call := await self._announced.get()) is not None:
                yield call
        finally:
            tasks = [looking, self._hearing, *self._tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await forget_application(self._ari, self._circle.application)
            await self._stack.aclose()

    def give_up(self) -> None:
        """No call of this kind is held by the keeper."""

    def _find_call(self, channel: str) -> int | None:
        return next((key for key, call in self._calls.items() if channel in call.members), None)

    def _take(self, message: Message) -> None:
        self._act(self._watch.take(message.event))

    async def _look_for_ever(self) -> None:
        while True:
            await self._circle.heard.wait()
            self._look_wanted.clear()
            try:
                await self._look()
            except UnreachableError as error:
                _log.warning("%s", error)
                await asyncio.sleep(RETRY_S)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._look_wanted.wait()

    async def _look(self) -> None:
        """List all there is, and do what follows from it.

        Raises:
            UnreachableError: ARI cannot be asked.
        """
        self._watch.expect_look()
        try:
            channels, bridges = await self._circle.lists.read()
        except BaseException:
            self._act(self._watch.give_up_look())
            raise
        self._act(self._watch.look(channels, bridges))

    def _act(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            match decision:
                case Noticed(channels):
                    for channel in channels:
                        self._spawn(self._read_variables(channel))
                case Begin():
                    self._spawn(self._begin(decision))
                case End(key) if key in self._calls:
                    self._spawn(self._calls[key].request_stop())
                case Label(key, label) if key in self._calls:
                    self._calls[key].note_label(label)
                case _:
                    pass

    async def _read_variables(self, channel: str) -> None:
        names = (VARIABLE, LABEL_VARIABLE)
        try:
            asking = [self._ari.ask(read_variable(channel, name)) for name in names]
            wish, label = [read_value(answer.document) for answer in await asyncio.gather(*asking)]
        except UnreachableError as error:
            _log.warning("the variables of a call cannot be read: %s", error)
            wish = label = ""
        self._act(self._watch.note_variables(channel, wish, label))

    async def _begin(self, begin: Begin) -> None:
        """Have a call tapped, if it is ours to tap."""
        why = self._options.limiter.refuse_call(calls=self._options.count_calls())
        if why or self._is_over:
            self._say_once(f"a call is not tapped: {why}" if why else "")
            self._act(self._watch.note_end(begin.key, was_stopped=False))
            return
        call = None
        try:
            call = await self._prepare(begin)
        except StreamerError as error:
            self._say_once(f"a call is not tapped: {error}")
        finally:
            if call is None:
                self._act(self._watch.note_end(begin.key, was_stopped=False))
        if call is not None:
            self._calls[begin.key] = call
            self._announced.put_nowait(call)

    async def _prepare(self, begin: Begin) -> NoticedCall | None:
        """Lock and claim a call; None if it is over, or stays another node's.

        Raises:
            StreamerError: It cannot be tapped, or is recorded already.
        """
        place = await self._claim(begin)
        if place is None:
            return None
        try:
            found = await self._lay_out(begin)
            if found.joins:
                return self._make_call(begin, found, place)
        except BaseException:
            await self._let_go(begin, place)
            raise
        await self._let_go(begin, place)
        return None

    async def _claim(self, begin: Begin) -> _Place | None:
        """Have a call's locks and its first snoop, as soon as no other node has it; None if that will not be."""
        first, claims = begin.channels[0], self._circle.claims
        while True:
            with ExitStack() as locks:
                places = Places(self._plan.plan, locks)
                taken = await asyncio.to_thread(self._lock, places, begin)
                claim = await claims.keep(first)
                if claim is Claim.OURS:
                    return _Place(places, taken, locks.pop_all())
            ear = derive_id(first, Spy.SAID.value)
            if claim is Claim.ENDED or not await claims.wait_for_turn(ear):
                return None

    async def _let_go(self, begin: Begin, place: _Place) -> None:
        await self._circle.claims.drop(begin.channels[0])
        place.locks.close()

    def _lock(self, places: Places, begin: Begin) -> list[Lock]:
        return places.take(one for one in self._watch.channels if one.id in begin.channels)

    async def _lay_out(self, begin: Begin) -> FoundCall:
        is_of_all = bool(begin.room) and not begin.is_member
        membership = Membership(begin.channels, room=begin.room, is_of_all=is_of_all)
        channels, bridges = self._watch.channels, list(self._watch.bridges.values())
        now = self._options.clock()
        return await lay_out_call(self._ari, membership, {}, channels, bridges, now=now)

    def _make_call(self, begin: Begin, found: FoundCall, place: _Place) -> NoticedCall:
        async def clean_up(call: NoticedCall) -> None:
            await call.finish()
            with suppress(UnreachableError):
                await self._let_go(begin, place)
            place.locks.close()
            self._calls.pop(begin.key, None)
            self._act(self._watch.note_end(begin.key, was_stopped=call.was_stopped))
            self._end_when_empty()

        linkedid = {"linkedid": found.linkedid} if found.linkedid else {}
        return NoticedCall(
            self._ari,
            self._circle,
            found,
            facts={**linkedid, **begin.facts},
            admit=place.places.admit,
            note=lambda folder: place.places.note(place.taken, folder.call_id),
            clean_up=lambda call: self._spawn(clean_up(call)),
            clock=self._options.clock,
        )

    def _spawn(self, doing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(self._guard(doing))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, doing: Coroutine[None, None, None]) -> None:
        try:
            await doing
        except Exception:  # noqa: BLE001 - one call's failure must not end the others
            _log.exception("a call cannot be tapped")
            self._say_once("a call cannot be tapped, by a fault of streamer's; see the log")

    def _say_once(self, message: str) -> None:
        """Say what is said of many calls once."""
        if message and message not in self._said:
            self._said.add(message)
            self._options.say(message)

    def _end_when_empty(self) -> None:
        if self._is_over and not self._calls and not self._borrowed:
            self._announced.put_nowait(None)


def _resolve(host: str, port: int) -> str:
    try:
        return resolve_address(host, port)
    except (OSError, UnicodeError) as error:
        raise UnreachableError(f"{host} cannot be found: {error}; check ari_url") from error
