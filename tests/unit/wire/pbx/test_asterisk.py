"""The lines for Asterisk's files: what each version gets, and that nothing else is in them."""

import re
import tomllib

import pytest

from streamer.core.listening import ListenTable, read_listen_table
from streamer.wire.pbx.asterisk import ADDRESSES, render_asterisk
from streamer.wire.pbx.blocks import Wanted
from streamer.wire.pbx.releases import WAYS, has
from streamer.wire.pbx.versions import parse_version

VERSIONS = [
    *("18.0", "18.7", "19.8", "20", "20.11", "20.12", "20.14", "20.16", "20.17", "20.19", "20.20", "21.6"),
    *("21.12", "22.1", "22.2", "22.5", "22.6", "22.7", "22.8", "22.9", "22.10", "23.0.0-rc1", "23.5", "24"),
]  # fmt: skip
PAIRS = [(v, w) for v in VERSIONS for w in WAYS if has(parse_version(v), WAYS[w].feature)]
LINE = re.compile(
    r"|;[^-\n].*|\[\w+\]|\w+ = \S+|exten => \d+,1,\w+\(.*\)| same => n,\w+\(.*\)( ; [\w ]+)?"
)


def _render(version, via, **given):
    wanted = Wanted(parse_version(version), given.pop("address", ADDRESSES[via]), **given)
    return render_asterisk(WAYS[via], wanted)


def _find_lines(text, file):
    """Return the lines of one file that are no comments."""
    block = text.partition(f"/etc/asterisk/{file}:")[2].partition("\n; ====")[0]
    return [line for line in block.splitlines()[1:] if line and not line.startswith(";")]


def _read_tables(text):
    """Return the tables for our config file, as `serve` reads them."""
    ours = text.partition("; ====")[0]
    toml = "\n".join(line[4:] for line in ours.splitlines() if line.startswith(";   "))
    tables = tomllib.loads(toml).get("listen", [])
    return [read_listen_table(table, where="listen") for table in tables]


@pytest.mark.parametrize(("version", "via"), PAIRS)
def test_every_dial_lets_the_dialplan_go_on(version, via):
    for register in ("", "127.0.0.1:9093"):
        text = _render(version, via, register=register, token="t")
        dials = [line for line in text.splitlines() if "Dial(" in line and not line.startswith(";")]
        assert all(",,g)" in line for line in dials)
        assert len(dials) == (via != "ari")


@pytest.mark.parametrize(("version", "via"), PAIRS)
def test_every_line_is_one_of_a_config_file_or_a_comment(version, via):
    given = {"token": "t", "cert": "/c.pem", "ca": "/ca.pem", "has_tls": via != "audiosocket"}
    text = _render(version, via, **given)
    assert [line for line in text.splitlines() if not LINE.fullmatch(line)] == []


@pytest.mark.parametrize(("version", "via"), PAIRS)
def test_every_file_is_said_with_where_and_how_it_is_loaded(version, via):
    text = _render(version, via, token="t")
    files = {
        "audiosocket": ["extensions.conf", "modules.conf"],
        "websocket": ["websocket_client.conf", "extensions.conf", "modules.conf"],
        "ari": ["http.conf", "ari.conf", "modules.conf"],
    }[via]
    assert re.findall(r"/etc/asterisk/(\S+):", text) == files
    assert text.count("; load it:    asterisk -rx '") == len(files)


def test_a_call_by_audiosocket_has_the_lines_that_were_measured():
    lines = _find_lines(_render("22.9", "audiosocket"), "extensions.conf")
    assert lines == [
        "[streamer]",
        "exten => 100,1,Answer()",
        " same => n,Set(ID=${UUID()})",
        " same => n,AudioSocket(${ID},127.0.0.1:9092)",
        " same => n,Hangup() ; or what your dialplan does afterwards",
        "exten => 101,1,Set(ID=${UUID()})",
        " same => n,Dial(AudioSocket/127.0.0.1:9092/${ID}/c(slin16),,g)",
        " same => n,Hangup() ; or what your dialplan does afterwards",
    ]


@pytest.mark.parametrize(
    ("version", "made"),
    [
        ("20.11", r"${SHELL(uuidgen | tr -d '\n')}"),
        ("20.12", "${UUID()}"),
        ("19.8", r"${SHELL(uuidgen | tr -d '\n')}"),
    ],
)
def test_a_uuid_is_made_in_the_way_that_the_version_has(version, made):
    assert _render(version, "audiosocket").count(f"Set(ID={made})") == 2


@pytest.mark.parametrize(("version", "name"), [("22.6", "slin"), ("22.7", "slin16")])
def test_a_rate_is_asked_for_that_the_version_names_right(version, name):
    assert f"c({name}),,g)" in _render(version, "audiosocket")
    assert f"&format={name}&" in _render(version, "ari", token="t")


@pytest.mark.parametrize(("version", "then"), [("22.3", "the caller is hung up"), ("22.4", "the dialplan goes on")])  # fmt: skip
def test_what_becomes_of_a_call_by_the_application_is_said(version, then):
    assert f"when `streamer stop` ends it, {then}\n" in _render(version, "audiosocket")


@pytest.mark.parametrize(
    ("version", "via", "text", "is_said"),
    [
        ("22.6", "audiosocket", "in two packets", False),
        ("22.7", "audiosocket", "in two packets", True),
        ("22.9", "audiosocket", "in two packets", False),
        ("22.7", "websocket", "comfort noise", True),
        ("22.8", "websocket", "comfort noise", False),
        ("22.10", "audiosocket", "comfort noise", False),
        ("22.9", "audiosocket", "comfort noise", True),
        ("22.7", "audiosocket", "--no-silence", True),
        ("22.6", "audiosocket", "--no-silence", False),
        ("18.6", "ari", "externalMedia are read", True),
        ("18.7", "ari", "externalMedia are read", False),
        ("22.8", "websocket", "d(in)", False),
        ("22.9", "websocket", "d(in)", True),
    ],
)
def test_a_version_is_warned_of_its_own_faults_only(version, via, text, is_said):
    assert (
        text in _render(version, via, token="t").replace("not all parameters of ", "")
    ) is is_said


def test_a_websocket_is_dialled_by_the_name_of_its_connection():
    text = _render("22.6", "websocket", address="192.0.2.5:9094")
    assert _find_lines(text, "websocket_client.conf") == [
        "[streamer]",
        "type = websocket_client",
        "connection_type = per_call_config",
        "uri = ws://192.0.2.5:9094/media",
        "protocols = media",
    ]
    assert "Dial(WebSocket/streamer/c(slin16)v(callid=" in text
    assert "streamer serve --websocket 0.0.0.0:9094 --accept-unknown" in text


def test_a_websocket_may_be_encrypted_and_show_a_password():
    text = _render("22.6", "websocket", has_tls=True, token="s3cret", ca="/etc/ca.pem")
    lines = _find_lines(text, "websocket_client.conf")
    assert "uri = wss://127.0.0.1:9094/media" in lines
    assert lines[-4:] == [
        "username = asterisk",
        "password = s3cret",
        "tls_enabled = yes",
        "ca_list_file = /etc/ca.pem",
    ]
    (table,) = _read_tables(text)
    assert table.auth == ("basic:asterisk:s3cret",)
    assert table.tls


@pytest.mark.parametrize(
    ("address", "said"),
    [("192.0.2.5:9094", "; 192.0.2.5 must be"), ("[::1]:9094", "; ::1 must be")],
)
def test_the_name_that_asterisk_wants_of_a_certificate_is_said(address, said):
    """Seen on 23.4.1: an iPAddress among the names is not looked at, and the call ends with `Client start error`."""
    text = _render("22.6", "websocket", address=address, has_tls=True)
    assert said in text
    assert "verify_server_hostname = no" in text
    assert said not in _render("22.6", "websocket", address=address)


def test_a_call_may_be_registered_before_it_comes():
    text = _render("22.6", "websocket", register="127.0.0.1:9094", token="a+b=", has_tls=True)
    assert "CURL(https://127.0.0.1:9094/register?from=" in text
    assert "&via=dial&key=a%2Bb%3D)})" in text
    assert "CURL() trusts the authorities of the PBX's system only" in text
    assert "= 36]?Dial(WebSocket/streamer/c(slin16)v(contextId=${ID}),,g))" in text
    assert "password" not in text
    assert "register_key" in text
    assert _read_tables(text) == [ListenTable("websocket", "127.0.0.1", 9094, tls=True)]


def test_what_is_encrypted_on_loopback_is_said_in_a_table_and_the_certificate_does_for_the_rest():
    text = _render("22.6", "audiosocket", register="127.0.0.1:9093", has_tls=True)
    kinds = [(table.kind, table.port, table.tls) for table in _read_tables(text)]
    assert kinds == [("audiosocket", 9092, None), ("register", 9093, True)]
    text = _render("22.6", "websocket", address="192.0.2.5:9094", has_tls=True)
    assert _read_tables(text) == []
    assert "serve --websocket 0.0.0.0:9094 --accept-unknown --cert FILE --key FILE\n" in text


def test_both_ways_of_audiosocket_are_registered_by_their_names():
    text = _render("22.6", "audiosocket", register="192.0.2.5:9093", address="[2001:db8::5]:9092")
    assert text.count("&via=app)})") == text.count("&via=dial)})") == 1
    assert "key=" not in text
    assert "register_key" not in text
    assert "--audiosocket [::]:9092 --register 192.0.2.5:9093" in text
    assert "let a firewall admit only this PBX to port 9092" in text


def test_ari_has_a_user_and_a_server():
    text = _render("22.6", "ari", token="s3cret")
    assert "bindaddr = 127.0.0.1" in _find_lines(text, "http.conf")
    assert "password = s3cret" in _find_lines(text, "ari.conf")
    assert "plain text" not in text


def test_ari_may_be_encrypted_and_then_is_open_on_loopback_only():
    text = _render("22.6", "ari", token="t", address="0.0.0.0:8089", has_tls=True, cert="/c.pem")
    lines = _find_lines(text, "http.conf")
    assert "bindaddr = 127.0.0.1" in lines
    assert "tlsbindaddr = 0.0.0.0:8089" in lines
    assert "tlscertfile = /c.pem" in lines


def test_a_password_that_crosses_the_network_is_said():
    assert "plain text" in _render("22.6", "ari", token="t", address="192.0.2.5:8088")


def test_a_version_that_was_written_otherwise_is_shown():
    first = _render("certified/20.7-cert1", "audiosocket").splitlines()[0]
    assert first == "; Asterisk 20.7.0 (for certified/20.7-cert1), by AudioSocket"
