"""Where `serve` listens: what its flags and the tables of the config file name, or else the usual places; and what is encrypted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from streamer.ari.access import read_access
from streamer.config import Settings
from streamer.core.addresses import parse_address, show_address
from streamer.core.listening import (
    AUDIOSOCKET,
    REGISTER,
    STREAM_CHANNEL,
    WEBSOCKET,
    ListenTable,
    read_listen_table,
)
from streamer.errors import UsageError
from streamer.sources.forwarded import read_proxies
from streamer.sources.websocket.access import read_credentials
from streamer.tap.listen_plan import ListenAddress
from streamer.wire.protocols import ARI

_USUAL = (
    ListenTable(AUDIOSOCKET, "127.0.0.1", 9092),
    ListenTable(WEBSOCKET, "127.0.0.1", 9094),
)
"""Where calls may come to if no place is named."""

_REFUSES_ALL = "every call will be refused; take all calls with --accept-unknown, or registered ones with --register HOST:PORT"


@dataclass(frozen=True, slots=True)
class Places:
    """Where calls may come to, where they are registered, and the PEM files of what is encrypted."""

    addresses: tuple[ListenAddress, ...]
    registrations: tuple[ListenAddress, ...]
    cert: str = ""
    key: str = ""

    def warn(self, *, accepts_unknown: bool) -> list[str]:
        """Return what a user should know of them before the first call."""
        everywhere = (*self.addresses, *self.registrations)
        lines = []
        if self.cert and not any(one.has_tls for one in everywhere):
            lines.append(
                "nothing is encrypted, although there is a certificate: every listener is on loopback or for AudioSocket;"
                " set tls = true in its [[listen]]"
            )
        listens = any(one.source not in (ARI.name, STREAM_CHANNEL) for one in self.addresses)
        is_open = accepts_unknown or self.registrations or not listens
        refusal = "" if is_open else self._warn_of_refusals()
        return [*lines, *([refusal] if refusal else [])]

    def _warn_of_refusals(self) -> str:
        web = [one for one in self.addresses if one.source == WEBSOCKET]
        if not web:
            return _REFUSES_ALL
        if any(one.auth or one.yeastar_auth for one in web):
            return ""
        scheme = "https" if web[0].has_tls else "http"
        where = f"{scheme}://{show_address(web[0].host, web[0].port)}/register"
        return f"only calls registered at {where} are taken; take all calls with --accept-unknown"


def find_places(
    settings: Settings,
    *,
    audiosocket: Sequence[str],
    websocket: Sequence[str],
    register: Sequence[str],
    cert: Path | None = None,
    key: Path | None = None,
    ari: bool = False,
    stream_channel: Sequence[str] = (),
) -> Places:
    """Return where to listen, by flags and settings.

    Raises:
        UsageError: An address, a secret, a proxy or the certificate cannot be meant.
    """
    read_proxies(settings.trusted_proxies)
    cert_file = str(cert or settings.cert)
    key_file = str(key or ("" if cert else settings.key))
    if key_file and not cert_file:
        raise UsageError("--key needs --cert FILE")
    tables = [
        *_read_flags(AUDIOSOCKET, audiosocket),
        *_read_flags(WEBSOCKET, websocket),
        *_read_flags(REGISTER, register),
        *_read_flags(STREAM_CHANNEL, stream_channel),
        *_read_tables(settings),
    ]
    watched = [_find_pbx(settings)] if ari or settings.ari else []
    if not watched and any(table.kind == STREAM_CHANNEL for table in tables):
        raise UsageError(
            "stream-channel is offered on top of taps through ARI; add --ari, or leave it out"
        )
    if not watched and all(table.kind == REGISTER for table in tables):
        tables += _USUAL
    placed = [*watched, *(_place(table, has_cert=bool(cert_file)) for table in tables)]
    return Places(
        tuple(one for one in placed if one.source != REGISTER),
        tuple(one for one in placed if one.source == REGISTER),
        cert_file,
        key_file,
    )


def _find_pbx(settings: Settings) -> ListenAddress:
    """Return where the PBX is whose calls are tapped by themselves.

    Raises:
        UsageError: The settings do not say how it can be asked.
    """
    parts = urlsplit(read_access(settings).url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return ListenAddress(ARI.name, parts.hostname or "", port)


def _read_flags(kind: str, texts: Sequence[str]) -> Iterator[ListenTable]:
    for text in texts:
        yield ListenTable(kind, *parse_address(text, flag=f"--{kind}"))


def _read_tables(settings: Settings) -> Iterator[ListenTable]:
    for number, written in enumerate(settings.listen, start=1):
        where = f"listen {number}"
        table = read_listen_table(written, where=where)
        read_credentials(table.auth, table.yeastar_auth, where=f"{where}: ")
        yield table


def _place(table: ListenTable, *, has_cert: bool) -> ListenAddress:
    if table.tls and not has_cert:
        where = show_address(table.host, table.port)
        raise UsageError(
            f"{where} is to have TLS, and there is no certificate; add --cert and --key"
        )
    if table.kind == STREAM_CHANNEL and not table.auth and not is_loopback(table.host):
        raise UsageError(
            f"{show_address(table.host, table.port)} would let everybody listen to every channel: stream-channel beyond loopback needs auth;"
            ' write [[listen]] with kind = "stream-channel", address and auth into the config file, or listen on 127.0.0.1'
        )
    has_tls = has_cert and table.kind != AUDIOSOCKET and not is_loopback(table.host)
    return ListenAddress(
        table.kind,
        table.host,
        table.port,
        table.auth,
        table.rate,
        table.yeastar_auth,
        has_tls if table.tls is None else table.tls,
        table.public_url,
    )


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches a host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
