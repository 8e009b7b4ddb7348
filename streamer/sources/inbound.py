"""What a server of inbound calls needs: which calls it admits, what it sends back, and where it reports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from streamer.keeper.client import Keeper
from streamer.sources.admission import Limiter
from streamer.sources.forwarded import NO_PROXIES, Proxies
from streamer.sources.playout import FrameClock, Playback
from streamer.wire.formats import Format

if TYPE_CHECKING:
    import ssl

    from streamer.sources.registration.http import RequestServer


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call that is admitted; `facts` are untrusted strings for `call.json`."""

    label: str
    channel: str
    facts: Mapping[str, str] = field(default_factory=dict)
    number: str = ""
    """The party's telephone number, empty if it is unknown."""


class AdmitName(Protocol):
    """Says whose call has a name of its own choice."""

    def __call__(self, name: str, *, is_trusted: bool) -> Admitted | str:
        """Return the call of a name, or why it is refused; one that is trusted need not be registered."""


@dataclass(frozen=True, slots=True)
class WebOptions:
    """What one listener for WebSockets does besides."""

    auth: tuple[str, ...] = ()
    """What a peer has to show; see `sources.websocket.access`."""
    rate: int = 0
    """Samples a second of what does not say it, 0 for unknown."""
    names: tuple[str, ...] = ()
    """Further ones by which this machine may be asked."""
    open_requests: Callable[[str, str, int], RequestServer] | None = None
    """Returns what answers HTTP for a host as it was named, and as it is listened at; None where nothing does."""
    yeastar_auth: str = ""
    """A header that a peer may show instead, `Header: value`."""
    tls: ssl.SSLContext | None = None
    """What encrypts connections, None for nothing."""
    public_url: str = ""
    """Scheme and host by which others know the listener, empty if they are those of its requests."""
    proxies: Proxies = NO_PROXIES
    """Who is believed to say whose connection it passes on."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """The options of a server of inbound calls."""

    admit: Callable[[UUID], Admitted | str]
    """Returns the call of a UUID, or in an untrusted line why it is refused."""
    limiter: Limiter
    frame_clock: FrameClock
    keeper: Callable[[], Keeper | None]
    """Returns the present keeper, None if there is none."""
    wait_for_keeper: Callable[[], Awaitable[Keeper]]
    """Returns it as soon as there is one."""
    say: Callable[[str], None]
    """Takes untrusted lines for the user that concern no call."""
    clock: Callable[[], float]
    new_playback: Callable[[], Playback | None]
    fills_silence: bool
    format: Format | None
    """What kind 0x10 carries, None to detect it."""
    count_calls: Callable[[], int]
    """Returns how many calls are live at all servers of this process."""
    is_expected: Callable[[UUID], bool] | None = None
    """Says whether a call with this UUID is registered; None where calls cannot be."""
    shares_ids: bool = False
    """A UUID of a live call lets another in: it may be that of every tutorial, or whoever has seen it would keep the call out that it
    was made for."""
    admit_name: AdmitName | None = None
    """The same as `admit` for ids that need be no UUIDs; None where all calls have one."""
    web: WebOptions = WebOptions()
    taken: set[UUID] = field(default_factory=set)
    """UUIDs of the calls that are live at any of them."""
