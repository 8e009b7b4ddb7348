"""How streamer has to be started for an Asterisk's lines, as comments among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from streamer.core.addresses import parse_address
from streamer.wire.pbx.blocks import Wanted
from streamer.wire.pbx.dialplan import WEBSOCKET_USER
from streamer.wire.pbx.failover import render_serving_nodes
from streamer.wire.pbx.values import is_local, name_listening


@dataclass(frozen=True, slots=True)
class _Listener:
    """One place where `serve` listens; only a table of its config file can say more than kind and address."""

    kind: str
    address: str
    tls: bool = False
    """It has to be said, because the listener is on loopback."""
    auth: str = ""


def render_serving(way: str, wanted: Wanted) -> Iterator[str]:
    """Yield the command line, and what its config file needs."""
    if wanted.nodes:
        yield from render_serving_nodes(wanted.nodes, token=wanted.token, has_tls=wanted.has_tls)
        return
    host, port = parse_address(wanted.address, flag="--address")
    if way == "ari":
        if not wanted.has_tls and not is_local(host):
            yield "; without --tls, user and password cross the network as plain text"
        yield "; start streamer on the same machine, or change the address of the medium below: streamer serve --accept-unknown"
        return
    listeners = list(_list_listeners(way, wanted))
    with_cert = " --cert FILE --key FILE" if wanted.has_tls else ""
    has_tables = any(one.tls or one.auth for one in listeners)
    flags = "" if has_tables else "".join(f" --{one.kind} {one.address}" for one in listeners)
    is_open = not wanted.register and not wanted.token
    yield f"; start streamer: streamer serve{flags}{' --accept-unknown' if is_open else ''}{with_cert}"
    if wanted.register and wanted.token:
        yield f'; with this in its config file, above all tables: register_key = "{wanted.token}"'
    if has_tables:
        yield "; with this in its config file:"
        yield from (f";   {line}" for one in listeners for line in _list_table(one))
    if way == "audiosocket" and not is_local(host):
        yield f"; AudioSocket has no TLS: let a firewall admit only this PBX to port {port}"


def _list_listeners(way: str, wanted: Wanted) -> Iterator[_Listener]:
    has_tls = wanted.has_tls and way == "websocket"
    is_asked = way == "websocket" and wanted.token and not wanted.register
    auth = f"basic:{WEBSOCKET_USER}:{wanted.token}" if is_asked else ""
    yield _make_listener(way, name_listening(wanted.address), has_tls=has_tls, auth=auth)
    if wanted.register and not (way == "websocket" and wanted.register == wanted.address):
        yield _make_listener("register", wanted.register, has_tls=wanted.has_tls)


def _make_listener(kind: str, address: str, *, has_tls: bool, auth: str = "") -> _Listener:
    """Return a listener; one on loopback is encrypted only if it is said of it."""
    host, _ = parse_address(address, flag="--address")
    return _Listener(kind, address, has_tls and is_local(host), auth)


def _list_table(one: _Listener) -> Iterator[str]:
    yield "[[listen]]"
    yield f'kind = "{one.kind}"'
    yield f'address = "{one.address}"'
    if one.tls:
        yield "tls = true"
    if one.auth:
        yield f'auth = ["{one.auth}"]'
