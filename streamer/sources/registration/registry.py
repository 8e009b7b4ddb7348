"""Calls that are registered before they connect: each has a UUID that admits one connection, once, for a while.

    register --> OPEN --claim--> used        a claim of one that is not open is refused, with the reason
                   |--lifetime--> expired
                   `--a newer one of its address needs the room--> crowded out

The registrations of an address are its *share*. Where there is no room, the oldest of the same share goes, never one of another's.
What is not open any more is remembered, the newest of it, only so that a refusal can say which. Nothing here waits or reads a
clock of its own; within one event loop a claim is one step, so of many claims of one UUID a single one succeeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from uuid import UUID, uuid4

from streamer.core.audio import LONGEST_LABEL, looks_like_label
from streamer.core.untrusted import printable
from streamer.errors import RegistryFullError, UsageError
from streamer.sources.registration.statuses import Statuses
from streamer.wire.protocols import WAYS

LIFETIME_S = 300.0
"""Seconds within which a registered call must connect."""

MOST_OPEN = 10_000
"""Registrations that wait for their call at a time, and as many past ones that are remembered."""

MOST_OF_ADDRESS = 2_000
"""Registrations of one address that wait at a time; a PBX has as many within `LIFETIME_S` as it has calls that are set up."""

FOLLOWED_S = 3_600.0
"""Seconds after its claim in which something may still be said about a call."""

LONGEST_VALUE = 200
"""Characters of a number or a name that a call is registered with."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A call that is expected; what is not known about it is empty.

    `caller`, `called` and `channel` are fit to be shown; `label` is one for a leg, or empty. `at` is in seconds of the
    registry's clock. `address` is whoever has registered it, `via` one of `WAYS`.
    """

    uuid: UUID
    caller: str
    called: str
    channel: str
    label: str
    at: float
    address: str = ""
    via: str = ""


class Refusal(Enum):
    """Why a UUID is refused."""

    UNKNOWN = "it is not registered"
    USED = "its registration has been used already"
    EXPIRED = "its registration has expired"
    CROWDED_OUT = "its address has made too many newer registrations"


class Registry:
    """The registrations of one listener; `clock` gives seconds that only grow."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        lifetime_s: float = LIFETIME_S,
        most: int = MOST_OPEN,
        most_of_address: int = MOST_OF_ADDRESS,
        new_uuid: Callable[[], UUID] = uuid4,
    ) -> None:
        self.lifetime_s = lifetime_s
        self.statuses = Statuses()
        self._clock = clock
        self._most = most
        self._most_of_address = most_of_address
        self._new_uuid = new_uuid
        self._open: dict[UUID, Registration] = {}
        self._shares: dict[
            str, dict[UUID, None]
        ] = {}  # the open ones of each address, the oldest first
        self._past: dict[UUID, Refusal] = {}
        self._claimed: dict[UUID, float] = {}  # when, the oldest first; at most `most`

    def __len__(self) -> int:
        """Count the registrations that wait for their call."""
        self._expire()
        return len(self._open)

    def register(
        self,
        *,
        caller: str = "",
        called: str = "",
        channel: str = "",
        label: str = "",
        via: str = "",
        address: str = "",
    ) -> Registration:
        """Expect one call; all that is known about it is optional. `address` is whose share of the room it takes.

        Raises:
            UsageError: A value is not allowed; the message names it, but does not repeat it.
            RegistryFullError: Too many calls are expected already.
        """
        caller, called = _check_value("caller", caller), _check_value("called number", called)
        channel, label = _check_value("channel", channel), _check_label(label)
        via = _check_way(via)
        self._make_room(address)
        if len(self._open) >= self._most:
            raise RegistryFullError(
                f"{self._most} registered calls have not connected yet; try again in a minute"
            )
        registration = Registration(
            self._new_uuid(), caller, called, channel, label, self._clock(), address, via
        )
        self._open[registration.uuid] = registration
        self._shares.setdefault(address, {})[registration.uuid] = None
        return registration

    def expects(self, uuid: UUID) -> bool:
        """Say whether a call with this UUID would be let in."""
        self._expire()
        return uuid in self._open

    def claim(self, uuid: UUID) -> Registration | Refusal:
        """Admit the call with this UUID, once; or return why not."""
        self._expire()
        registration = self._open.get(uuid)
        if registration is None:
            return self._past.get(uuid, Refusal.UNKNOWN)
        self._close(uuid, Refusal.USED)
        self._claimed[uuid] = self._clock()
        if len(self._claimed) > self._most:
            del self._claimed[next(iter(self._claimed))]
        return registration

    def follows(self, uuid: UUID) -> bool:
        """Say whether a call is expected, or came in no more than `FOLLOWED_S` ago."""
        claimed_at = self._claimed.get(uuid)
        is_recent = claimed_at is not None and self._clock() - claimed_at < FOLLOWED_S
        return is_recent or self.expects(uuid)

    def _make_room(self, address: str) -> None:
        """Let the oldest registration of an address go, if it needs the room for another."""
        self._expire()
        share = self._shares.get(address, {}) if address else {}
        is_full = len(self._open) >= self._most
        if share and (is_full or len(share) >= self._most_of_address):
            self._close(next(iter(share)), Refusal.CROWDED_OUT)

    def _expire(self) -> None:
        """Drop what is too old; the oldest stand first."""
        oldest_valid = self._clock() - self.lifetime_s
        expired = []
        for registration in self._open.values():
            if registration.at > oldest_valid:
                break
            expired.append(registration.uuid)
        for uuid in expired:
            self._close(uuid, Refusal.EXPIRED)

    def _close(self, uuid: UUID, refusal: Refusal) -> None:
        address = self._open.pop(uuid).address
        share = self._shares[address]
        del share[uuid]
        if not share:
            del self._shares[address]
        self._past[uuid] = refusal
        if len(self._past) > self._most:
            del self._past[next(iter(self._past))]


def find_uuid(name: str) -> UUID | None:
    """Return the UUID that an id of a peer's is, None if it is none."""
    try:
        return UUID(name)
    except ValueError:
        return None


def explain_name(name: str, refusal: Refusal, *, address: str | None) -> str:
    """Return the line that reports a refused call whose id need be no UUID."""
    shown = f"its id {printable(name)}" if name else "it names no id, so it"
    return f"{shown} is refused: {_advise(refusal, address)}"


def explain_refusal(uuid: UUID, refusal: Refusal, *, address: str | None) -> str:
    """Return the line that reports a refused call: which it is, why, and both remedies.

    `address` is HOST:PORT where calls are registered, None if there is none.
    """
    return f"its UUID {uuid} is refused: {_advise(refusal, address)}"


def _advise(refusal: Refusal, address: str | None) -> str:
    register = f"register it first with GET http://{address or 'HOST:PORT'}/register"
    if address is None:
        register = f"start `serve` with --register HOST:PORT and {register}"
    return f"{refusal.value}; {register}, or start `serve` with --accept-unknown"


def _check_value(what: str, value: str) -> str:
    if len(value) > LONGEST_VALUE:
        raise UsageError(f"the {what} has more than {LONGEST_VALUE} characters; shorten it")
    return printable(value, limit=LONGEST_VALUE)


def _check_way(via: str) -> str:
    if via and via.lower() not in WAYS:
        raise UsageError(f"via must be one of {', '.join(WAYS)}: how the call comes in")
    return via.lower()


def _check_label(label: str) -> str:
    if label and (len(label) > LONGEST_LABEL or not looks_like_label(label)):
        raise UsageError(
            f"the label must be a letter and then letters, digits, _ or -, {LONGEST_LABEL} at most;"
            " it becomes part of a file name"
        )
    return label
