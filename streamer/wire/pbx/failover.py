"""Lines of the dialplan that bring a call to one of two nodes of streamer: to the first, and if that is down, to the other.

    register with A --no id--> B                    a call is where it is registered: the node that answered is dialled
    dial --CHANUNAVAIL--> register with and dial the other; A is asked once more if B is down, too
    any other end of Dial --> the dialplan goes on, without another node

Calls of a node that dies are not moved: what they are recorded to is on that node.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from streamer.core.addresses import show_address, show_host
from streamer.core.untrusted import printable
from streamer.errors import UsageError
from streamer.wire.pbx.blocks import Block, Node, Wanted, make_modules
from streamer.wire.pbx.dialplan import FACTS, IF_REGISTERED, OVER, SECTION, find_format
from streamer.wire.pbx.values import read_address

CONNECT_S, ANSWER_S = 1, 2
"""Seconds that a node has to take a connection, and to answer: how much later a call is connected if a machine is gone."""

_PORT, _REGISTER_PORT = 9092, 9093
_NAMES = ("a", "b")
_ORDER = ("a", "b", "a")


def read_nodes(text: str) -> tuple[Node, ...]:
    """Read two machines, each as HOST[:PORT][/PORT]: that of AudioSocket, and that of registrations.

    Raises:
        UsageError: They are not two, or nobody can connect to one.
    """
    nodes = tuple(map(_read_node, text.split(",")))
    if len(nodes) != len(_NAMES) or nodes[0] == nodes[1]:
        raise UsageError(
            f"--nodes must name two machines, such as 192.0.2.5,192.0.2.6, not {printable(text, limit=100)!r}"
        )
    return nodes


def _read_node(text: str) -> Node:
    address, slash, port = text.strip().partition("/")
    if address.endswith("]") or ":" not in address:
        address = f"{address}:{_PORT}"
    host, audio = read_address(address, flag="--nodes")
    register = read_address(
        f"{show_host(host)}:{port if slash else _REGISTER_PORT}", flag="--nodes"
    )
    return Node(show_address(host, audio), show_address(*register))


def list_failover(wanted: Wanted) -> list[Block]:
    """Return what calls to two nodes need."""
    modules = ["res_audiosocket", "chan_audiosocket", "codec_resample", "app_dial", "app_stack"]
    modules += ["res_curl", "func_curl", "func_uri", "func_callerid", "func_strings", "app_exec"]
    return [
        Block(
            "extensions.conf",
            "at its end (FreePBX: extensions_custom.conf)",
            [*_list_calls(), *_list_nodes(wanted)],
            "dialplan reload",
            f"dialplan show {SECTION}",
        ),
        make_modules(modules, "audiosocket"),
    ]


def _list_calls() -> Iterator[str]:
    yield f"[{SECTION}]"
    yield "; send calls here with Goto(), or by `include =>` in the context of your phones; 101 is an example"
    yield f"exten => 101,1,Set(CURLOPT(conntimeout)={CONNECT_S})"
    yield f" same => n,Set(CURLOPT(httptimeout)={ANSWER_S})"
    yield " same => n,Set(STREAMER_TO=${EXTEN})"
    yield " same => n,Set(STREAMER_NODE=)"
    for name in _ORDER:
        yield f' same => n,ExecIf($["${{STREAMER_NODE}}" = ""]?Gosub({SECTION}-node,{name},1))'
    yield OVER


def _list_nodes(wanted: Wanted) -> Iterator[str]:
    yield ""
    yield f"[{SECTION}-node]"
    yield "; a call is registered with the node that it is sent to, and STREAMER_NODE is set unless that node is not there"
    for name, node in zip(_NAMES, wanted.nodes, strict=True):
        yield f"exten => {name},1,Set(ID=${{CURL({_name_registration(node, wanted)})}})"
        yield " same => n,Set(DIALSTATUS=CHANUNAVAIL)"
        yield f" same => n,{IF_REGISTERED % _name_dial(node, wanted)}"
        yield f' same => n,ExecIf($["${{DIALSTATUS}}" != "CHANUNAVAIL"]?Set(STREAMER_NODE={node.address}))'
        yield " same => n,Return()"


def _name_registration(node: Node, wanted: Wanted) -> str:
    scheme = "https" if wanted.has_tls else "http"
    key = f"&key={quote(wanted.token, safe='')}" if wanted.token else ""
    facts = FACTS.replace("${EXTEN}", "${STREAMER_TO}")
    return f"{scheme}://{node.register}/register?{facts}&via=dial{key}"


def _name_dial(node: Node, wanted: Wanted) -> str:
    return f"Dial(AudioSocket/{node.address}/${{ID}}/c({find_format(wanted)}),,g)"


def render_serving_nodes(nodes: Sequence[Node], *, token: str, has_tls: bool) -> Iterator[str]:
    """Yield how streamer has to be started on each node."""
    with_cert = " --cert FILE --key FILE" if has_tls else ""
    for node in nodes:
        here = " ".join(f"--{kind} {place}" for kind, place in node.listens_at)
        yield f"; on {node.host}: streamer serve {here}{with_cert}"
    if token:
        yield f'; with this in the config file of each, above all tables: register_key = "{token}"'
    yield "; AudioSocket has no TLS: let a firewall admit only this PBX to these ports"
    yield "; a call whose node dies in mid-call is not moved: the dialplan goes on, and its recording is on that node"
