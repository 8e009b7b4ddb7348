"""The listener in a process of its own, which outlives whoever started it.

It says where it listens and what goes wrong, and logs to `listener.log` in the folder of recordings. The calls themselves are
found where they are recorded.

    {"listening": ADDRESS}             once          {"taken": ADDRESS}   another listener is there already
    {"registering": ADDRESS}           once, if so   {"exit_code": N}     once, at the end
    {"message": TEXT, "call": ID|null} something the user should read
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
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from uuid import UUID

from streamer.bus import Bus, Subscription
from streamer.config import Settings
from streamer.core.events import LegEnded, Trouble
from streamer.errors import ExitCode, RecordingError
from streamer.recording.writer import make_private_folder
from streamer.sources.inbound import Admitted
from streamer.sources.playout import Announcement, Echo, Playback, Tone
from streamer.sources.registration.registry import Registration, Registry, explain_refusal
from streamer.tap.detached import DetachedProcess, Teller, log_to, run_told, start_detached
from streamer.tap.inbound import AddressTakenError, Listener, ListenPlan, raise_descriptor_limit
from streamer.wire.formats import Format

LISTENER_LOG = "listener.log"
"""In the folder of recordings."""

_log = logging.getLogger("streamer.tap.inbound_process")


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """How calls are taken; everything that JSON can hold."""

    source: str = "audiosocket"
    host: str = "127.0.0.1"
    port: int = 9092
    accepts_unknown: bool = False
    register_host: str = ""
    """Where calls are registered, empty for nowhere."""
    register_port: int = 0
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
    """Decides whose call may come in; `address` is where calls are registered, None if they cannot be."""

    def __init__(self, *, accepts_unknown: bool) -> None:
        self.registry = Registry(clock=time.monotonic)
        self.address: str | None = None
        self._accepts_unknown = accepts_unknown

    def admit(self, uuid: UUID) -> Admitted | str:
        """Say who a UUID is, or why it is refused."""
        known = self.registry.claim(uuid)
        if isinstance(known, Registration):
            return _welcome(known)
        if self._accepts_unknown:
            return Admitted("caller", str(uuid))
        return explain_refusal(uuid, known, address=self.address)


def _welcome(registration: Registration) -> Admitted:
    channel = registration.channel or registration.caller or str(registration.uuid)
    facts = {"from": registration.caller, "to": registration.called}
    return Admitted(registration.label or "caller", channel, facts)


def _plan_listening(settings: Settings, options: ListenOptions, admission: Admission) -> ListenPlan:
    return ListenPlan(
        options.source,
        options.host,
        options.port,
        Path(settings.recordings),
        admit=admission.admit,
        new_playback=_plan_playback(options),
        fills_silence=options.fills_silence,
        format=Format(options.format) if options.format else None,
        most_calls=options.most_calls,
        grace_s=options.grace_s,
        keeper_patience_s=settings.keeper_patience,
        runtime_dir=Path(settings.runtime_dir) if settings.runtime_dir else None,
    )


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
    admission: Admission, settings: Settings, options: ListenOptions, teller: Teller
) -> AsyncIterator[None]:
    """Let calls be registered while the block lasts, if they are to be."""
    if not options.register_host:
        yield
        return
    from streamer.sources.registration.http import open_registration  # 13 MB

    host, port, key = options.register_host, options.register_port, settings.register_key or None
    async with open_registration(
        admission.registry,
        host,
        port,
        key=key,
        say=lambda line: teller.say(message=line, call=None),
    ) as admission.address:
        teller.say(registering=admission.address)
        yield


async def _work(teller: Teller) -> int:
    try:
        await _listen(*_read_plan(), teller)
    except AddressTakenError as taken:
        teller.say(taken=taken.address)
    return ExitCode.DONE


async def _listen(settings: Settings, options: ListenOptions, teller: Teller) -> None:
    _log_in(Path(settings.recordings))
    bus = Bus()
    admission = Admission(accepts_unknown=options.accepts_unknown)
    plan = _plan_listening(settings, options, admission)
    listener = Listener(plan, bus, clock=time.monotonic)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, listener.stopping.set)
    with bus.subscribe() as events:
        telling = asyncio.ensure_future(_tell(events, teller))
        try:
            async with _take_registrations(admission, settings, options, teller):
                await listener.run(lambda address: teller.say(listening=address))
        finally:
            bus.close()
            await telling


def _log_in(recordings: Path) -> None:
    try:
        make_private_folder(recordings)
        log_to(recordings / LISTENER_LOG)
    except OSError as error:
        raise RecordingError(
            f"cannot record in {recordings}: {error.strerror or error}; make it writable, or name another folder"
            " with --recordings"
        ) from error


def _read_plan() -> tuple[Settings, ListenOptions]:
    plan = json.load(sys.stdin)
    fields = dict(plan["options"])
    # JSON has no numbers as keys.
    fields["announcement"] = {int(rate): path for rate, path in fields["announcement"].items()}
    return Settings(**plan["settings"]), ListenOptions(**fields)


async def _tell(events: Subscription, teller: Teller) -> None:
    async for event in events:
        match event:
            case LegEnded(call_id, leg, _, message) if message:
                _log.warning("%s: %s: %s", call_id, leg, message)
                teller.say(message=f"{leg}: {message}", call=call_id)
            case Trouble(call_id, message):
                _log.warning("%s: %s", call_id or "listener", message)
                teller.say(message=message, call=call_id)
            case _:
                pass


def main() -> int:
    """Listen as stdin says, and return the exit code."""
    raise_descriptor_limit()
    return run_told(_work, what="the listener")


if __name__ == "__main__":
    sys.exit(main())
