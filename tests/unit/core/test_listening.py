import pytest

from streamer.core.listening import ListenTable, read_listen_table
from streamer.errors import UsageError

WEB = {"kind": "websocket", "address": "0.0.0.0:9094"}


def read(table):
    return read_listen_table(table, where="config.toml: listen 1")


def test_a_table_is_read_with_what_it_leaves_out():
    assert read(WEB) == ListenTable("websocket", "0.0.0.0", 9094)
    table = WEB | {"tls": False, "auth": ["bearer:a", "path:b"], "rate": 8000}
    assert read(table) == ListenTable("websocket", "0.0.0.0", 9094, False, ("bearer:a", "path:b"), 8000)  # fmt: skip
    assert read(WEB | {"auth": "bearer:a"}).auth == ("bearer:a",)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "has no kind"),
        ({"kind": "websocket"}, "has no address"),
        (WEB | {"adress": "x"}, "unknown key adress; the nearest known one is address"),
        (WEB | {"kind": "telnet"}, "kind must be one of audiosocket, websocket, register"),
        (WEB | {"kind": 7}, "kind must be one of"),
        (WEB | {"kind": []}, "kind must be one of"),
        (WEB | {"address": "9094"}, "address must look like"),
        (WEB | {"address": 9094}, "address must be a string"),
        (WEB | {"tls": "yes"}, "tls must be true or false"),
        (WEB | {"auth": [7]}, "auth must be a list of strings"),
        (WEB | {"rate": True}, "rate must be a number of samples"),
        (WEB | {"rate": 8}, "rate must be a number of samples"),
        (WEB | {"kind": "audiosocket", "auth": "bearer:s3cret"}, "auth is only for the kind"),
        (WEB | {"kind": "audiosocket", "tls": True}, "AudioSocket has no TLS"),
    ],
)
def test_what_cannot_be_meant_names_the_table_and_the_key(table, said):
    with pytest.raises(UsageError, match=r"^config\.toml: listen 1") as raised:
        read(table)
    assert said in str(raised.value)
    assert "s3cret" not in str(raised.value)
