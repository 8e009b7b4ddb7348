"""Tries the addresses at which `serve` would listen: each is had for an instant."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from streamer.config import Settings
from streamer.core.reasons import explain
from streamer.doctor.gather.certificate import gather_certificate
from streamer.doctor.gather.processes import (
    describe_listener_process,
    find_socket_owner,
    list_listening_inodes,
)
from streamer.doctor.listening import (
    ListeningFacts,
    PortFacts,
    PortState,
    RegistrationFacts,
)
from streamer.doctor.refusals import RefusalFacts, read_refusals
from streamer.errors import RecordingError
from streamer.recording.locks import is_there
from streamer.tap.inbound_process import LISTENER_LOG
from streamer.tap.listen_plan import ListenAddress
from streamer.tap.listeners import find_listener
from streamer.tap.register_key import KEY_FILE, read_or_make_key

_MOST_READ = 1 << 18
"""Bytes of the end of a log."""

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Listening:
    """Where `serve` would listen by the settings; `trouble` is why that cannot be said."""

    addresses: Sequence[ListenAddress] = ()
    cert: str = ""
    key: str = ""
    trouble: str = ""


def gather_listening(settings: Settings, wanted: Listening) -> ListeningFacts:
    """Return what becomes of whoever listens there; blocks for as long as a name server takes."""
    if wanted.trouble:
        return ListeningFacts(trouble=wanted.trouble)
    return ListeningFacts(
        [_try(settings, address) for address in wanted.addresses],
        gather_certificate(wanted.cert, wanted.key) if wanted.cert else None,
        _look_at_key(settings),
    )


def _try(settings: Settings, address: ListenAddress) -> PortFacts:
    state, who, why = _find_state(settings, address)
    return PortFacts(
        address.source,
        address.host,
        address.port,
        state,
        who,
        why,
        _is_loopback(address.host),
        address.has_tls,
    )


def _find_state(settings: Settings, address: ListenAddress) -> tuple[PortState, str, str]:
    try:
        _bind(address.host, address.port)
    except (OSError, UnicodeError) as error:
        number = error.errno if isinstance(error, OSError) else 0
        if number == errno.EADDRINUSE:
            return *_find_owner(settings, address), ""
        if number == errno.EACCES:
            return PortState.FORBIDDEN, "", ""
        why = explain(error) if isinstance(error, OSError) else "it is no host name; check it"
        return PortState.UNUSABLE, "", why
    return PortState.FREE, "", ""


def _bind(host: str, port: int) -> None:
    family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(place)
        sock.listen(1)


def _find_owner(settings: Settings, address: ListenAddress) -> tuple[PortState, str]:
    runtime_dir = Path(settings.runtime_dir) if settings.runtime_dir else None
    ours = find_listener(
        address.host, address.port, recordings=Path(settings.recordings), runtime_dir=runtime_dir
    )
    if ours is not None:
        return (PortState.OURS if ours.note.is_led() else PortState.LEFT), ours.note.address
    owner = find_socket_owner(list_listening_inodes(address.port))
    if others := describe_listener_process(address.port, owner):
        return PortState.OTHERS, others
    return PortState.TAKEN, f"{owner.name} (process {owner.pid})" if owner else ""


def _look_at_key(settings: Settings) -> RegistrationFacts:
    recordings = Path(settings.recordings)
    path = recordings / KEY_FILE
    length = len(settings.register_key)
    if length or not is_there(path):
        return RegistrationFacts(str(path), key_length=length)
    try:
        read_or_make_key(recordings)
    except (RecordingError, OSError) as error:
        return RegistrationFacts(str(path), key_trouble=str(error))
    return RegistrationFacts(str(path), has_key=True)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def gather_refusals(recordings: Path) -> RefusalFacts:
    """Return what the end of the listener's log says of refused calls; no log says nothing."""
    text = ""
    with (
        suppress(FileNotFoundError, NotADirectoryError),
        (recordings / LISTENER_LOG).open("rb") as log,
    ):
        log.seek(max(0, log.seek(0, os.SEEK_END) - _MOST_READ))
        text = log.read().decode("utf-8", "replace")
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - _DAY_S))
    return read_refusals(text, since=since)
