"""Lines of the dialplan that bring a call to streamer, by AudioSocket and by chan_websocket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from streamer.core.addresses import parse_address
from streamer.wire.pbx.blocks import Block, Wanted, make_modules
from streamer.wire.pbx.releases import Feature, has

SECTION = "streamer"
"""What our context and our connection are called."""
WEBSOCKET_USER = "asterisk"

FACTS = "from=${URIENCODE(${CALLERID(num)})}&to=${URIENCODE(${EXTEN})}&channel=${URIENCODE(${CHANNEL})}&label=caller"
_CALL = (
    "callid=${URIENCODE(${UNIQUEID})},from=${URIENCODE(${CALLERID(num)})},to=${URIENCODE(${EXTEN})}"
)
IF_REGISTERED = "ExecIf($[${LEN(${ID})} = 36]?%s)"
"""An error, or no answer at all, has another length."""
OVER = " same => n,Hangup() ; or what your dialplan does afterwards"


def list_audiosocket(wanted: Wanted) -> list[Block]:
    """Return what AudioSocket needs."""
    return [_make_context(_list_audiosocket_lines(wanted)), _make_audiosocket_modules(wanted)]


def list_websocket(wanted: Wanted) -> list[Block]:
    """Return what chan_websocket needs."""
    modules = ["res_http_websocket", "res_websocket_client", "chan_websocket", "codec_resample"]
    functions = _list_registering(wanted) if wanted.register else ("func_uri", "func_callerid")
    return [
        _make_connection(wanted),
        _make_context(_list_websocket_lines(wanted)),
        make_modules([*modules, "app_dial", *functions], "websocket"),
    ]


def find_format(wanted: Wanted) -> str:
    """Return the best format that AudioSocket names right."""
    return "slin16" if has(wanted.version, Feature.AUDIOSOCKET_RATES) else "slin"


def _make_context(lines: Iterator[str]) -> Block:
    head = (
        f"[{SECTION}]",
        "; send calls here with Goto(), or by `include =>` in the context of your phones; 100 and 101 are examples",
    )
    return Block(
        "extensions.conf",
        "at its end (FreePBX: extensions_custom.conf)",
        [*head, *lines],
        "dialplan reload",
        f"dialplan show {SECTION}",
    )


def _list_audiosocket_lines(wanted: Wanted) -> Iterator[str]:
    goes_on = has(wanted.version, Feature.AUDIOSOCKET_GOES_ON)
    then = "the dialplan goes on" if goes_on else "the caller is hung up"
    yield from explain_curl(wanted)
    yield f"; the application, always at 8 kHz: when `streamer stop` ends it, {then}"
    yield "exten => 100,1,Answer()"
    yield f" same => n,{_make_id(wanted, 'app')}"
    yield _enter(wanted, f"AudioSocket(${{ID}},{wanted.address})")
    yield OVER
    yield "; the channel driver: the dialplan goes on behind it, because of the option g"
    yield f"exten => 101,1,{_make_id(wanted, 'dial')}"
    yield _enter(wanted, f"Dial(AudioSocket/{wanted.address}/${{ID}}/c({find_format(wanted)}),,g)")
    yield OVER


def _list_websocket_lines(wanted: Wanted) -> Iterator[str]:
    yield "; the dialplan goes on behind Dial because of the option g"
    yield from explain_curl(wanted)
    if wanted.register:
        yield f"exten => 100,1,{_make_id(wanted, 'dial')}"
        yield _enter(wanted, f"Dial(WebSocket/{SECTION}/c(slin16)v(contextId=${{ID}}),,g)")
    else:
        yield f"exten => 100,1,Dial(WebSocket/{SECTION}/c(slin16)v({_CALL}),,g)"
    yield OVER
    if has(wanted.version, Feature.WEBSOCKET_DIRECTION):
        yield "; if streamer only listens (no --announce, --echo, --tone), d(in) behind v(...) spares Asterisk a timer"


def _enter(wanted: Wanted, application: str) -> str:
    return f" same => n,{IF_REGISTERED % application if wanted.register else application}"


def explain_curl(wanted: Wanted) -> Iterator[str]:
    """Yield whom CURL() trusts: it knows no file of ours."""
    if wanted.register and wanted.has_tls:
        yield "; CURL() trusts the authorities of the PBX's system only: add one of your own there (Debian: update-ca-certificates)"


def _make_id(wanted: Wanted, via: str) -> str:
    """Return what sets ID to the call's UUID: asked for, or made."""
    if not wanted.register:
        made = "UUID()" if has(wanted.version, Feature.UUID) else r"SHELL(uuidgen | tr -d '\n')"
        return f"Set(ID=${{{made}}})"
    scheme = "https" if wanted.has_tls else "http"
    key = f"&key={quote(wanted.token, safe='')}" if wanted.token else ""
    return f"Set(ID=${{CURL({scheme}://{wanted.register}/register?{FACTS}&via={via}{key})}})"


def _make_connection(wanted: Wanted) -> Block:
    scheme = "wss" if wanted.has_tls else "ws"
    lines = [
        f"[{SECTION}]",
        "type = websocket_client",
        "connection_type = per_call_config",
        *_explain_name(wanted),
        f"uri = {scheme}://{wanted.address}/media",
        "protocols = media",
    ]
    if wanted.token and not wanted.register:
        lines += [f"username = {WEBSOCKET_USER}", f"password = {wanted.token}"]
    if wanted.has_tls:
        lines += ["tls_enabled = yes", _name_ca(wanted)]
    return Block(
        "websocket_client.conf",
        "at its end",
        lines,
        "module reload res_websocket_client.so",
        "module show like websocket",
    )


def _name_ca(wanted: Wanted) -> str:
    if wanted.ca:
        return f"ca_list_file = {wanted.ca}"
    return "; ca_list_file = FILE is needed if no known authority signed streamer's certificate (--ca FILE)"


def _explain_name(wanted: Wanted) -> Iterator[str]:
    """Yield what Asterisk wants of the name in streamer's certificate, which it compares letter by letter."""
    if not wanted.has_tls:
        return
    host, _ = parse_address(wanted.address, flag="--address")
    yield f"; {host} must be the common name or a DNS name of streamer's certificate: IP addresses among its names, and *, do not count"
    yield "; with verify_server_hostname = no, any name does that the authority has signed"


def _make_audiosocket_modules(wanted: Wanted) -> Block:
    modules = ["res_audiosocket", "app_audiosocket", "chan_audiosocket", "codec_resample"]
    modules.append("app_dial")
    if not wanted.register:
        modules.append("func_uuid" if has(wanted.version, Feature.UUID) else "func_shell")
    return make_modules([*modules, *_list_registering(wanted)], "audiosocket")


def _list_registering(wanted: Wanted) -> Sequence[str]:
    """Return the modules of the functions that a registration takes."""
    if not wanted.register:
        return ()
    return ("res_curl", "func_curl", "func_uri", "func_callerid", "func_strings", "app_exec")
