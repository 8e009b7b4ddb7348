"""Makes calls through ARI for programs that ask: a tap a call, whose recording the `serve` that runs follows as it follows those that come.

Theory of operation. Asked for, a call is one of these: *placed* once the PBX has a channel for it (it rings), *refused* if its tap ends
before that. Whoever asks waits for one of both. A tap outlives this process, as every tap does, so the call goes on when `serve` ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from streamer.calls.asked import AskedCall
from streamer.config import Settings
from streamer.core.reasons import find_cause
from streamer.errors import ExitCode, RecordingError, StreamerError, UnreachableError, UsageError
from streamer.recording.folder import CallFolder
from streamer.tap.detached import DetachedProcess
from streamer.tap.messages import ChannelTaken, Exited, LegRefused, RecordingBegun, Said
from streamer.tap.outbound_process import start_tap
from streamer.tap.plan import plan_call
from streamer.tap.playbacks import SILENT, PlaybackPlan
from streamer.wire.ari.wanted import WantedCall

MOST_PLACED = 20
"""Calls that go on at once; each costs a process, and money where a trunk is."""

PLACING_S = 30.0
"""Seconds until a call that the PBX neither has nor refuses is answered for as it is."""

_POLL_S = 0.1

Say = Callable[[str, str | None], None]
"""Takes what a user should read, and the call that it is about."""

Start = Callable[[Settings, WantedCall, PlaybackPlan], DetachedProcess]


class TooManyError(StreamerError):
    """As many calls as may go on are there."""


class NoAriError(StreamerError):
    """The settings have no ARI to ask."""


@dataclass(slots=True)
class _Placing:
    """What is known of a call that was asked for."""

    folder: CallFolder | None = None
    refusals: list[str] = field(default_factory=list)
    exit_code: int | None = None

    def read_channel(self) -> str:
        """Return the PBX's name of its channel, empty as long as there is none."""
        if self.folder is None:
            return ""
        try:
            return str(self.folder.read()["facts"].get("channel", ""))
        except RecordingError:  # refused, so its folder is gone
            return ""

    def has_channel(self) -> bool:
        """Say whether the PBX has a channel for it."""
        return bool(self.read_channel())


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call that was made: its id, whom it calls, and the PBX's name of its channel, empty if it is not known yet."""

    call_id: str
    endpoint: str
    channel: str


class CallPlacer:
    """Makes calls, at most `MOST_PLACED` at once."""

    def __init__(self, settings: Settings, say: Say, *, start: Start | None = None) -> None:
        """`say` is told what taps say; `start` starts the tap of a call."""
        self._settings = settings
        self._say = say
        self._start = start or _start
        self._following: set[asyncio.Task[None]] = set()

    async def place(self, asked: AskedCall, playing: PlaybackPlan = SILENT) -> PlacedCall:
        """Make a call whose party hears what is `playing`, and return as soon as the PBX has a channel for it.

        Raises:
            NoAriError: The settings name no ARI.
            UsageError: It cannot be made.
            TooManyError: Too many others go on.
            UnreachableError: ARI does not answer, or refuses it.
        """
        if len(self._following) >= MOST_PLACED:
            raise TooManyError(
                f"{MOST_PLACED} calls that were asked for go on already; try again when one has ended"
            )
        wanted = self._check(asked, playing)
        placing = _Placing()
        # Kept if whoever asks goes away meanwhile: the call is made all the same.
        following = asyncio.ensure_future(self._follow(wanted, playing, placing))
        self._following.add(following)
        following.add_done_callback(self._following.discard)
        give_up_at = time.monotonic() + PLACING_S
        while not (following.done() or await asyncio.to_thread(placing.has_channel)):
            if time.monotonic() > give_up_at:
                break
            await asyncio.wait([following], timeout=_POLL_S)
        return _judge(wanted, placing, has_ended=following.done())

    async def aclose(self) -> None:
        """Listen to no tap any more; the calls go on."""
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)

    def _check(self, asked: AskedCall, playing: PlaybackPlan) -> WantedCall:
        from streamer.ari.access import read_access

        try:
            read_access(self._settings)
        except UsageError as error:
            raise NoAriError(f"this streamer can make no calls: {error}") from error
        wanted = asked.decide(self._settings)
        plan_call(self._settings, wanted, playing=playing)
        return wanted

    async def _follow(self, wanted: WantedCall, playing: PlaybackPlan, placing: _Placing) -> None:
        try:
            tap = await asyncio.to_thread(self._start, self._settings, wanted, playing)
            async for said in tap.messages():
                match said:
                    case RecordingBegun(folder) | ChannelTaken(folder):
                        placing.folder = CallFolder(folder)
                    case LegRefused(_, message):
                        placing.refusals.append(message)
                    case Said(message):
                        placing.refusals.append(message)
                        self._say(message, placing.folder.call_id if placing.folder else None)
                    case Exited(code):
                        placing.exit_code = code
                    case other:
                        raise AssertionError(f"{other!r} is not a message of a tap")
        except OSError as error:
            placing.refusals.append(f"the recorder cannot be started: {find_cause(error)}")


@asynccontextmanager
async def open_placer(settings: Settings, say: Say) -> AsyncIterator[CallPlacer]:
    """Make calls while the block lasts."""
    placer = CallPlacer(settings, say)
    try:
        yield placer
    finally:
        await placer.aclose()


def _judge(wanted: WantedCall, placing: _Placing, *, has_ended: bool) -> PlacedCall:
    channel = placing.read_channel()
    if placing.folder is not None and (channel or not has_ended):
        return PlacedCall(placing.folder.call_id, wanted.endpoint, channel)
    why = placing.refusals[-1] if placing.refusals else f"{wanted.endpoint} was not called"
    if placing.exit_code == ExitCode.FAILED:
        raise RecordingError(why)
    raise UnreachableError(why)


def _start(settings: Settings, wanted: WantedCall, playing: PlaybackPlan) -> DetachedProcess:
    return start_tap(settings, (wanted.leg,), playing, wanted, is_for_serve=True)
