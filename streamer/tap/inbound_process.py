"""The listener in a process of its own, which outlives whoever started it.

It says where it listens and what goes wrong (see `messages`), and logs to `listener.log` in the folder of recordings. The calls
themselves are found where they are recorded.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from streamer.bus import Bus, Subscription
from streamer.config import Settings
from streamer.core.addresses import show_address
from streamer.core.events import LegEnded, Trouble
from streamer.core.reasons import find_cause
from streamer.errors import ExitCode, RecordingError, UnreachableError
from streamer.recording.private_files import make_private_folder
from streamer.sources import WEBSOCKET
from streamer.sources.inbound import Admitted, WebOptions
from streamer.sources.playout import Announcement, Echo, Playback, Tone
from streamer.sources.registration.registry import (
    Refusal,
    Registration,
    Registry,
    explain_name,
    explain_refusal,
    find_uuid,
)
from streamer.tap.addresses import AddressTakenError
from streamer.tap.descriptors import measure_room, raise_descriptor_limit
from streamer.tap.detached import DetachedProcess, Starter, log_to, run_detached, start_detached
from streamer.tap.inbound import ListenAddress, Listener, ListenPlan, find_other
from streamer.tap.listeners import describe_listener, find_listener
from streamer.tap.messages import AddressTaken, ListeningBegun, Said
from streamer.tap.register_key import KEY_FILE, read_or_make_key
from streamer.wire.formats import Format

if TYPE_CHECKING:
    from streamer.sources.registration.http import RequestServer

LISTENER_LOG = "listener.log"
"""In the folder of recordings."""

_log = logging.getLogger("streamer.tap.inbound_process")


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """How calls are taken; everything that JSON can hold."""

    addresses: tuple[ListenAddress, ...] = (ListenAddress("audiosocket", "127.0.0.1", 9092),)
    accepts_unknown: bool = False
    registrations: tuple[tuple[str, int], ...] = ()
    """Hosts and ports where calls are registered."""
    fills_silence: bool = True
    format: str = ""
    """What audio of kind 0x10 is, empty to find it out."""
    echoes: bool = False
    tone_hz: int = 0
    announcement: dict[int, str] = field(default_factory=dict)
    """Files of raw 16-bit samples, by their rate; they may be removed once the listener listens."""
    most_calls: int = 500
    grace_s: float | None = None


def start_listener(settings: Settings, options: ListenOptions) -> DetachedProcess:
    """Start to listen, detached from this process and its terminal."""
    plan = {"settings": asdict(settings), "options": asdict(options)}
    return start_detached("streamer.tap.inbound_process", plan)


class Admission:
    """Decides whose call may come in; `addresses` are where calls are registered, none if they cannot be."""

    def __init__(self, *, accepts_unknown: bool) -> None:
        self.registry = Registry(clock=time.monotonic)
        self.addresses: list[str] = []
        self._accepts_unknown = accepts_unknown

    def admit(self, uuid: UUID) -> Admitted | str:
        """Say who a UUID is, or why it is refused."""
        known = self.registry.claim(uuid)
        if isinstance(known, Registration):
            return _admit(known)
        if self._accepts_unknown:
            return Admitted("caller", str(uuid))
        return explain_refusal(uuid, known, address=self._address)

    def admit_name(self, name: str, *, is_trusted: bool) -> Admitted | str:
        """Say who an id is that may be no UUID, or why it is refused."""
        uuid = find_uuid(name)
        known = self.registry.claim(uuid) if uuid else Refusal.UNKNOWN
        if isinstance(known, Registration):
            return _admit(known)
        if self._accepts_unknown or is_trusted:
            return Admitted("", "")
        return explain_name(name, known, address=self._address)

    @property
    def _address(self) -> str | None:
        return next(iter(self.addresses), None)


def _admit(registration: Registration) -> Admitted:
    channel = registration.channel or registration.caller or str(registration.uuid)
    way = {"via": registration.via} if registration.via else {}
    facts = {"from": registration.caller, "to": registration.called, **way}
    return Admitted(registration.label or "caller", channel, facts, registration.caller)


def _plan_listening(
    settings: Settings, options: ListenOptions, admission: Admission, say: Callable[[str], None]
) -> ListenPlan:
    room = measure_room()
    return ListenPlan(
        options.addresses,
        Path(settings.recordings),
        admit=admission.admit,
        admit_name=admission.admit_name,
        web=_plan_web(settings, options, admission, say),
        new_playback=_plan_playback(options),
        fills_silence=options.fills_silence,
        format=Format(options.format) if options.format else None,
        most_calls=min(options.most_calls, room.calls),
        grace_s=options.grace_s,
        keeper_patience_s=settings.keeper_patience,
        runtime_dir=_runtime_dir(settings),
        is_expected=admission.registry.expects if _takes_registrations(options) else None,
        most_strangers=room.strangers,
        shares_ids=options.accepts_unknown,
    )


def _takes_registrations(options: ListenOptions) -> bool:
    return bool(options.registrations) or any(one.source == WEBSOCKET for one in options.addresses)


def _plan_web(
    settings: Settings, options: ListenOptions, admission: Admission, say: Callable[[str], None]
) -> WebOptions:
    """Return what listeners for WebSockets need; each takes registrations too."""
    names = tuple(settings.register_names.split(","))

    def open_requests(named: str, host: str, port: int) -> RequestServer:
        from streamer.sources.registration.hosts import own_names
        from streamer.sources.registration.http import RequestServer  # 13 MB

        requests = RequestServer(
            admission.registry,
            key=settings.register_key or None,
            names=own_names([named, *names]),
        )
        shown = show_address(host, port)
        requests.ask_for_key(
            [host], shown, say=say, make_key=lambda: _make_key(Path(settings.recordings), say)
        )
        admission.addresses.append(shown)
        return requests

    return WebOptions(names=names, open_requests=open_requests)


def _plan_playback(options: ListenOptions) -> Callable[[], Playback | None]:
    if options.echoes:
        return Echo
    if options.tone_hz:
        return lambda: Tone(options.tone_hz)
    if options.announcement:
        # Open as long as this process is: the files may be gone by then.
        files = {rate: os.open(path, os.O_RDONLY) for rate, path in options.announcement.items()}
        load = cache(lambda rate: os.pread(files[rate], os.fstat(files[rate]).st_size, 0))
        return lambda: Announcement(load)
    return lambda: None


@asynccontextmanager
async def _take_registrations(
    admission: Admission, settings: Settings, options: ListenOptions, lines: _Lines
) -> AsyncIterator[None]:
    """Let calls be registered while the block lasts, wherever they are to be."""
    async with AsyncExitStack() as stack:
        for host, port in options.registrations:
            opening = _open_registration(admission, settings, host, port, lines.keep)
            try:
                admission.addresses.append(await stack.enter_async_context(opening))
            except UnreachableError as error:
                raise _explain_no_registrations(error, settings, host, port) from error
        for address in admission.addresses:
            lines.starter.send(ListeningBegun("registration", address))
        lines.tell()
        yield


class _Lines:
    """What is said once it listens, each line once; before, only the reason for an end is shown."""

    def __init__(self, starter: Starter) -> None:
        self.starter = starter
        self._lines: dict[str, bool] = {}  # whether it is told

    def keep(self, line: str) -> None:
        """Keep a line to be told."""
        self._lines.setdefault(line, False)

    def tell(self) -> None:
        """Tell what was not told."""
        for line, is_told in self._lines.items():
            if not is_told:
                _log.warning("%s", line)
                self.starter.send(Said(line))
        self._lines = dict.fromkeys(self._lines, True)


def _open_registration(
    admission: Admission, settings: Settings, host: str, port: int, say: Callable[[str], None]
) -> AbstractAsyncContextManager[str]:
    from streamer.sources.registration.http import open_registration  # 13 MB

    return open_registration(
        admission.registry,
        host,
        port,
        key=settings.register_key or None,
        say=say,
        make_key=lambda: _make_key(Path(settings.recordings), say),
        names=settings.register_names.split(","),
    )


def _explain_no_registrations(
    error: UnreachableError, settings: Settings, host: str, port: int
) -> UnreachableError:
    """Return what to say where registrations cannot be taken: the listener of streamer that is in the way, or else the error."""
    other = find_listener(
        host, port, recordings=Path(settings.recordings), runtime_dir=_runtime_dir(settings)
    )
    if other is None:
        return error
    shown = show_address(host, port)
    return UnreachableError(
        f"cannot take registrations on {shown}: {describe_listener(other.note)}"
    )


def _runtime_dir(settings: Settings) -> Path | None:
    return Path(settings.runtime_dir) if settings.runtime_dir else None


def _check_nobody_listens(plan: ListenPlan) -> None:
    """See that no listener of these recordings is there, before the room for registrations turns out to be taken, by the same one.

    Raises:
        AddressTakenError: One is.
    """
    for where in plan.addresses:
        if address := find_other(plan.recordings, where):
            raise AddressTakenError(where.source, address)


def _make_key(recordings: Path, say: Callable[[str], None]) -> str:
    key = read_or_make_key(recordings)
    say(
        "others than this machine can register calls, so each request must show the key in"
        f" {recordings.absolute() / KEY_FILE}, as X-API-Key or &key="
    )
    return key


async def _work(starter: Starter) -> int:
    try:
        await _listen(*_read_plan(), starter)
    except AddressTakenError as taken:
        starter.send(AddressTaken(taken.source, taken.address))
    return ExitCode.DONE


def _tell_room(options: ListenOptions, plan: ListenPlan, lines: _Lines) -> None:
    """Tell what is to be said, and whether fewer calls fit than are asked for."""
    if plan.most_calls < options.most_calls:
        message = (
            f"{plan.most_calls} calls fit at once, not {options.most_calls}, because the listener may open only"
            f" {measure_room().descriptors} files; raise LimitNOFILE, or ulimit -n"
        )
        lines.keep(message)
    lines.tell()


async def _listen(settings: Settings, options: ListenOptions, starter: Starter) -> None:
    _log_in(Path(settings.recordings))
    bus = Bus()
    admission = Admission(accepts_unknown=options.accepts_unknown)
    lines = _Lines(starter)
    plan = _plan_listening(settings, options, admission, lines.keep)
    _check_nobody_listens(plan)
    listener = Listener(plan, bus, clock=time.monotonic)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, listener.stopping.set)
    with bus.subscribe() as events:
        telling = asyncio.ensure_future(_tell(events, starter))
        try:
            async with _take_registrations(admission, settings, options, lines):
                await listener.run(
                    lambda source, address: starter.send(
                        ListeningBegun(source, address, plan.most_calls)
                    ),
                    on_begun=lambda: _tell_room(options, plan, lines),
                    registrations=tuple(admission.addresses),
                )
        finally:
            bus.close()
            await telling


def _log_in(recordings: Path) -> None:
    try:
        make_private_folder(recordings)
        log_to(recordings / LISTENER_LOG)
    except OSError as error:
        raise RecordingError(
            f"cannot record in {recordings}: {find_cause(error)}; make it writable, or name another folder"
            " with --recordings"
        ) from error


def _read_plan() -> tuple[Settings, ListenOptions]:
    plan = json.load(sys.stdin)
    fields = dict(plan["options"])
    # JSON has no numbers as keys.
    fields["announcement"] = {int(rate): path for rate, path in fields["announcement"].items()}
    fields["addresses"] = tuple(ListenAddress(**where) for where in fields["addresses"])
    fields["registrations"] = tuple(map(tuple, fields["registrations"]))
    return Settings(**plan["settings"]), ListenOptions(**fields)


async def _tell(events: Subscription, starter: Starter) -> None:
    """Log what goes wrong, and say what stands in no call's folder."""
    async for event in events:
        match event:
            case LegEnded(call_id, leg, _, message) if message:
                _log.warning("%s: %s: %s", call_id, leg, message)
            case Trouble(call_id, message):
                _log.warning("%s: %s", call_id or "listener", message)
                starter.send(Said(message, call_id))
            case _:
                pass


def main() -> int:
    """Listen as stdin says, and return the exit code."""
    raise_descriptor_limit()
    return run_detached(_work, what="the listener")


if __name__ == "__main__":
    sys.exit(main())
