"""The dialplan for two nodes, run as Asterisk would: which node a call is registered with and dialled at, whatever is down."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from streamer.errors import UsageError
from streamer.wire.pbx.asterisk import render_asterisk
from streamer.wire.pbx.blocks import Node, Wanted
from streamer.wire.pbx.failover import read_nodes
from streamer.wire.pbx.releases import WAYS
from streamer.wire.pbx.versions import parse_version
from tests.fakes.dialplan import Dialplan

A, B = "192.0.2.5", "192.0.2.6"


def render(version="22.9", nodes=f"{A},{B}", **given):
    wanted = Wanted(parse_version(version), "127.0.0.1:9092", nodes=read_nodes(nodes), **given)
    return render_asterisk(WAYS["audiosocket"], wanted)


class Network:
    """Two nodes, of which registration and AudioSocket may each be down, for a number of times."""

    def __init__(self, *, deaf=(), unavailable=(), answers=None):
        self.deaf, self.unavailable = list(deaf), list(unavailable)
        self.answers = answers or {}
        self.asked, self.dialled = [], []

    async def curl(self, url):
        host = urlsplit(url).hostname
        self.asked.append(url)
        if host in self.deaf:
            return ""
        return self.answers.get(host, f"{len(self.asked):08d}-aaaa-4aaa-8aaa-{host:>12}")

    async def dial(self, target):
        host = target.removeprefix("AudioSocket/").partition(":")[0]
        self.dialled.append(target)
        if host in self.unavailable:
            self.unavailable.remove(host)
            return "CHANUNAVAIL"
        return "ANSWER"

    @property
    def hosts(self):
        return [urlsplit(url).hostname for url in self.asked], [
            target.split("/")[1].partition(":")[0] for target in self.dialled
        ]


async def run(network, text):
    plan = Dialplan(text, network.curl, network.dial, {"CHANNEL": "PJSIP/1-2"})
    plan.functions["CALLERID(num)"] = "+1 5"
    await plan.run("streamer", "101")
    return plan.variables["STREAMER_NODE"]


@pytest.mark.parametrize(
    ("network", "asked", "dialled", "node"),
    [
        (Network(), [A], [A], A),
        (Network(deaf=[A]), [A, B], [B], B),
        (Network(unavailable=[A]), [A, B], [A, B], B),
        (Network(deaf=[A], unavailable=[B]), [A, B, A], [B], ""),
        (Network(unavailable=[A, B]), [A, B, A], [A, B, A], A),
        (Network(deaf=[B], unavailable=[A]), [A, B, A], [A, A], A),
        (Network(deaf=[A, B]), [A, B, A], [], ""),
        (Network(answers={A: '{"error": "too many"}'}), [A, B], [B], B),
    ],
)
async def test_a_call_goes_to_the_node_that_is_there(network, asked, dialled, node):
    assert (await run(network, render())).partition(":")[0] == node
    assert network.hosts == (asked, dialled)


async def test_a_call_is_dialled_with_the_id_of_the_node_that_it_goes_to():
    network = Network(deaf=[A])
    await run(network, render(token="k+/=", version="22.7"))
    (target,) = network.dialled
    assert target == f"AudioSocket/{B}:9092/00000002-aaaa-4aaa-8aaa-{B:>12}/c(slin16)"
    assert parse_qs(urlsplit(network.asked[1]).query) == {
        "from": ["+1 5"],
        "to": ["101"],
        "channel": ["PJSIP/1-2"],
        "label": ["caller"],
        "via": ["dial"],
        "key": ["k+/="],
    }


def test_each_node_is_told_where_to_listen():
    text = render(nodes="127.0.0.1:1/2,[2001:db8::1]:3", token="t", has_tls=True)
    assert "; on 127.0.0.1: streamer serve --audiosocket 127.0.0.1:1 --register 127.0.0.1:2" in text
    assert "; on 2001:db8::1: streamer serve --audiosocket [::]:3 --register [::]:9093" in text
    assert 'register_key = "t"' in text
    assert "CURL(https://[2001:db8::1]:9093/register?" in text


def test_nodes_are_hosts_with_the_usual_ports_unless_others_are_named():
    assert read_nodes("a, b:1/2") == (Node("a:9092", "a:9093"), Node("b:1", "b:2"))


@pytest.mark.parametrize("text", ["", "a", "a,a", "a,b,c", "a,", "0.0.0.0,b", "a;,b", "a/0,b", "a:x,b", "a\nx,b"])  # fmt: skip
def test_nodes_that_cannot_be_meant_are_refused(text):
    with pytest.raises(UsageError, match="--nodes"):
        read_nodes(text)
