"""What is entered in the page of a P-Series, and in our file."""

import tomllib

import pytest

from streamer.core.listening import read_listen_table
from streamer.wire.pbx.yeastar import complete_url, render_yeastar


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("ws://h:9094", "ws://h:9094/yeastar"),
        ("wss://h/", "wss://h/yeastar"),
        ("wss://h/yeastar/branch", "wss://h/yeastar/branch"),
        ("ws://h?rate=8000", "ws://h/yeastar?rate=8000"),
    ],
)
def test_a_url_gets_the_path_that_says_who_comes(url, whole):
    assert complete_url(url) == whole


@pytest.mark.parametrize(
    ("url", "port"), [("ws://h:9094/yeastar", 9094), ("wss://h/yeastar", 443), ("ws://h/x", 80)]
)
@pytest.mark.parametrize("rate", [8000, 16000])
def test_the_whole_text_is_a_table_of_our_config_file(url, port, rate):
    text = render_yeastar(url, header="Secret", token="t0p", rate=rate)
    assert read_listen_table(tomllib.loads(text)["listen"][0], where="listen").port == port
    assert tomllib.loads(text) == {
        "listen": [
            {
                "kind": "websocket",
                "address": f"0.0.0.0:{port}",
                "yeastar_auth": "Secret: t0p",
                "rate": rate,
            }
        ]
    }
    assert f"Server address          {url}" in text
    assert f"{rate} Hz" in text
    assert ("--cert" in text) is url.startswith("wss")
