"""Values in a PBX's lines: none ends or changes one."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from streamer.errors import UsageError
from streamer.wire.pbx import values

BREAKS = ["a,b", "a\nb", "a\rb", 'a"b', "a'b", "a;b", "a b", "a${b}", "a(b", "a)b", "a&b", "a|b", "a\\b", "a\x00b", "a#b", "ä"]  # fmt: skip
READERS: dict[str, Callable[[str], object]] = {
    "address": lambda text: values.read_address(f"{text}:9092", flag="--address"),
    "token": values.read_token,
    "path": lambda text: values.read_path(f"/{text}", flag="--ca"),
    "header": values.read_header,
    "url": lambda text: values.read_websocket_url(f"wss://{text}/x"),
}


@pytest.mark.parametrize("text", BREAKS)
@pytest.mark.parametrize("name", READERS)
def test_what_would_break_a_line_is_refused(name, text):
    with pytest.raises(UsageError) as refused:
        READERS[name](text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", READERS)
def test_what_would_not_is_taken(name):
    READERS[name]("pbx-1")


@given(st.text(max_size=30))
@pytest.mark.parametrize("name", READERS)
def test_whatever_is_taken_has_no_character_that_means_something_in_a_line(name, text):
    try:
        READERS[name](text)
    except UsageError:
        return
    assert not re.search(r"""[\s,;"'\\{}<>|#`]""", text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.5:9092", ("192.0.2.5", 9092)),
        ("[::1]:9092", ("::1", 9092)),
        ("streamer.example.com:1", ("streamer.example.com", 1)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_an_address_is_a_host_and_a_port(text, address):
    assert values.read_address(text, flag="--address") == address


@pytest.mark.parametrize(
    "text",
    [
        *("h", "h:", ":9", "h:0", "h:65536", "h:9a", "::1:9", "[fe80::1%eth0]:9", "[h]x:9", "300.1.1.1:9"),
        *("1.2:9", "-h:9", "h-:9", "a..b:9", f"{'a' * 64}:9", f"{'a.' * 130}a:9", "[::g]:9"),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text):
    with pytest.raises(UsageError, match="--address"):
        values.read_address(text, flag="--address")


def test_nobody_connects_to_all_addresses_but_a_server_may_listen_there():
    for text in ("0.0.0.0:9", "[::]:9"):
        with pytest.raises(UsageError, match="nobody can connect"):
            values.read_address(text, flag="--address")
        assert values.read_address(text, flag="--address", listens=True)[1] == 9


def test_a_refused_secret_is_not_repeated():
    with pytest.raises(UsageError) as refused:
        values.read_token("hunter2;")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "=", "a=b", "a" * 201])
def test_a_token_is_that_of_the_rfc(text):
    with pytest.raises(UsageError):
        values.read_token(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "https://h/", "h:9", "ws://", "ws://h:0/", "ws://h:99999/", "ws://[h/", "ws://u:p@h/"),
        *("ws://0.0.0.0:9/", f"ws://h/{'a' * 255}", "ws://h/#x", "WS://"),
    ],
)  # fmt: skip
def test_a_url_that_no_pbx_can_be_given_is_refused(text):
    with pytest.raises(UsageError, match="must look like wss://"):
        values.read_websocket_url(text)


@pytest.mark.parametrize("text", ["", "a" * 64, "X Y", "X:"])
def test_a_name_that_is_no_header_is_refused(text):
    with pytest.raises(UsageError, match="--header"):
        values.read_header(text)


@pytest.mark.parametrize(("host", "is_local"), [("localhost", True), ("127.0.0.9", True), ("::1", True), ("h", False)])  # fmt: skip
def test_this_machine_alone_is_known(host, is_local):
    assert values.is_local(host) is is_local
