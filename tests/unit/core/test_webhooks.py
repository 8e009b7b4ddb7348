import pytest

from streamer.config import Settings
from streamer.config.reading import load_settings
from streamer.core.tokens import Scope, read_tokens
from streamer.core.webhooks import read_mqtt, read_webhooks
from streamer.delivery.endpoint import read_endpoints
from streamer.errors import UsageError

URL = "https://crm.example.com/hook?key=hunter2"
TABLE = {"url": URL, "secret": "@/secret", "events": ["final"]}


def read(*tables):
    return read_webhooks(tables, where="the config file")


def test_a_webhook_has_a_name_without_what_is_secret_in_its_address():
    [webhook] = read(TABLE)
    assert webhook.name.startswith("crm.example.com-")
    assert "hunter2" not in webhook.name
    [named] = read({**TABLE, "name": "crm"})
    assert named.name == "crm"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "ftp://crm/hook"}, "url must be an address"),
        ({"url": "http://u:hunter2@crm/hook"}, "without user and password"),
        ({"url": "http://crm:99999/hunter2"}, "url must be an address"),
        ({"url": "http:///hunter2"}, "url must be an address"),
        ({"url": "http://crm/hunter2\x1b[0m"}, "url must be an address"),
        ({"url": 7}, "url must be an address"),
        ({"secret": ""}, "secret must be"),
        ({"events": []}, "events must be a list"),
        ({"events": ["partial"]}, "has no partial"),
        ({"events": "final"}, "events must be a list"),
        ({"format": "rapida"}, "has no final"),
        ({"format": "xml"}, "format must be"),
        ({"name": "a b"}, "name must be"),
        ({"name": "mqtt"}, "the name of another one"),
        ({"event": ["final"]}, "the nearest known one is events"),
    ],
)
def test_a_table_that_cannot_be_meant_is_said_without_its_secrets(change, said):
    with pytest.raises(UsageError) as error:
        read({**TABLE, **change})
    assert said in str(error.value)
    assert "webhook 1" in str(error.value)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("key", ["url", "secret", "events"])
def test_what_is_missing_is_named(key):
    with pytest.raises(UsageError, match=f"has no {key}"):
        read({name: value for name, value in TABLE.items() if name != key})


def test_two_webhooks_have_two_names():
    with pytest.raises(UsageError, match="webhook 2"):
        read(TABLE, TABLE)


def test_a_secret_is_read_from_where_it_is_and_never_shown(tmp_path):
    good = "whsec_aGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8="
    settings = Settings(webhook=[{**TABLE, "secret": "$HOOK"}])
    [endpoint] = read_endpoints(settings, {"HOOK": good})
    assert endpoint.key == b"hello hello hello hello"
    assert "hello" not in repr(endpoint)
    for environment in ({}, {"HOOK": "hunter2"}):
        with pytest.raises(UsageError) as error:
            read_endpoints(settings, environment)
        assert "hunter2" not in str(error.value)


def test_mqtt_needs_an_address_and_a_topic():
    assert read_mqtt({}, where="mqtt") is None
    table = read_mqtt({"url": "mqtt://broker", "topic": "streamer"}, where="mqtt")
    assert table is not None
    assert "final" in table.events
    for wrong in ({"url": "mqtt://broker"}, {"url": "http://b", "topic": "x"}, {"topic": "a/#"}):
        with pytest.raises(UsageError, match="mqtt"):
            read_mqtt(wrong, where="mqtt")


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"password": "hunter2"}, "has a password and no user"),
        ({"key": "/k.pem"}, "has a key and no cert"),
        ({"ca": "/ca.pem"}, "ca is of use with mqtts:// alone"),
        ({"cert": "/c.pem"}, "cert is of use with mqtts:// alone"),
        ({"topic": "é" * 501}, "1000 bytes at most"),
        ({"topic": "a\nb"}, "topic must be"),
    ],
)
def test_what_mqtt_would_pass_over_in_silence_is_refused(keys, why):
    with pytest.raises(UsageError) as error:
        read_mqtt({"url": "mqtt://broker", "topic": "streamer", **keys}, where="mqtt")
    assert why in str(error.value)
    assert "hunter2" not in str(error.value)


def test_the_files_of_mqtt_are_looked_at_before_anything_begins(tmp_path):
    (tmp_path / "no.pem").write_text("nothing")
    for cert, why in ((tmp_path / "no.pem", "no certificate"), ("/nowhere", "cannot be read")):
        table = {"url": "mqtts://broker", "topic": "streamer", "cert": str(cert)}
        with pytest.raises(UsageError, match=why):
            read_endpoints(Settings(mqtt=table), {})


def test_a_token_has_scopes():
    [token] = read_tokens([{"name": "board", "token": "t0p", "scopes": ["read"]}], where="here")
    assert token.scopes == {Scope.READ}
    for wrong in (
        {"name": "board", "token": "hunter2"},
        {"name": "board", "token": "hunter2", "scopes": ["write"]},
        {"name": "board", "token": "", "scopes": ["read"]},
        {"name": "", "token": "hunter2", "scopes": ["read"]},
        {"name": "board", "token": "hunter2", "scope": ["read"]},
    ):
        with pytest.raises(UsageError) as error:
            read_tokens([wrong], where="here")
        assert "hunter2" not in str(error.value)


def test_tables_are_read_from_the_config_file_and_not_from_the_environment(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(
        '[[webhook]]\nurl = "https://crm/h"\nsecret = "@/s"\nevents = ["final"]\n'
        '[mqtt]\nurl = "mqtt://b"\ntopic = "t"\nevents = ["final"]\n'
        '[[token]]\nname = "b"\ntoken = "x"\nscopes = ["read", "control"]\n'
    )
    settings = load_settings(config=config, environment={}, flags={})
    assert settings.webhook[0]["url"] == "https://crm/h"
    assert settings.mqtt["events"] == ["final"]
    for name, shown in (("WEBHOOK", "[[webhook]]"), ("MQTT", "[mqtt]"), ("TOKEN", "[[token]]")):
        with pytest.raises(UsageError) as error:
            load_settings(config=None, environment={f"STREAMER_{name}": "x"}, flags={})
        assert shown in str(error.value)
    config.write_text('mqtt = "x"\n')
    with pytest.raises(UsageError, match="mqtt must be"):
        load_settings(config=config, environment={}, flags={})
