"""What we ask of a PBX, as it was asked when the traces were captured, and what we can never ask."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from streamer.wire.ari import requests
from streamer.wire.ari.ids import is_own_application, is_own_id, make_application, make_id
from streamer.wire.ari.requests import MediaFormat, Request, SocketOption, Spy
from tests.unit.wire.ari.traces import list_calls

APP = "streamer-0badcafe"
ID = "streamer-" + "0" * 32
CALL = UUID("40325ec2-5efd-4bd3-805f-53576e581d13")
CREATING = [
    lambda: requests.snoop(APP, "1.2", Spy.SAID),
    lambda: requests.send_over_audiosocket(APP, ("::1", 9092), CALL, MediaFormat.SLIN16),
    lambda: requests.offer_over_websocket(APP, MediaFormat.ULAW, SocketOption.JSON),
    requests.make_bridge,
]
MEDIUM = {
    "app": APP,
    "channelId": ID,
    "format": "slin16",
    "transport": "websocket",
    "encapsulation": "none",
    "connection_type": "server",
    "external_host": "INCOMING",
}


def medium(path="externalMedia", body=None, **changes):
    query = {name: value for name, value in (MEDIUM | changes).items() if value is not None}
    return Request("POST", ("channels", path), tuple(query.items()), body)


def ids_of(request):
    return [part for part in (*request.path, *dict(request.query).values()) if is_own_id(part)]


@pytest.mark.parametrize("make", CREATING)
def test_what_we_make_has_a_new_id_of_constant_length_every_time(make):
    made = [ids_of(make()) for _ in range(50)]
    assert all(len(ids) == 1 for ids in made)
    assert len({ids[0] for ids in made}) == 50
    assert {len(ids[0]) for ids in made} == {len("streamer-") + 32}


def test_an_id_never_begins_another():
    ids = sorted(make_id() for _ in range(1_000))
    assert all(not after.startswith(before) for before, after in zip(ids, ids[1:], strict=False))


def test_each_process_has_an_application_of_its_own():
    names = {make_application() for _ in range(50)}
    assert len(names) == 50
    assert all(map(is_own_application, names))


def test_the_medium_that_all_refusals_below_change_is_one_that_is_allowed():
    assert medium().target.startswith("/channels/externalMedia?app=streamer-0badcafe&channelId=")
    assert medium(transport_data="f(json)").query[-1] == ("transport_data", "f(json)")


@pytest.mark.parametrize(
    "name",
    ["", "streamer-", ID[:-1], ID + "0", ID.upper(), "1795850930.44", f"{ID}\n", f" {ID}"],
)
@pytest.mark.parametrize("parameter", ["channelId", "channelid", "snoopId", "bridgeId"])
def test_an_id_that_could_be_in_use_or_begin_one_that_is_cannot_be_asked_for(parameter, name):
    with pytest.raises(ValueError, match="id of ours"):
        medium(**{"channelId": ID, parameter: name})


@pytest.mark.parametrize(
    "option", ["f(xml)", "f()", "f(json)f(xml)", "F(json)", "v(a=b)", "d(in)x", "f(json) ", ""]
)
def test_an_option_that_asterisk_may_not_know_cannot_be_asked_for(option):
    with pytest.raises(ValueError, match="transport_data"):
        medium(transport_data=option)


@pytest.mark.parametrize(
    "build",
    [
        lambda: medium(channelId=None),
        lambda: medium(body={"channelId": "1"}),
        lambda: medium(body={"transport_data": "f(xml)"}),
        lambda: medium(path="externalmedia", transport_data="f(xml)"),
        lambda: medium(Transport_Data="f(xml)"),
        lambda: medium(variables="x"),
        lambda: medium(format="f(xml)"),
        lambda: medium(app="tap"),
        lambda: Request("POST", ("channels", "externalMedia"), (("app", APP), ("app", APP))),
        lambda: replace(
            requests.offer_over_websocket(APP, MediaFormat.SLIN16), query=(("channelId", "1"),)
        ),
        lambda: Request("POST", ("channels", "1.2", "snoop", "1.3")),
        lambda: Request("POST", ("channels", "1.2", "snoop")),
        lambda: Request("POST", ("channels", "1.2")),
        lambda: Request("POST", ("channels",)),
        lambda: Request("POST", ("channels", "create")),
        lambda: Request("POST", ("bridges", "1")),
        lambda: Request("POST", ("bridges",)),
        lambda: requests.end_channel("1795850930.44"),
        lambda: requests.end_bridge("89bd492b-d990-4e25-aecb-7399950c835d"),
        lambda: requests.read_variable("", "CHANNEL(linkedid)"),
        lambda: requests.read_variable("..", "CHANNEL(linkedid)"),
    ],
)
def test_what_could_harm_a_pbx_or_a_call_cannot_be_built(build):
    with pytest.raises(ValueError, match=r"\w"):
        build()


@given(st.text(), st.text())
def test_whatever_input_says_stays_in_its_place_of_the_request(channel, variable):
    try:
        target = requests.read_variable(channel, variable).target
    except ValueError:
        assert channel in ("", ".", "..") or len(channel) > 300
        return
    path, _, query = target.partition("?")
    assert path.startswith("/channels/")
    assert path.count("/") == 3
    assert query.count("=") == 1
    assert target.isascii()
    assert not any(c.isspace() for c in target)


def test_the_requests_of_a_tap_are_those_of_the_captured_one():
    asked = {(c["method"], c["path"]): c["params"] for c in list_calls("ari_snoop_externalmedia")}
    snooped = dict(requests.snoop(APP, "1795173229.241", Spy.SAID).query)
    offered = dict(requests.offer_over_websocket(APP, MediaFormat.SLIN16, SocketOption.JSON).query)
    theirs = asked["POST", "/channels/externalMedia"]
    assert offered == theirs | {"app": APP, "channelId": offered["channelId"]}
    assert snooped["spy"] == asked["POST", "/channels/1795173229.241/snoop"]["spy"]
    assert requests.add_to_bridge("b", ["1", "2"]).target == "/bridges/b/addChannel?channel=1%2C2"


def test_a_medium_over_audiosocket_says_where_and_with_which_uuid():
    request = requests.send_over_audiosocket(APP, ("::1", 9092), CALL, MediaFormat.SLIN16)
    assert dict(request.query) == {
        "app": APP,
        "channelId": dict(request.query)["channelId"],
        "format": "slin16",
        "transport": "tcp",
        "encapsulation": "audiosocket",
        "external_host": "[::1]:9092",
        "data": str(CALL),
    }


@pytest.mark.parametrize(
    ("request_", "target", "content"),
    [
        (requests.list_channels(), "/channels", None),
        (requests.list_bridges(), "/bridges", None),
        (requests.list_applications(), "/applications", None),
        (requests.show_asterisk(), "/asterisk/info", None),
        (
            requests.read_variable("a/b;1?", "CHANNEL(linkedid)"),
            "/channels/a%2Fb%3B1%3F/variable?variable=CHANNEL%28linkedid%29",
            None,
        ),
        (
            requests.follow_source(APP, "channel:1.2"),
            f"/applications/{APP}/subscription?eventSource=channel%3A1.2",
            None,
        ),
        (
            requests.filter_events(APP, ["StasisStart"]),
            f"/applications/{APP}/eventFilter",
            '{"allowed": [{"type": "StasisStart"}]}',
        ),
        (requests.end_channel(ID), f"/channels/{ID}", None),
        (requests.end_bridge(ID), f"/bridges/{ID}", None),
    ],
)
def test_every_other_request_is_spelled_as_ari_has_it(request_, target, content):
    assert (request_.target, request_.content) == (target, content)
