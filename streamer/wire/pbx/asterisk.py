"""All that has to be entered at an Asterisk of one version for one way, as one text that is a comment where it is no line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from streamer.core.addresses import parse_address, show_host
from streamer.wire.pbx.ari import list_ari, render_requests
from streamer.wire.pbx.blocks import Block, Wanted, render_block, render_notes
from streamer.wire.pbx.dialplan import WEBSOCKET_USER, list_audiosocket, list_websocket
from streamer.wire.pbx.releases import Way
from streamer.wire.pbx.values import is_local

ADDRESSES: Mapping[str, str] = {
    "audiosocket": "127.0.0.1:9092",
    "websocket": "127.0.0.1:9094",
    "ari": "127.0.0.1:8088",
}
"""Of each way: where streamer listens, and with ARI Asterisk, if nothing is named."""
TLS_ADDRESSES: Mapping[str, str] = {**ADDRESSES, "ari": "127.0.0.1:8089"}
CERT = "/etc/asterisk/keys/asterisk.pem"
"""Where Asterisk's own script ast_tls_cert puts a certificate with its key."""

_BLOCKS: Mapping[str, Callable[[Wanted], list[Block]]] = {
    "audiosocket": list_audiosocket,
    "websocket": list_websocket,
    "ari": list_ari,
}


def render_asterisk(way: Way, wanted: Wanted) -> str:
    """Return the lines for each file, in the order in which they are loaded."""
    written = wanted.version.written
    meant = "" if str(wanted.version).startswith(written) else f" (for {written})"
    lines = [f"; Asterisk {wanted.version}{meant}, by {way.title}", *_render_ours(way, wanted)]
    lines += render_notes(wanted.version, way.name)
    for block in _BLOCKS[way.name](wanted):
        lines += render_block(block)
    if way.name == "ari":
        lines += render_requests(wanted)
    return "\n".join(lines) + "\n"


def _render_ours(way: Way, wanted: Wanted) -> Iterator[str]:
    """Yield comments on what has to be started and set on our side."""
    host, port = parse_address(wanted.address, flag="--address")
    if way.name == "ari":
        if not wanted.has_tls and not is_local(host):
            yield "; without --tls, user and password cross the network as plain text"
        yield "; start streamer on the same machine, or change the address of the medium below: streamer serve --accept-unknown"
        return
    here = _name_listening(host, port)
    with_cert = " --cert FILE --key FILE" if wanted.has_tls else ""
    if wanted.register:
        register = "" if wanted.register == wanted.address else f" --register {wanted.register}"
        yield f"; start streamer: streamer serve --{way.name} {here}{register}{with_cert}"
        if wanted.token:
            yield f'; with this in its config file: register_key = "{wanted.token}"'
    elif wanted.token:
        yield f"; start streamer: streamer serve{with_cert}, with this in its config file:"
        yield ";   [[listen]]"
        yield f';   kind = "{way.name}"'
        yield f';   address = "{here}"'
        yield f';   auth = ["basic:{WEBSOCKET_USER}:{wanted.token}"]'
    else:
        yield f"; start streamer: streamer serve --{way.name} {here} --accept-unknown{with_cert}"
    if way.name == "audiosocket" and not is_local(host):
        yield f"; AudioSocket has no TLS: let a firewall admit only this PBX to port {port}"


def _name_listening(host: str, port: int) -> str:
    """Return where streamer listens so that a PBX reaches it at a host."""
    if is_local(host):
        return f"{show_host(host)}:{port}"
    return f"[::]:{port}" if ":" in host else f"0.0.0.0:{port}"
