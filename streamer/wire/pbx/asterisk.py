"""All that has to be entered at an Asterisk of one version for one way, as one text that is a comment where it is no line."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from streamer.wire.pbx.ari import list_ari, render_requests
from streamer.wire.pbx.blocks import Block, Wanted, render_block, render_notes
from streamer.wire.pbx.dialplan import list_audiosocket, list_websocket
from streamer.wire.pbx.failover import list_failover
from streamer.wire.pbx.releases import Way
from streamer.wire.pbx.serving import render_serving

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
    lines = [
        f"; Asterisk {wanted.version}{meant}, by {way.title}",
        *render_serving(way.name, wanted),
    ]
    lines += render_notes(wanted.version, way.name)
    list_blocks = list_failover if wanted.nodes else _BLOCKS[way.name]
    for block in list_blocks(wanted):
        lines += render_block(block)
    if way.name == "ari":
        lines += render_requests(wanted)
    return "\n".join(lines) + "\n"
