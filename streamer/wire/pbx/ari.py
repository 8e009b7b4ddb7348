"""Lines that let a tap listen to any call of an Asterisk over ARI, without a line in its dialplan."""

from __future__ import annotations

from collections.abc import Iterator

from streamer.core.addresses import parse_address, show_host
from streamer.wire.pbx.blocks import Block, Wanted, make_modules
from streamer.wire.pbx.dialplan import SECTION, find_format

_PLAIN_PORT = 8088
MEDIA = "127.0.0.1:9092"
"""Where a usual `streamer serve` takes AudioSocket."""

_MODULES = (
    *("res_http_websocket", "res_ari", "res_ari_applications", "res_ari_asterisk"),
    *("res_ari_bridges", "res_ari_channels", "res_ari_events", "res_ari_model"),
    *("res_stasis", "res_stasis_snoop", "res_audiosocket", "chan_audiosocket"),
    *("codec_resample", "bridge_simple"),
)


def list_ari(wanted: Wanted) -> list[Block]:
    """Return what taps over ARI need."""
    return [_make_server(wanted), _make_user(wanted), make_modules(_MODULES, "ari")]


def render_requests(wanted: Wanted) -> Iterator[str]:
    """Yield comments on what is asked of Asterisk then, with the parameters of its version."""
    scheme = "https" if wanted.has_tls else "http"
    yield ""
    yield f"; ARI is then at {scheme}://{wanted.address}/ari, for the user {SECTION}. What sends a call's audio to `streamer serve`:"
    yield ";   POST /channels/CHANNEL/snoop?spy=in&app=APP   (in: what the party says; out: what the party hears)"
    yield (
        f";   POST /channels/externalMedia?app=APP&external_host={MEDIA}&transport=tcp&encapsulation=audiosocket"
        f"&format={find_format(wanted)}&data=UUID"
    )
    yield ";   POST /bridges?type=mixing, and when both are in APP: POST /bridges/BRIDGE/addChannel?channel=SNOOP,MEDIA"
    yield "; At the end of the call delete the external medium's channel and the bridge: Asterisk keeps them."


def _make_server(wanted: Wanted) -> Block:
    return Block(
        "http.conf",
        "in its section [general]; change what is there, a second one is not read (FreePBX: Advanced Settings)",
        list(_list_server_lines(wanted)),
        "module reload http",
        "http show status",
    )


def _list_server_lines(wanted: Wanted) -> Iterator[str]:
    host, port = parse_address(wanted.address, flag="--address")
    yield from ("[general]", "enabled = yes")
    if wanted.has_tls:
        yield from ("bindaddr = 127.0.0.1", f"bindport = {_PLAIN_PORT}")
        yield from ("tlsenable = yes", f"tlsbindaddr = {show_host(host)}:{port}")
        yield f"tlscertfile = {wanted.cert}"
        yield "; the key may be in the same file, else: tlsprivatekey = FILE"
    else:
        yield from (f"bindaddr = {host}", f"bindport = {port}")
    yield "sessionlimit = 300"


def _make_user(wanted: Wanted) -> Block:
    lines = [
        "[general]",
        "enabled = yes",
        "",
        f"[{SECTION}]",
        "type = user",
        "read_only = no",
        f"password = {wanted.token}",
        "password_format = plain",
    ]
    return Block(
        "ari.conf",
        "the user at its end, enabled in the section [general] that is there (FreePBX: ari_additional_custom.conf)",
        lines,
        "module reload res_ari.so",
        "ari show users",
    )
