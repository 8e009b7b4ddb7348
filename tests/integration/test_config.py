"""`streamer config` and what stands below it, as a user calls them."""

import json
import re
import tomllib

import pytest

from streamer.config import Settings, render_sample
from tests.fakes.command_line import run_here

LISTEN = """
[[listen]]
kind = "websocket"
address = "127.0.0.1:9094"
auth = ["bearer:hunter2", "basic:pbx:@/etc/secret"]
"""


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    for name in Settings.__slots__:
        monkeypatch.delenv(f"STREAMER_{name.upper()}", raising=False)


async def test_without_a_word_the_sample_is_printed_to_the_letter():
    code, out, err = await run_here("config")
    assert (code, out) == (0, render_sample())
    assert err.startswith("save it as ")
    assert await run_here("config", "sample") == (code, out, err)


async def test_show_says_of_every_setting_where_it_comes_from(tmp_path, monkeypatch):
    config = tmp_path / "config.toml"
    config.write_text('ca = "/ca.pem"\nurl = "ws://u:hunter2@h/ws"\nretention_days = 30\n' + LISTEN)
    config.chmod(0o600)
    monkeypatch.setenv("STREAMER_RETENTION_DAYS", "7")
    monkeypatch.setenv("STREAMER_PASSWORD", "hunter2")
    monkeypatch.setenv("STREAMER_HEADERS", "X-Key: hunter2")
    code, out, err = await run_here("config", "show", "--config", str(config))
    assert code == 0
    assert "hunter2" not in out + err
    shown = tomllib.loads(out)
    assert set(shown) == set(Settings.__slots__)
    assert shown["listen"][0]["auth"] == ["bearer:***", "basic:pbx:@/etc/secret"]
    assert shown["headers"] == {"X-Key": "***"}
    lines = out.splitlines()
    assert f'ca = "/ca.pem" # {config}' in lines
    assert f'url = "ws://***@h/ws" # {config}' in lines
    assert "retention_days = 7 # STREAMER_RETENTION_DAYS" in lines
    assert 'password = "***" # STREAMER_PASSWORD' in lines
    assert 'device = "auto" # default' in lines


async def test_show_refuses_a_wrong_file_and_names_it(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("colour = 1\n")
    code, out, err = await run_here("config", "show", "--config", str(config))
    assert (code, out) == (2, "")
    assert "unknown key colour" in err


WRONG = """# the second line is wrong
url = "http://pbx"
modle = "small"
language = "klingon"
encoder_window = "long"
open_timeout = -1
cert = "/nowhere/cert.pem"
ari_password = "@/nowhere/password"
log_file = "/nowhere/streamer.log"

[[listen]]
kind = "sip"
adress = "x"

[[listen]]
kind = "websocket"
address = "127.0.0.1:2"
auth = ["bearer:@/nowhere/token"]
"""


async def test_check_names_every_wrong_value_with_its_line(tmp_path, monkeypatch):
    config = tmp_path / "config.toml"
    config.write_text(WRONG)
    monkeypatch.setenv("STREAMER_DEVICE", "gpu")
    monkeypatch.setenv("STREAMER_OPEN_TIMEOUT", "soon")
    monkeypatch.setenv("STREAMER_URLL", "ws://x")
    code, out, err = await run_here("config", "check", "--config", str(config))
    assert (code, out) == (2, "")
    said = err.splitlines()
    assert [re.search(r"line (\d+): ", line)[1] for line in said[:10]] == (  # type: ignore[index]
        ["2", "3", "4", "5", "6", "7", "8", "9", "12", "13"]
    )
    assert said[10].startswith(f"{config}, line 15: listen 2: auth")
    assert said[11] == "STREAMER_DEVICE: device must be auto, cpu or cuda, not gpu"
    assert said[12].startswith("STREAMER_OPEN_TIMEOUT must be ")
    assert said[13].startswith("warning: the environment sets STREAMER_URLL")
    code, out, _ = await run_here("config", "check", "--config", str(config), "--json")
    faults = [json.loads(line) for line in out.splitlines()]
    assert code == 2
    assert [fault["message"] for fault in faults] == said[:13]
    assert faults[0]["line"] == 2
    assert (faults[-1]["where"], faults[-1]["line"]) == ("STREAMER_OPEN_TIMEOUT", None)


@pytest.mark.parametrize("table", ["[[alert]]", "[[watch]]", "[[webhook]]", "[[token]]", "[mqtt]"])
async def test_check_names_the_table_that_has_an_unknown_key(table, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(f'{table}\nnothing = "x"\n')
    code, _, err = await run_here("config", "check", "--config", str(config))
    where = table.strip("[]") + (" 1" if table.startswith("[[") else "")
    assert code == 2
    assert f"{where} has the unknown key nothing; the nearest known one is " in err


async def test_check_finds_nothing_wrong_with_the_sample_of_defaults():
    code, out, err = await run_here("config", "check")
    assert (code, out) == (0, "")
    assert err.startswith("all settings can be used; there is no config file ")


async def test_check_says_of_the_environment_too_that_a_key_needs_its_certificate(monkeypatch):
    monkeypatch.setenv("STREAMER_KEY", "/nowhere/key.pem")
    code, _, err = await run_here("config", "check")
    assert code == 2
    assert err == "STREAMER_KEY: key needs the certificate that it belongs to; set cert\n"


@pytest.mark.parametrize("text", ["url = 'x", "url = 1\nurl = 2\n", "\udcff"])
async def test_check_says_where_a_file_ceases_to_be_toml(tmp_path, text):
    config = tmp_path / "config.toml"
    config.write_bytes(text.encode(errors="surrogateescape"))
    code, out, err = await run_here("config", "check", "--config", str(config))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert str(config) in err


async def test_path_names_the_file_that_is_read_and_says_if_it_is_not_there(tmp_path, monkeypatch):
    config = tmp_path / "config.toml"
    code, out, err = await run_here("config", "path", "--config", str(config))
    assert (code, out) == (0, f"{config}\n")
    assert "this file does not exist yet" in err
    config.write_text("")
    monkeypatch.setenv("STREAMER_MODEL", "tiny")
    code, out, err = await run_here("config", "path", "--config", str(config))
    assert (out, err) == (
        f"{config}\n",
        "the environment sets STREAMER_MODEL, which overrides the file\n",
    )
    _, out, _ = await run_here("config", "path", "--config", str(config), "--json")
    assert json.loads(out) == {"path": str(config), "exists": True, "variables": ["STREAMER_MODEL"]}


async def test_show_has_each_setting_as_json_without_secrets(monkeypatch):
    monkeypatch.setenv("STREAMER_PASSWORD", "hunter2")
    code, out, _ = await run_here("config", "show", "--json")
    assert code == 0
    shown = {line["name"]: line for line in map(json.loads, out.splitlines())}
    assert set(shown) == set(Settings.__slots__)
    assert shown["password"] == {"name": "password", "value": "***", "from": "STREAMER_PASSWORD"}
    assert shown["retention_days"] == {"name": "retention_days", "value": 0, "from": "default"}


async def test_show_warns_of_what_is_no_setting(monkeypatch):
    monkeypatch.setenv("STREAMER_PASWORD", "hunter2")
    code, out, err = await run_here("config", "show")
    assert code == 0
    assert "the nearest one is STREAMER_PASSWORD" in err
    assert "hunter2" not in out + err


@pytest.mark.parametrize(
    ("version", "via", "line"),
    [
        ("22.5", "audiosocket", " same => n,Dial(AudioSocket/127.0.0.1:9092/${ID}/c(slin),,g)"),
        ("22.9", "websocket", "uri = ws://127.0.0.1:9094/media"),
        ("22.5", "ari", "bindport = 8088"),
    ],
)
async def test_the_lines_for_an_asterisk_have_sensible_addresses(version, via, line):
    code, out, err = await run_here("config", "asterisk", "--version", version, "--via", via)
    assert (code, err) == (0, "")
    assert line in out.splitlines()


async def test_ari_gets_a_new_password_each_time_unless_one_is_given():
    command = ("config", "asterisk", "--version", "22.5", "--via", "ari")
    made = [re.findall(r"^password = (.+)$", (await run_here(*command))[1], re.M) for _ in "12"]
    assert made[0] != made[1]
    assert len(made[0][0]) >= 32
    _, out, _ = await run_here(*command, "--token", "t0p", "--tls", "--cert", "/etc/c.pem")
    assert "password = t0p" in out
    assert "tlsbindaddr = 127.0.0.1:8089" in out


@pytest.mark.parametrize(("host", "has_key"), [("127.0.0.1", False), ("192.0.2.5", True)])
async def test_a_registration_that_crosses_the_network_has_a_key(host, has_key):
    command = ("config", "asterisk", "--version", "22.9", "--via", "audiosocket")
    code, out, _ = await run_here(*command, "--register", f"{host}:9093")
    assert code == 0
    assert bool(re.search(r"&via=dial&key=[\w-]{32}\)", out)) is has_key
    assert ("register_key = " in out) is has_key


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("22.5 --via websocket", "22.6.0"),
        ("20 --via websocket", "20.16.0"),
        ("17 --via audiosocket", "18.0.0"),
        ("16.30 --via ari", "18.0.0"),
        ("banana --via ari", "--version must look like"),
        ("22.5 --via sip", "--via must be one of"),
        ("22.9 --via websocket --address 127.0.0.1", "--address must look like"),
        ("22.9 --via websocket --address 0.0.0.0:9094", "nobody can connect"),
        ("22.9 --via websocket --address=", "--address must look like"),
        ("22.9 --via websocket --address a,b:9094", "is no host"),
        ("22.9 --via websocket --token a;b", "--token must be"),
        ("22.9 --via websocket --token=", "--token must be"),
        ("22.9 --via websocket --register x", "--register must look like"),
        ("22.9 --via websocket --tls --ca ca.pem", "--ca must be the whole path"),
        ("22.9 --via websocket --ca /ca.pem", "--ca is for"),
        ("22.9 --via websocket --cert /c.pem", "--cert is for"),
        ("22.9 --via audiosocket --tls", "AudioSocket has no TLS"),
        ("22.9 --via audiosocket --token t", "add --register"),
        ("22.9 --via ari --register 127.0.0.1:9093", "--register is for"),
    ],
)
async def test_what_cannot_be_meant_is_one_line_and_exit_code_2(arguments, said):
    code, out, err = await run_here("config", "asterisk", "--version", *arguments.split(" "))
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


async def test_yeastar_gets_what_it_asks_for():
    code, out, err = await run_here("config", "yeastar", "--url", "wss://h:9094", "--token", "t0p")
    assert (code, err) == (0, "")
    assert tomllib.loads(out)["listen"][0]["yeastar_auth"] == "Secret: t0p"
    assert "wss://h:9094/yeastar" in out


async def test_yeastar_without_a_url_names_this_machine_and_says_so(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "streamer-1")
    code, out, err = await run_here("config", "yeastar")
    assert code == 0
    assert "ws://streamer-1:9094/yeastar" in out
    assert "--url" in err


@pytest.mark.parametrize(
    "wrong",
    [
        ("--rate", "44100"),
        ("--url", "https://h"),
        ("--url", ""),
        ("--header", "a:b"),
        ("--token", "a b"),
    ],
)
async def test_yeastar_refuses_what_its_page_does(wrong):
    code, out, err = await run_here("config", "yeastar", *wrong)
    assert (code, out) == (2, "")
    assert wrong[0] in err
