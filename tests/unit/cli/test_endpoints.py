"""A webhook whose secret cannot be meant is said before anything begins, by every command that would deliver."""

import sys

import pytest

from tests.fakes.command_line import run_here

BAD = {
    "tooshort": "secret must be whsec_ and 16 to 128 bytes in Base64",
    "@/nowhere/secret": "the file /nowhere/secret cannot be read (it does not exist)",
    "$NO_SUCH_NAME": "has an empty secret",
}
COMMANDS = (
    ("serve", "--audiosocket", "127.0.0.1:0"),
    ("watch", "PJSIP/100", "--plain"),
    ("call", "PJSIP/100", "--plain"),
)


@pytest.mark.parametrize("secret", BAD)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
async def test_it_is_said_at_the_start(tmp_path, command, secret):
    config = tmp_path / "config.toml"
    table = f'[[webhook]]\nurl = "http://127.0.0.1:1/"\nsecret = "{secret}"\nevents = ["alert"]\n'
    config.write_text(table)
    config.chmod(0o600)
    recordings = tmp_path / "recordings"
    code, out, err = await run_here(
        *command, "--config", str(config), "--recordings", str(recordings)
    )
    assert (code, out) == (2, "")
    assert BAD[secret] in err
    assert len(err.splitlines()) == 1
    assert not recordings.exists()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
async def test_mqtt_without_its_library_is_said_at_the_start(tmp_path, monkeypatch, command):
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    config = tmp_path / "config.toml"
    config.write_text('[mqtt]\nurl = "mqtt://127.0.0.1:1"\ntopic = "calls"\n')
    config.chmod(0o600)
    recordings = tmp_path / "recordings"
    code, out, err = await run_here(
        *command, "--config", str(config), "--recordings", str(recordings)
    )
    assert (code, out) == (2, "")
    assert "pip install 'asterisk-streamer[mqtt]'" in err
    assert not recordings.exists()
