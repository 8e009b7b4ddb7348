"""Settings that anybody may see."""

import tomllib

import pytest
from hypothesis import assume, given, strategies as st

from streamer.cli.masking import mask, render_setting
from streamer.config import SECRETS, Settings
from streamer.core.untrusted import printable


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("password", "hunter2", "***"),
        ("password", "", ""),
        ("register_key", "hunter2", "***"),
        ("headers", {"X-Key": "hunter2", "password": "hunter2"}, {"X-Key": "***", "password": "***"}),
        ("url", "ws://u:hunter2@h:1/ws", "ws://***@h:1/ws"),
        ("url", "ws://u:hun@ter2@h:1/ws", "ws://***@h:1/ws"),
        ("url", "wss://h/ws?api_key=u:hunter2&x=#f", "wss://h/ws?api_key=***&x=#f"),
        ("url", "ws://h:1/ws", "ws://h:1/ws"),
        ("ari_password", "hunter2", "***"),
        ("ari_url", "http://u:hunter2@h:1/ari", "http://***@h:1/ari"),
        ("auth", "bearer:hunter2", "bearer:***"),
        ("auth", "bearer:@/etc/token", "bearer:@/etc/token"),
        ("auth", "basic:u:hun:ter2", "basic:u:***"),
        ("auth", "basic:u:$PASSWORD", "basic:u:$PASSWORD"),
        ("auth", "hunter2", "***"),
        ("auth", "basic:hunter2", "***"),
        ("yeastar_auth", "Secret: hunter2", "Secret:***"),
        ("listen", [{"kind": "websocket", "auth": ["path:hunter2"]}], [{"kind": "websocket", "auth": ["path:***"]}]),
        ("model", "small", "small"),
        ("insecure", True, True),
    ],
)  # fmt: skip
def test_only_what_is_secret_is_masked(name, value, shown):
    assert mask(name, value) == shown
    assert "hunter2" not in render_setting(name, value)


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_setting_is_shown(name):
    value = getattr(Settings(), name)
    assert "hunter2" not in render_setting(name, {"X": "hunter2"} if value == {} else "hunter2")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_line_is_toml_and_harmless_to_a_terminal(text):
    assume(mask(text, text) == text)  # else it is the name of a secret
    for name, value in (("prompt", text), ("more", {text: [text, 1, 2.5, True]})):
        line = render_setting(name, value)
        assert tomllib.loads(line) == {name: value}
        assert printable(line, limit=len(line)) == line


def test_what_is_no_character_is_a_question_mark():
    assert render_setting("model", "a\udcff") == 'model = "a?"'
