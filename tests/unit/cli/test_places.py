from dataclasses import replace
from typing import Any

import pytest

from streamer.cli.places import find_places
from streamer.config import Settings
from streamer.errors import UsageError

AUDIOSOCKET, WEBSOCKET = ("audiosocket", "127.0.0.1", 9092), ("websocket", "127.0.0.1", 9094)
REGISTER = {"kind": "register", "address": "127.0.0.1:9093"}


def find(listen=(), **named):
    flags = {"audiosocket": (), "websocket": (), "register": ()} | named
    return find_places(Settings(listen=list(listen)), **flags)


def show(addresses):
    return [(one.source, one.host, one.port) for one in addresses]


@pytest.mark.parametrize(
    ("named", "places"),
    [
        ({}, [AUDIOSOCKET, WEBSOCKET]),
        ({"register": ["127.0.0.1:9093"]}, [AUDIOSOCKET, WEBSOCKET]),
        ({"listen": [REGISTER]}, [AUDIOSOCKET, WEBSOCKET]),
        ({"audiosocket": ["127.0.0.1:1"]}, [("audiosocket", "127.0.0.1", 1)]),
        (
            {"websocket": ["[::1]:2", "127.0.0.1:3"]},
            [("websocket", "::1", 2), ("websocket", "127.0.0.1", 3)],
        ),
        (
            {"audiosocket": ["127.0.0.1:1"], "websocket": ["127.0.0.1:2"]},
            [("audiosocket", "127.0.0.1", 1), ("websocket", "127.0.0.1", 2)],
        ),
        (
            {
                "audiosocket": ["127.0.0.1:1"],
                "listen": [REGISTER, {"kind": "websocket", "address": "127.0.0.1:2"}],
            },
            [("audiosocket", "127.0.0.1", 1), ("websocket", "127.0.0.1", 2)],
        ),
    ],
)
def test_a_place_that_is_named_drops_the_usual_ones_and_a_registration_does_not(named, places):
    assert show(find(**named).addresses) == places


def test_registrations_come_from_flags_and_tables():
    places = find([REGISTER], register=["127.0.0.1:1"])
    assert [one.port for one in places.registrations] == [1, 9093]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (
            {"audiosocket": ["127.0.0.1:1"]},
            "every call will be refused; take all calls with --accept-unknown",
        ),
        ({}, "only calls registered at http://127.0.0.1:9094/register are taken"),
        ({"websocket": ["10.0.0.5:2"]}, "registered at http://10.0.0.5:2/register"),
    ],
)
def test_whose_calls_are_refused_is_said_if_nobody_has_said_whose_are_taken(named, said):
    (warning,) = find(**named).warn(accepts_unknown=False)
    assert said in warning
    assert find(**named).warn(accepts_unknown=True) == []


def test_a_listener_that_asks_for_something_refuses_nobody_without_need():
    table = {"kind": "websocket", "address": "127.0.0.1:1", "auth": "bearer:t"}
    assert find([table]).warn(accepts_unknown=False) == []
    assert find(register=["127.0.0.1:1"]).warn(accepts_unknown=False) == []


def test_a_certificate_encrypts_all_but_loopback_and_audiosocket(tmp_path):
    places = find(
        [{"kind": "websocket", "address": "127.0.0.1:3", "tls": True}],
        audiosocket=["10.0.0.5:1"],
        websocket=["10.0.0.5:2", "localhost:2"],
        register=["0.0.0.0:4", "127.0.0.1:4"],
        cert=tmp_path / "cert.pem",
    )
    encrypted = [(one.source, one.host) for one in places.addresses if one.has_tls]
    assert encrypted == [("websocket", "10.0.0.5"), ("websocket", "127.0.0.1")]
    assert [one.has_tls for one in places.registrations] == [True, False]


def test_a_certificate_that_encrypts_nothing_is_said(tmp_path):
    (warning,) = find(cert=tmp_path / "cert.pem").warn(accepts_unknown=True)
    assert warning.startswith("nothing is encrypted, although there is a certificate")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"websocket": ["nowhere"]}, "--websocket must look like"),
        ({"key": "key.pem"}, "--key needs --cert FILE"),
        (
            {"listen": [{"kind": "websocket", "address": "10.0.0.5:1", "tls": True}]},
            "10.0.0.5:1 is to have TLS, and there is no certificate",
        ),
        (
            {"listen": [{"kind": "websocket", "address": "10.0.0.5:1", "auth": "s3cret"}]},
            "listen 1: auth must begin with bearer:, basic:, path: or twilio:",
        ),
    ],
)
def test_what_cannot_be_meant_is_one_line(named, said):
    with pytest.raises(UsageError, match=said) as raised:
        find(**named)
    assert "s3cret" not in str(raised.value)


ARI_USER: dict[str, Any] = {"ari_user": "u", "ari_password": "p", "ari_url": "http://10.0.0.1:8088"}
PBX = ("ari", "10.0.0.1", 8088)


def find_ari(listen=(), *, setting=False, **named):
    settings = replace(Settings(listen=list(listen), ari=setting), **ARI_USER)
    return find_places(settings, **{"audiosocket": (), "websocket": (), "register": ()} | named)


def test_ari_drops_the_usual_places_unless_they_are_named():
    assert show(find_ari(ari=True).addresses) == [PBX]
    assert show(find_ari(setting=True).addresses) == [PBX]
    named = find_ari(ari=True, audiosocket=["127.0.0.1:9092"])
    assert show(named.addresses) == [PBX, AUDIOSOCKET]
    assert find_ari(ari=True).warn(accepts_unknown=False) == []
    assert named.warn(accepts_unknown=False) != []


def test_ari_needs_a_user():
    with pytest.raises(UsageError, match="ari_user and ari_password must be set"):
        find(ari=True)


def test_stream_channel_needs_ari_and_beyond_loopback_auth():
    table = {"kind": "stream-channel", "address": "10.0.0.5:5039"}
    with pytest.raises(UsageError, match="add --ari"):
        find(stream_channel=["127.0.0.1:5039"])
    for listen, flags in (((), ["10.0.0.5:5039"]), ([table], [])):
        with pytest.raises(UsageError, match="needs auth"):
            find_ari(listen, ari=True, stream_channel=flags)
    places = find_ari([table | {"auth": "bearer:x"}], ari=True, stream_channel=["127.0.0.1:5039"])
    assert [(one.source, one.host, one.auth) for one in places.addresses] == [
        ("ari", "10.0.0.1", ()),
        ("stream-channel", "127.0.0.1", ()),
        ("stream-channel", "10.0.0.5", ("bearer:x",)),
    ]
    assert places.warn(accepts_unknown=False) == []
