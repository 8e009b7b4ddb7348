"""What the peer of a connection says, as items of a call: its legs, their audio in samples, their keys, their ends.

Theory of operation. Several connections may be members of one call, where a protocol has that: a leg belongs to the one that has
described it, and ends with it. A call begins with the first leg whose audio is described; what came of a leg before that is kept and follows
(asterisk#1712), as far as `MOST_EARLY` goes. Strings are the peer's; what is odd is counted, and said once for each kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, assert_never

from streamer.core.audio import LONGEST_LABEL, AudioChunk, Leg, looks_like_label
from streamer.core.events import Cause, EndReason
from streamer.errors import StreamerError
from streamer.sources.admission import Pace
from streamer.sources.base import (
    DtmfReceived,
    HoldReported,
    LegClosed,
    LegOpened,
    Odd,
    RateKnown,
    StreamItem,
)
from streamer.sources.websocket.audio import Decoder, explain_unreadable
from streamer.sources.websocket.ratefinder import RATES, RateFinder
from streamer.wire.websocket import base as wire

MOST_EARLY = 1_000
MOST_EARLY_BYTES = 1 << 20
"""Messages, and their bytes, that wait for their leg to be described."""

MOST_PARTIES = 32
LONGEST_VALUE = 200
"""Characters of a number, a name or an id that are kept."""

_LONGEST_LINE = 500
_MOST_SAID = 20
_LABELS = ("caller", "callee")

LegMessage = (
    wire.LegBegun
    | wire.Media
    | wire.KeyPressed
    | wire.HoldChanged
    | wire.LegEnded
    | wire.Said
    | wire.Odd
)
"""What concerns a leg, or nobody but the user."""


class Member(Protocol):
    """A connection that brings legs of a call."""

    def leave(self) -> None:
        """Hang it up, because the recording stops."""

    def finish(self) -> None:
        """Close it, because the call is over."""


class CallItems(Protocol):
    """Where the items of a call go."""

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The legs that it began with."""

    def put(self, item: StreamItem) -> None:
        """Queue an item; never blocks."""

    def add_leg(self, leg: Leg) -> int:
        """Have one more leg, and return its number."""


@dataclass(slots=True)
class _Party:
    number: int
    decoder: Decoder
    pace: Pace
    finder: RateFinder
    owner: Member
    """Whose leg it is."""


@dataclass(slots=True)
class _Early:
    """What waits for its leg."""

    messages: list[tuple[wire.Media | wire.KeyPressed, float]] = field(default_factory=list)
    size: int = 0


class Caller:
    """One call's items, of all its members; `make_call` gets the first leg and what the peer says of it, `on_audio` all samples of that leg."""

    def __init__(
        self,
        peer: str,
        *,
        clock: Callable[[], float],
        make_call: Callable[[Leg, wire.LegBegun], CallItems],
        on_audio: Callable[[bytes], None],
    ) -> None:
        self.call: CallItems | None = None
        self.pause_s = 0.0
        """For how long nothing more should be read, as far as the audio goes that was taken since this was set to 0."""
        self._peer = peer
        self._clock = clock
        self._make_call = make_call
        self._on_audio = on_audio
        self._parties: dict[str, _Party] = {}
        self._open: set[int] = set()
        self._unread: set[str] = set()  # legs that are not recorded, at most MOST_PARTIES
        self._early = _Early()
        self._said: set[str] = set()
        self._is_hasty = False
        self.members: list[Member] = []

    def leave(self) -> None:
        """Hang all its connections up."""
        for member in list(self.members):
            member.leave()

    @property
    def is_over(self) -> bool:
        """Whether every leg has ended."""
        return self.call is not None and not self._open

    def count_legs(self, member: Member) -> int:
        """Count the legs of a member that have not ended."""
        owned = (one.number for one in self._parties.values() if one.owner is member)
        return sum(number in self._open for number in owned)

    def take(self, message: LegMessage, arrival: float, member: Member) -> str:
        """Take a message of a member; return why the connection cannot be recorded, nothing if all is well."""
        match message:
            case wire.LegBegun():
                return self._begin(message, member)
            case wire.Media(key):
                self._hear(key, message, arrival, member)
            case wire.KeyPressed(key):
                self._press(key, message, arrival, member)
            case wire.HoldChanged(key, held):
                party = self._parties.get(key)
                if party is not None and party.number in self._open and party.owner is member:
                    self._put(HoldReported(party.number, held, arrival))
            case wire.LegEnded(key, cause):
                self._end(key, cause, member)
            case wire.Said(text):
                self.tell(f"says: {text}")
            case wire.Odd(text, size):
                self.tell(f"has sent {text}", size=size, frames=1)
            case _:
                assert_never(message)
        return ""

    def close(
        self,
        member: Member,
        reason: EndReason,
        error: StreamerError | None = None,
        note: str = "",
        cause: Cause | None = None,
    ) -> None:
        """End every leg of a member that has not ended, and be without it; idempotent."""
        if member in self.members:
            self.members.remove(member)
        for party in self._parties.values():
            if party.number in self._open and party.owner is member:
                self._finish(party)
                self._open.discard(party.number)
                self._put(LegClosed(party.number, reason, error, note, cause))

    def tell(self, what: str, *, size: int = 0, frames: int = 0) -> None:
        """Count what is odd, and say it unless it was said; without a call there is nobody to be told."""
        what = what[:_LONGEST_LINE]
        is_new = what not in self._said and len(self._said) < _MOST_SAID
        if is_new:
            self._said.add(what)
        if self.call is not None and (is_new or frames):
            self._put(Odd(0, f"{self._peer} {what}" if is_new else "", size, frames))

    def _begin(self, message: wire.LegBegun, member: Member) -> str:
        key = message.key
        known = self._parties.get(key)
        has_come_again = known is not None and known.number not in self._open
        if key in self._unread or (
            known is not None and (known.owner is member or not has_come_again)
        ):
            self.tell("describes a leg twice", frames=1)
            return ""
        why = explain_unreadable(message.format)
        if not why and len(self._parties) >= MOST_PARTIES:
            why = f"it has more than {MOST_PARTIES} legs"
        if why:
            return self._leave_out(key, why)
        decoder = Decoder(message.format)
        number = self._join(message, decoder.rate or RATES[0])
        pace = Pace(self._clock())
        self._parties[key] = _Party(number, decoder, pace, RateFinder(), member)
        if member not in self.members:
            self.members.append(member)
        self._open.add(number)
        self._put(LegOpened(number, has_rate=bool(decoder.rate)))
        self._replay(key, member)
        return ""

    def _leave_out(self, key: str, why: str) -> str:
        if self.call is None:
            return why
        if len(self._unread) < MOST_PARTIES:
            self._unread.add(key)
        self.tell(f"has a leg that is not recorded: {why}")
        return ""

    def _join(self, message: wire.LegBegun, rate: int) -> int:
        leg = Leg(
            _choose_label(message.label, len(self._parties)),
            (message.channel or message.key)[:LONGEST_VALUE],
            rate,
            message.number[:LONGEST_VALUE],
            message.name[:LONGEST_VALUE],
        )
        if self.call is None:
            self.call = self._make_call(leg, message)
            return 0
        return self.call.add_leg(leg)

    def _replay(self, key: str, member: Member) -> None:
        early, self._early = self._early, _Early()
        for message, arrival in early.messages:
            if message.key == key:
                self.take(message, arrival, member)
            else:
                self._keep(message, arrival)

    def _hear(self, key: str, message: wire.Media, arrival: float, member: Member) -> None:
        party = self._find(key, message, arrival, member)
        if party is None:
            return
        pcm = party.decoder.decode(message.payload)
        if not pcm:
            return
        if party.decoder.rate:
            self._pass_on(party, pcm, arrival)
        elif rate := party.finder.take(pcm, arrival):
            self._settle_rate(party, rate)

    def _settle_rate(self, party: _Party, rate: int) -> None:
        """Take note of the rate that was found out, and pass on what waited for it."""
        party.decoder.rate = rate
        self._put(RateKnown(party.number, rate))
        held, party.finder.held = party.finder.held, []
        for pcm, arrival in held:
            self._pass_on(party, pcm, arrival)

    def _pass_on(self, party: _Party, pcm: bytes, arrival: float) -> None:
        chunk = AudioChunk(party.number, pcm, arrival)
        self._put(chunk)
        self._keep_pace(party, chunk)
        if party.number == 0:
            self._on_audio(pcm)

    def _finish(self, party: _Party) -> None:
        """Pass on what still waits for a rate, at the end of its leg."""
        if party.finder.held:
            self._settle_rate(party, party.finder.decide())

    def _press(self, key: str, message: wire.KeyPressed, arrival: float, member: Member) -> None:
        party = self._find(key, message, arrival, member)
        if party is None:
            return
        self._put(DtmfReceived(party.number, message.digit, arrival, message.raw))
        if message.digit is None:
            self.tell(
                "has sent a key that no telephone has; such keys are noted as they come",
                size=len(message.raw),
                frames=1,
            )

    def _find(
        self, key: str, message: wire.Media | wire.KeyPressed, arrival: float, member: Member
    ) -> _Party | None:
        """Return who has said something, if that is known and the leg has not ended; else keep it."""
        party = self._parties.get(key)
        if party is None:
            self._keep(message, arrival)
            return None
        if party.number not in self._open:
            self.tell("sends more of a leg that has ended", frames=1)
            return None
        if party.owner is not member:
            self.tell("sends a leg over two connections; that of the first is recorded", frames=1)
            return None
        return party

    def _keep(self, message: wire.Media | wire.KeyPressed, arrival: float) -> None:
        size = len(message.payload) if isinstance(message, wire.Media) else len(message.raw)
        is_full = len(self._early.messages) >= MOST_EARLY
        if is_full or self._early.size + size > MOST_EARLY_BYTES or message.key in self._unread:
            self.tell("sends audio of a leg that it does not describe", size=size, frames=1)
            return
        self._early.messages.append((message, arrival))
        self._early.size += size

    def _end(self, key: str, cause: Cause | None, member: Member) -> None:
        party = self._parties.get(key)
        if party is not None and party.number in self._open and party.owner is member:
            self._finish(party)
            self._open.discard(party.number)
            self._put(LegClosed(party.number, EndReason.HANG_UP, cause=cause))

    def _keep_pace(self, party: _Party, chunk: AudioChunk) -> None:
        wait_s = party.pace.take(chunk.samples / party.decoder.rate, self._clock())
        self.pause_s = max(self.pause_s, wait_s)
        if wait_s and not self._is_hasty:
            self._is_hasty = True
            self.tell("sends audio faster than real time and is slowed down")

    def _put(self, item: StreamItem) -> None:
        assert self.call is not None
        self.call.put(item)


def _choose_label(label: str, number: int) -> str:
    """Return a label that may name a file: the peer's if it may, else one by the order in which legs come."""
    if len(label) <= LONGEST_LABEL and looks_like_label(label):
        return label
    return _LABELS[number] if number < len(_LABELS) else f"leg{number + 1}"
