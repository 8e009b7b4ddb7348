"""`streamer doctor CHANNEL`, against the stand-in for ARI."""

import json
import os

import pytest

from streamer.config import Settings
from streamer.doctor.gather import hearing
from streamer.doctor.hearing import judge_hearing
from streamer.errors import NotFoundError
from streamer.simulator.ari.server import PASSWORD, USER, SimulatedAri
from tests.fakes.command_line import run_here
from tests.fakes.ports import closed_port


@pytest.fixture
async def simulated():
    ari = SimulatedAri()
    async with ari.open("127.0.0.1", 0) as port:
        yield ari, f"http://127.0.0.1:{port}"


def settings_of(url, tmp_path):
    return Settings(
        ari_url=url, ari_user=USER, ari_password=PASSWORD, recordings=str(tmp_path / "recordings")
    )


async def test_both_parties_are_listened_to_and_nothing_is_left(simulated, tmp_path):
    ari, url = simulated
    call = ari.pbx.start_call()
    call.answer()
    facts = await hearing.listen_to(settings_of(url, tmp_path), call.caller["name"], listen_s=0.5)
    assert [leg.leg.label for leg in facts] == ["caller", "callee"]
    assert all(0.3 < leg.audio_s < 0.8 and leg.codec == "ulaw" for leg in facts)
    assert {finding.check for finding in judge_hearing(facts)} >= {"leg caller", "leg callee"}
    assert ari.list_left("streamer-") == []
    assert list(tmp_path.iterdir()) == []
    assert all(path.startswith(("/channels", "/bridges", "/applications", "/events", "/media")) for _, path in ari.requests)  # fmt: skip


async def test_a_folder_with_calls_stays_as_it_was(simulated, tmp_path):
    ari, url = simulated
    call = ari.pbx.start_call()
    call.answer()
    (tmp_path / "recordings").mkdir()
    await hearing.listen_to(settings_of(url, tmp_path), call.caller["id"], listen_s=0.1)
    assert list((tmp_path / "recordings").iterdir()) == []


async def test_a_channel_that_is_not_there(simulated, tmp_path):
    with pytest.raises(NotFoundError):
        await hearing.listen_to(settings_of(simulated[1], tmp_path), "PJSIP/9")
    assert list(tmp_path.iterdir()) == []


async def test_a_user_who_may_only_read_is_an_error_of_each_leg(simulated, tmp_path):
    ari, url = simulated
    call = ari.pbx.start_call()
    call.answer()
    ari.faults.is_read_only = True
    facts = await hearing.listen_to(settings_of(url, tmp_path), call.caller["id"], listen_s=0.1)
    assert all("read" in leg.trouble for leg in facts)
    assert ari.list_left("streamer-") == []


async def run_doctor(tmp_path, channel, **env):
    given = {"HOME": str(tmp_path), "PATH": os.defpath, **env}
    return await run_here("doctor", channel, "--json", cwd=tmp_path, env=given)


async def test_without_ari_it_is_exit_code_2_and_says_why(tmp_path):
    code, out, err = await run_doctor(tmp_path, "PJSIP/100-1")
    assert (code, out) == (2, "")
    assert "through ARI only" in err
    assert "ari_user and ari_password must be set" in err


async def test_a_line_a_leg_is_printed(simulated, tmp_path, monkeypatch):
    ari, url = simulated
    monkeypatch.setattr(hearing, "LISTEN_S", 0.2)
    call = ari.pbx.start_call()
    call.answer()
    env = {"STREAMER_ARI_USER": USER, "STREAMER_ARI_PASSWORD": PASSWORD}
    code, out, err = await run_doctor(tmp_path, call.caller["name"], STREAMER_ARI_URL=url, **env)
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["check"] for line in lines][:2] == ["leg caller", "leg callee"]
    assert "the call is not changed" in err
    nowhere = f"http://127.0.0.1:{closed_port()}"
    code, out, _ = await run_doctor(tmp_path, "PJSIP/1", STREAMER_ARI_URL=nowhere, **env)
    assert (code, out) == (4, "")
