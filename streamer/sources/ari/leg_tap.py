"""What is made inside the PBX to hear one party: a snoop, a medium that brings its audio to us, and a bridge that joins the two.

Theory of operation. A request that was answered does not mean that anything is heard: while our application is away, a snoop is made and
gone again. So both channels must have entered the application before they are joined, and only then the leg counts as tapped.

    noted -> snoop -> medium (AudioSocket, else a WebSocket) -> both entered -> bridge -> joined -> lost, or torn down

Every id is noted before it is asked for, so that whoever comes after a crash finds what is left. Killing us harms nobody: the snoop is no
party of the call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from streamer.ari.client import Answer, Ari, MediaSocket
from streamer.errors import NotFoundError, StreamerError, UnreachableError
from streamer.sources.ari.claiming import Claim, Claims
from streamer.sources.ari.listener import MediaListener, Medium
from streamer.sources.ari.stasis import OwnChannels
from streamer.wire.ari.answers import Channel, read_channel, read_reason
from streamer.wire.ari.ids import derive_id
from streamer.wire.ari.requests import (
    MediaFormat,
    Request,
    SocketOption,
    Spy,
    add_to_bridge,
    end_bridge,
    end_channel,
    find_new_id,
    make_bridge,
    offer_over_websocket,
    send_over_audiosocket,
    snoop,
)

COMING_S = 3.0
"""Seconds that the PBX has to bring audio over AudioSocket; on one network it takes some 5 ms."""

ENTERING_S = 5.0
JOINING_S = 2.0
"""Seconds until both channels are in our application, and until they can be joined."""

_RETRY_S = 0.05
_NOT_YET = 422
_GONE = 404

_log = logging.getLogger(__name__)


class Inventory(Protocol):
    """Keeps what we have in the PBX where a crash does not reach it."""

    async def begin(self) -> None:
        """Note that our application is about to be there."""

    async def end(self) -> None:
        """Note that it is forgotten."""

    async def add(self, *, channels: Sequence[str] = (), bridges: Sequence[str] = ()) -> None:
        """Note what is about to be made."""

    async def remove(self, ids: Sequence[str]) -> None:
        """Note what is gone."""


@dataclass(slots=True)
class Workshop:
    """What the taps of one call have in common."""

    ari: Ari
    application: str
    own: OwnChannels
    listener: MediaListener
    inventory: Inventory
    why_no_audiosocket: str = ""
    """Why audio comes over WebSockets; empty as long as AudioSocket has not failed."""
    claims: Claims | None = None
    """Where other nodes may want the same channels."""


class LegTap:
    """One party's tap; `lost` is set when no more audio comes."""

    _options: Sequence[SocketOption] = (SocketOption.TO_US_ONLY, SocketOption.NONE)
    """What a medium over a WebSocket is asked to be, in turn: older ones do not know the first."""

    def __init__(
        self,
        shop: Workshop,
        channel: Channel,
        spy: Spy,
        format: MediaFormat,
        on_audio: Callable[[bytes], None],
    ) -> None:
        self.lost = asyncio.Event()
        self._shop = shop
        self._channel = channel
        self._spy = spy
        self._format = format
        self._on_audio = on_audio
        self._channels: list[str] = []
        self._bridges: list[str] = []
        self._medium: Medium | None = None
        self._socket: MediaSocket | None = None
        self._tasks: list[asyncio.Task[Any]] = []
        self._asked: list[asyncio.Future[Any]] = []

    async def set_up(self) -> None:
        """Make everything, and return when audio can come.

        Raises:
            NotFoundError: The channel is gone.
            UnreachableError: The PBX does not do it, or cannot be asked.
        """
        shop = self._shop
        bridging = make_bridge()
        ear = await self._listen(bridging)
        medium = await self._bring_audio()
        if not await shop.own.wait_for_start((ear, medium), timeout_s=ENTERING_S):
            raise self._refuse("a tap did not begin: its channels did not enter our application")
        await self._make(bridging, "a bridge")
        await self._join(find_new_id(bridging), (ear, medium))
        self._watch(shop.own.wait_for_end(ear))

    async def _listen(self, bridging: Request) -> str:
        """Have a snoop, and return its id; what the bridge will be is noted with it."""
        shop = self._shop
        if shop.claims is None:
            listening = snoop(shop.application, self._channel.id, self._spy)
            await self._note(listening, bridging)
            await self._make(listening, "a snoop")
            return find_new_id(listening)
        # Finished even if we are not, as any request.
        claiming = asyncio.ensure_future(self._claim(shop.claims, bridging))
        self._asked.append(claiming)
        return await asyncio.shield(claiming)

    async def _claim(self, claims: Claims, bridging: Request) -> str:
        """Have the snoop that only one node can have."""
        claim = await claims.claim(self._channel.id, self._spy)
        if claim is not Claim.OURS:
            raise self._refuse(claim.value)
        # Noted afterwards: before, it may be another node's, and of a dead one whoever claims it next deletes it.
        ear = derive_id(self._channel.id, self._spy.value)
        self._channels.append(ear)
        self._bridges.append(bridge := find_new_id(bridging))
        await self._shop.inventory.add(channels=[ear], bridges=[bridge])
        return ear

    async def tear_down(self) -> bool:
        """Delete what is ours; return whether all of it is gone. Idempotent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._asked, return_exceptions=True)
        requests = [*map(end_channel, reversed(self._channels)), *map(end_bridge, self._bridges)]
        try:
            asking = (self._shop.ari.ask(request) for request in requests)
            for request, answer in zip(requests, await asyncio.gather(*asking), strict=True):
                if not answer.is_ok and answer.status != _GONE:
                    _log.warning("%s was answered HTTP %d", request.target, answer.status)
        except UnreachableError as error:
            _log.warning("what we have in the PBX stays for now: %s", error)
            return False
        finally:
            if self._medium is not None:
                self._shop.listener.forget(self._medium)
        await self._shop.inventory.remove([*self._channels, *self._bridges])
        self._channels, self._bridges = [], []
        return True

    async def _make(self, request: Request, what: str) -> Answer:
        answer = await self._ask(request)
        if answer.status == _GONE and request.path[-2:-1] == ("snoop",):
            raise NotFoundError(
                f"no channel {self._channel.name}: it has ended; `streamer channels` lists those that there are"
            )
        if not answer.is_ok:
            raise self._refuse(f"{what} cannot be made: {describe_refusal(answer)}")
        return answer

    async def _note(self, *requests: Request) -> None:
        """Note the ids of what requests will make."""
        bridges = [find_new_id(one) for one in requests if one.path[0] == "bridges"]
        channels = [find_new_id(one) for one in requests if one.path[0] == "channels"]
        self._bridges += bridges
        self._channels += channels
        await self._shop.inventory.add(channels=channels, bridges=bridges)

    async def _ask(self, request: Request) -> Answer:
        """Send a request that makes something, once."""
        # Finished even if we are not: what is deleted before it is made would stay.
        asking = asyncio.ensure_future(self._shop.ari.ask(request))
        self._asked.append(asking)
        return await asyncio.shield(asking)

    async def _bring_audio(self) -> str:
        """Return the id of a channel whose audio comes to us."""
        if not self._shop.why_no_audiosocket:
            why, identity = await self._try_audiosocket()
            if not why:
                return identity
            self._shop.why_no_audiosocket = why
        why, identity = "", ""
        for option in self._options:
            why, identity = await self._try_websocket(option)
            if not why:
                break
        if why:
            raise self._refuse(
                f"no audio can be brought to us: over AudioSocket {self._shop.why_no_audiosocket}; over chan_websocket {why};"
                " RTP is not offered. Load res_audiosocket and chan_audiosocket, or chan_websocket, in Asterisk"
            )
        return identity

    async def _try_audiosocket(self) -> tuple[str, str]:
        shop = self._shop
        medium = shop.listener.expect(self._on_audio)
        self._medium = medium
        request = send_over_audiosocket(
            shop.application, shop.listener.address, medium.uuid, self._format
        )
        identity = find_new_id(request)
        await self._note(request)
        answer = await self._ask(request)
        if answer.is_ok and await self._comes(medium, identity):
            self._watch(medium.lost.wait())
            return "", identity
        shop.listener.forget(medium)
        self._medium = None
        if not answer.is_ok:
            return describe_refusal(answer), ""
        with suppress(UnreachableError):
            await shop.ari.ask(end_channel(identity))
        return f"the PBX did not connect to {shop.listener.address[0]} within {COMING_S:.0f} s", ""

    async def _comes(self, medium: Medium, identity: str) -> bool:
        """Wait until the PBX has connected, or has given up."""
        ending = asyncio.ensure_future(self._shop.own.wait_for_end(identity))
        try:
            await _wait_for_first(ending, medium.connected.wait(), timeout_s=COMING_S)
        finally:
            ending.cancel()
        return medium.connected.is_set()

    async def _try_websocket(self, option: SocketOption) -> tuple[str, str]:
        request = offer_over_websocket(self._shop.application, self._format, option)
        await self._note(request)
        answer = await self._ask(request)
        channel = read_channel(answer.document) if answer.is_ok else None
        if channel is None or not channel.media_id:
            return describe_refusal(answer), ""
        connected = asyncio.Event()
        reading = self._watch(self._read_media(channel.media_id, connected))
        await _wait_for_first(reading, connected.wait())
        if not connected.is_set():
            return "we cannot connect to it; see the log", ""
        return "", find_new_id(request)

    async def _read_media(self, media_id: str, connected: asyncio.Event) -> None:
        try:
            async with self._shop.ari.open_media(media_id) as socket:
                self._socket = socket
                connected.set()
                async for message in socket:
                    if isinstance(message, bytes):
                        self._on_audio(message)
        except UnreachableError as error:
            _log.warning("%s", error)

    async def _join(self, bridge: str, channels: Sequence[str]) -> None:
        """Put both channels into the bridge; only this is tried again, for a channel may not be quite there."""
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + JOINING_S
        while True:
            answer = await self._shop.ari.ask(add_to_bridge(bridge, channels))
            if answer.is_ok:
                return
            if answer.status != _NOT_YET or clock() >= give_up_at:
                raise self._refuse(f"a tap cannot be joined: {describe_refusal(answer)}")
            await asyncio.sleep(_RETRY_S)

    def _watch(self, waiting: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Have `lost` set when something ends."""
        task = asyncio.ensure_future(waiting)
        task.add_done_callback(lambda ended: None if ended.cancelled() else self.lost.set())
        self._tasks.append(task)
        return task

    def _refuse(self, why: str) -> StreamerError:
        return UnreachableError(f"{self._channel.name} at {self._shop.ari.url}: {why}")


async def _wait_for_first(
    task: asyncio.Future[None], other: Coroutine[Any, Any, Any], *, timeout_s: float | None = None
) -> None:
    """Wait until one of both is done, and leave the task alone."""
    waiting = asyncio.ensure_future(other)
    try:
        await asyncio.wait([task, waiting], timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


def describe_refusal(answer: Answer) -> str:
    """Say why a request was refused, with what may be wrong."""
    reason = read_reason(answer.document)
    shown = f"HTTP {answer.status}{f' ({reason})' if reason else ''}"
    if answer.status == 403:
        return f"{shown}: this user may only read; set read_only = no in ari.conf"
    return shown
