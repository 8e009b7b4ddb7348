"""Calls that we ask for: what can be dialled, and what no input can make of the request."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from streamer.errors import UsageError
from streamer.wire.ari.dialling import (
    MOST_VARIABLES,
    find_number,
    is_endpoint,
    name_endpoint,
    read_variables,
)
from streamer.wire.ari.ids import is_own_id
from streamer.wire.ari.requests import Request, abandon_call
from streamer.wire.ari.wanted import WantedCall

APP = "streamer-0badcafe"
ID = "streamer-" + "0" * 32
HELD = {"endpoint": "PJSIP/100", "app": APP, "channelId": ID, "timeout": "30"}
ELSEWHERE = {"endpoint": "PJSIP/100", "context": "phones", "extension": "s", "priority": "1"}


def ask(query, body=None, **changes):
    changed = {name: value for name, value in (query | changes).items() if value is not None}
    return Request("POST", ("channels",), tuple(changed.items()), body)


@pytest.mark.parametrize(
    ("text", "technology", "trunk", "endpoint", "number"),
    [
        ("PJSIP/100", "", "", "PJSIP/100", "100"),
        ("pjsip/+15551234@provider", "", "", "PJSIP/+15551234@provider", "+15551234"),
        ("SIP/provider/15551234", "", "", "SIP/provider/15551234", "15551234"),
        ("iax2/provider/5*1#", "", "", "IAX2/provider/5*1#", "5*1#"),
        ("DAHDI/g1/15551234", "", "", "DAHDI/g1/15551234", "15551234"),
        ("DAHDI/1", "SIP", "x", "DAHDI/1", "1"),
        ("PJSIP/100", "SIP", "provider", "PJSIP/100", "100"),
        ("15551234", "", "", "PJSIP/15551234", "15551234"),
        ("15551234", "PJSIP", "provider", "PJSIP/15551234@provider", "15551234"),
        ("15551234@other", "", "provider", "PJSIP/15551234@other", "15551234"),
        ("15551234", "sip", "provider", "SIP/provider/15551234", "15551234"),
        ("100", "SIP", "", "SIP/100", "100"),
    ],
)
def test_an_endpoint_is_what_is_written_or_a_number_with_technology_and_trunk(
    text, technology, trunk, endpoint, number
):
    assert name_endpoint(text, technology=technology, trunk=trunk) == endpoint
    assert find_number(endpoint) == number


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "PJSIP/",
            "/100",
            "PJSIP/100&PJSIP/200",
            "PJSIP/100,30",
            "PJSIP/100\nX",
            "PJSIP/100 ",
        ),
        *("WebSocket/INCOMING/f(xml)", "Local/1@phones", "AudioSocket/1.2.3.4:5/x", "Console/x"),
        *("PJSIP/a/b", "PJSIP/100@a@b", "SIP/1@trunk", "SIP/a/b/c", "PJSIP/sip:1@h", "PJSIP/${X}"),
        *("١٢٣", "PJSIP/" + "1" * 81, "PJSIP/100;1"),
    ],
)
def test_what_cannot_be_dialled_is_refused_in_one_line(text):
    with pytest.raises(UsageError) as refused:
        name_endpoint(text)
    assert "\n" not in str(refused.value).replace(text, "")
    assert not is_endpoint(text)


@pytest.mark.parametrize(
    "given",
    ["A", "=b", "A=b,c", "A=b\nc", "A=b\x00", "SHELL(id)=x", "CALLERID(num)=1", "A B=c", "9=c",
     "A=" + "x" * 1001],
)  # fmt: skip
def test_a_variable_is_no_function_and_no_second_argument_or_line(given):
    with pytest.raises(UsageError, match="--variable"):
        read_variables([given])


def test_variables_are_read_the_last_of_a_name_counts_and_there_is_a_bound():
    assert read_variables(["A=1", "__B=x=y z", "A=2"]) == {"A": "2", "__B": "x=y z"}
    with pytest.raises(UsageError, match="at most"):
        read_variables([f"A{n}=" for n in range(MOST_VARIABLES + 1)])


def test_a_call_that_we_hold_has_an_id_of_ours_and_its_variables_in_the_body():
    wanted = WantedCall("PJSIP/100", caller_id="Robot <555>", ring_s=20, variables={"A": "1"})
    request = wanted.build(APP, {"A": "0", "B": "2"})
    query = dict(request.query)
    assert is_own_id(query.pop("channelId"))
    assert query == {
        "endpoint": "PJSIP/100",
        "app": APP,
        "timeout": "20",
        "callerId": "Robot <555>",
    }
    assert json.loads(request.content or "") == {"variables": {"A": "1", "B": "2"}}


def test_a_call_that_goes_elsewhere_has_no_id_of_ours():
    there = dict(WantedCall("PJSIP/100", context="phones").build(APP, {}).query)
    assert there == ELSEWHERE | {"timeout": "30"}
    other = dict(WantedCall("PJSIP/100", app="rapida").build(APP, {}).query)
    assert other == {"endpoint": "PJSIP/100", "app": "rapida", "timeout": "30"}


@pytest.mark.parametrize(
    "changes",
    [
        {"context": "a", "app": "b"},
        {"app": APP},
        {"app": "a,b"},
        {"context": "a b"},
        {"extension": "s,1"},
        {"caller_id": "a\nb"},
        {"caller_id": 'x" <5> <6>'},
        {"ring_s": 0},
        {"ring_s": 601},
        {"endpoint": "WebSocket/INCOMING/f(xml)"},
    ],
)
def test_a_call_that_cannot_be_meant_is_refused_before_anything_is_asked(changes):
    with pytest.raises(UsageError):
        WantedCall(**({"endpoint": "PJSIP/100"} | changes)).check()


def test_what_all_refusals_below_change_is_allowed():
    assert ask(HELD, {"variables": {"A": "b"}}).target.startswith("/channels?endpoint=PJSIP%2F100&")
    assert ask(ELSEWHERE).content is None


@pytest.mark.parametrize(
    "build",
    [
        lambda: ask(HELD, channelId=None),
        lambda: ask(HELD, channelId="1795850930.44"),
        lambda: ask(HELD, channelId=ID[:-1]),
        lambda: ask(HELD, otherChannelId=ID),
        lambda: ask(HELD, app=None),
        lambda: ask(HELD, app="tap"),
        lambda: ask(HELD, extension="s"),
        lambda: ask(HELD, endpoint=None),
        lambda: ask(HELD, endpoint="WebSocket/INCOMING/f(xml)"),
        lambda: ask(HELD, Endpoint="PJSIP/1"),
        lambda: ask(HELD, appArgs="x"),
        lambda: ask(HELD, formats="slin16"),
        lambda: ask(HELD, originator="1.2"),
        lambda: ask(HELD, timeout="-1"),
        lambda: ask(HELD, callerId="a\r\nb"),
        lambda: ask(ELSEWHERE, channelId=ID),
        lambda: ask(ELSEWHERE, priority="2"),
        lambda: ask(ELSEWHERE, label="x"),
        lambda: ask(ELSEWHERE, app="rapida"),
        lambda: ask(HELD, {"channelId": "1"}),
        lambda: ask(HELD, {"variables": {}, "endpoint": "Local/1"}),
        lambda: ask(HELD, {"variables": "x"}),
        lambda: ask(HELD, {"variables": {"A": 1}}),
        lambda: ask(HELD, {"variables": {"SHELL(id)": "1"}}),
        lambda: ask(HELD, {"variables": {"A": "1,2"}}),
        lambda: Request("POST", ("channels",), (("endpoint", "PJSIP/1"), *HELD.items())),
        lambda: Request("POST", ("channels", ID), tuple(HELD.items())),
        lambda: Request("POST", ("channels", "create"), tuple(HELD.items())),
    ],
)
def test_no_call_is_asked_for_with_an_id_an_option_or_a_body_that_is_not_ours(build):
    with pytest.raises(ValueError, match=r"."):
        build()


@given(
    st.text(),
    st.text(),
    st.text(),
    st.text(),
    st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=3),
)
def test_whatever_is_asked_for_is_refused_or_stays_one_quoted_parameter(
    endpoint, context, extension, caller_id, variables
):
    try:
        wanted = WantedCall(endpoint, context, extension, "", caller_id, 30, variables)
        request = wanted.build(APP, {})
    except ValueError:
        return
    assert request.target.count("&") == len(request.query) - 1
    assert all(c.isascii() and c.isprintable() and c != " " for c in request.target)


def test_a_call_that_rings_is_given_up_by_its_id_alone():
    assert abandon_call("1795850930.44").target == "/channels/1795850930.44"
