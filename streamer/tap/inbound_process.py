"""The listener in a process of its own, which outlives whoever started it.

It says where it listens and what goes wrong (see `messages`), and logs to `listener.log` in the folder of recordings. The calls
themselves are found where they are recorded.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import ssl
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamer.bus import Bus, Subscription
from streamer.config import Settings
from streamer.core.events import LegEnded, Trouble
from streamer.core.listening import WEBSOCKET
from streamer.core.reasons import find_cause
from streamer.errors import ExitCode, RecordingError
from streamer.recording.private_files import make_private_folder
from streamer.sources.forwarded import read_proxies
from streamer.sources.inbound import WebOptions
from streamer.sources.tls import Certificate
from streamer.tap.addresses import AddressTakenError
from streamer.tap.admitting import Admission
from streamer.tap.descriptors import measure_room, raise_descriptor_limit
from streamer.tap.detached import DetachedProcess, Starter, log_to, run_detached, start_detached
from streamer.tap.inbound import Listener, find_other
from streamer.tap.inbound_kinds import list_inbound
from streamer.tap.listen_plan import ListenAddress, ListenOptions, ListenPlan
from streamer.tap.messages import AddressTaken, ListeningBegun, Said
from streamer.tap.playbacks import read_playback_plan
from streamer.tap.registering import Registrations
from streamer.wire.formats import Format

if TYPE_CHECKING:
    pass

LISTENER_LOG = "listener.log"
"""In the folder of recordings."""

_log = logging.getLogger("streamer.tap.inbound_process")


def start_listener(settings: Settings, options: ListenOptions) -> DetachedProcess:
    """Start to listen, detached from this process and its terminal."""
    plan = {"settings": asdict(settings), "options": asdict(options)}
    return start_detached("streamer.tap.inbound_process", plan)


def _plan_listening(
    settings: Settings,
    options: ListenOptions,
    admission: Admission,
    registrations: Registrations,
    tls: ssl.SSLContext | None,
) -> ListenPlan:
    room = measure_room()
    return ListenPlan(
        options.addresses,
        Path(settings.recordings),
        admit=admission.admit,
        admit_name=admission.admit_name,
        statuses=admission.registry.statuses,
        web=_plan_web(settings, registrations, tls),
        new_playback=options.playing.open(),
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
    settings: Settings, registrations: Registrations, tls: ssl.SSLContext | None
) -> WebOptions:
    """Return what listeners for WebSockets have in common; each takes registrations too."""
    return WebOptions(
        names=tuple(settings.register_names.split(",")),
        open_requests=registrations.open_requests,
        proxies=read_proxies(settings.trusted_proxies),
        tls=tls,
    )


class _Lines:
    """Lines for the user, each told once, and none before it listens: until then the starter shows only why it ended."""

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


def _runtime_dir(settings: Settings) -> Path | None:
    return Path(settings.runtime_dir) if settings.runtime_dir else None


def _check_nobody_listens(plan: ListenPlan) -> None:
    """Check that no listener of these recordings is there; else it would first be found to have the address of registrations.

    Raises:
        AddressTakenError: There is one.
    """
    for where in plan.addresses:
        if address := find_other(plan.recordings, where):
            raise AddressTakenError(where.source, address)


async def _work(starter: Starter) -> int:
    try:
        await _listen(*_read_plan(), starter)
    except AddressTakenError as taken:
        starter.send(AddressTaken(taken.source, taken.address))
    return ExitCode.DONE


def _tell_room(options: ListenOptions, plan: ListenPlan, lines: _Lines) -> None:
    """Tell the lines that were kept, and also if fewer calls fit than are asked for."""
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
    certificate = _read_certificate(options)
    tls = certificate.context if certificate else None
    registrations = Registrations(settings, admission, say=lines.keep, tls=tls)
    plan = _plan_listening(settings, options, admission, registrations, tls)
    _check_nobody_listens(plan)
    listener = Listener(
        plan, bus, clock=time.monotonic, inbound=list_inbound(settings, options.addresses)
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, listener.stopping.set)
    with bus.subscribe() as events:
        telling = asyncio.ensure_future(_tell(events, starter))
        watching = asyncio.ensure_future(_watch_certificate(certificate, bus))
        try:
            async with registrations.taking(options.registrations, listener.stopping):
                for address in admission.addresses:
                    starter.send(ListeningBegun("registration", address))
                lines.tell()
                await listener.run(
                    lambda source, address: starter.send(
                        ListeningBegun(source, address, plan.most_calls)
                    ),
                    on_begun=lambda: _tell_room(options, plan, lines),
                    registrations=tuple(admission.addresses),
                )
        finally:
            watching.cancel()
            bus.close()
            await telling


def _read_certificate(options: ListenOptions) -> Certificate | None:
    if not options.cert:
        return None
    return Certificate(Path(options.cert), Path(options.key or options.cert))


async def _watch_certificate(certificate: Certificate | None, bus: Bus) -> None:
    if certificate is not None:
        await certificate.watch(lambda line: bus.publish(Trouble(None, line)))


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
    fields |= asdict(read_playback_plan(fields))
    for name in ("addresses", "registrations"):
        fields[name] = tuple(_read_address(where) for where in fields[name])
    return Settings(**plan["settings"]), ListenOptions(**fields)


def _read_address(where: dict[str, Any]) -> ListenAddress:
    return ListenAddress(**(where | {"auth": tuple(where["auth"])}))


async def _tell(events: Subscription, starter: Starter) -> None:
    """Log what goes wrong, and tell the starter what it cannot read in a call's folder."""
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
