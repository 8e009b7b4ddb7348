"""Calls that are asked for over HTTP: a tap in this process on the stand-in, followed as those that come."""

from __future__ import annotations

import json

import pytest

from streamer.api.bodies import read_asked, read_playing
from streamer.calls.placing import CallPlacer
from streamer.config import Settings
from streamer.errors import UnreachableError
from streamer.recording.folder import CallFolder
from streamer.recording.index import Arrivals
from streamer.simulator.ari.originations import Telephone
from streamer.sources import COMING
from streamer.tap.playbacks import SILENT, PlaybackPlan
from tests.fakes.ari_tap import open_pbx
from tests.fakes.replay import until
from tests.unit.api.serving import TOKENS, open_api

CALLS = "/api/v1/calls"
CONTROL = {"Authorization": "Bearer do-it"}


@pytest.fixture
async def pbx():
    async with open_pbx() as opened:
        opened.ari.board.others = Telephone(0.0)
        yield opened


def ask(api, body, **options):
    return api.get(CALLS, method="POST", data=json.dumps(body), headers=CONTROL, **options)


async def test_a_call_is_made_followed_and_stopped(pbx, tmp_path, monkeypatch):
    monkeypatch.setattr("streamer.calls.placing.MOST_PLACED", 1)
    arrivals = Arrivals(tmp_path, sources=COMING)
    arrivals.look()
    async with open_api(tmp_path, tokens=TOKENS, settings=pbx.settings(tmp_path)) as api:
        wanted = {"endpoint": "100", "caller_id": "Robot <5>", "variables": {"A": "b"}}
        status, placed = await ask(api, wanted | {"timeout": 20})
        assert (status, placed["endpoint"]) == (201, "PJSIP/100")
        assert placed["channel"].startswith("PJSIP/100-")
        channel = next(iter(pbx.ari.pbx.channels.values()))
        assert pbx.ari.pbx.variables[channel["id"]]["A"] == "b"
        [folder] = arrivals.look()  # so that `serve` follows it
        assert folder.name == placed["call"]
        status, body = await ask(api, wanted)
        assert (status, "try again when one has ended" in body["error"]) == (503, True)
        code, _ = await api.get(f"{CALLS}/{placed['call']}/stop", method="POST", headers=CONTROL)
        assert code == 200
        await until(lambda: not CallFolder(folder).is_live())
        assert pbx.ari.pbx.channels == {}
        while True:
            status, _ = await ask(api, {"endpoint": "none!"})
            if status == 400:  # it was read, since the tap has gone
                break


async def test_one_that_the_pbx_refuses_says_so_and_leaves_nothing(pbx, tmp_path):
    pbx.ari.board.missing.add("PJSIP/999")
    arrivals = Arrivals(tmp_path, sources=COMING)
    arrivals.look()
    async with open_api(tmp_path, tokens=TOKENS, settings=pbx.settings(tmp_path)) as api:
        status, body = await ask(api, {"endpoint": "PJSIP/999"})
        assert (status, list(body)) == (502, ["error"])
        assert "PJSIP/999 cannot be called: Asterisk has no such endpoint" in body["error"]
    assert arrivals.look() == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "JSON object"),
        ({}, "endpoint is missing"),
        ({"endpont": "PJSIP/1"}, "endpont is no field of a call; endpoint is"),
        ({"endpoint": 5}, "endpoint must be a string"),
        ({"endpoint": "Local/1@x"}, "none of PJSIP"),
        ({"endpoint": "PJSIP/1", "timeout": 0}, "1 to 600"),
        ({"endpoint": "PJSIP/1", "timeout": True}, "whole number"),
        ({"endpoint": "PJSIP/1", "variables": {"A": 1}}, "object of strings"),
        ({"endpoint": "PJSIP/1", "variables": {"SHELL(x)": "1"}}, "SHELL(x) cannot be set"),
        ({"endpoint": "PJSIP/1", "app": "x", "context": "y"}, "give one of them"),
        ({"endpoint": "PJSIP/1", "echo": "yes"}, "echo must be true or false"),
        ({"endpoint": "PJSIP/1", "tone": 49}, "from 50 to 3999 Hz"),
        ({"endpoint": "PJSIP/1", "tone": True}, "from 50 to 3999 Hz"),
        ({"endpoint": "PJSIP/1", "tone": 440, "echo": True}, "give one of them"),
        (
            {"endpoint": "PJSIP/1", "tone": 440, "context": "c"},
            "only where streamer holds the call",
        ),
        ({"endpoint": "PJSIP/1", "context": "a,b"}, "context a,b cannot be meant"),
    ],
)
async def test_what_cannot_be_meant_is_said_before_anything_is_started(tmp_path, body, said):
    settings = Settings(recordings=str(tmp_path), ari_user="u", ari_password="p")
    async with open_api(tmp_path, tokens=TOKENS, settings=settings) as api:
        status, answer = await ask(api, body)
    assert (status, said in answer["error"]) == (400, True)


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        ({}, SILENT),
        ({"tone": 440}, PlaybackPlan(tone_hz=440)),
        ({"echo": True}, PlaybackPlan(echoes=True)),
    ],
)
async def test_what_the_party_is_to_hear_is_told_to_the_tap(tmp_path, asked, heard):
    told = []

    def start(settings, wanted, playing):
        told.append(playing)
        raise OSError

    settings = Settings(recordings=str(tmp_path), ari_user="u", ari_password="p")
    body = {"endpoint": "PJSIP/100", **asked}
    placer = CallPlacer(settings, lambda *_: None, start=start)
    with pytest.raises(UnreachableError):
        await placer.place(read_asked(body), read_playing(body))
    assert told == [heard]


async def test_without_ari_it_is_said_what_is_missing(tmp_path):
    async with open_api(tmp_path, tokens=TOKENS) as api:
        status, body = await ask(api, {"endpoint": "PJSIP/100"})
        assert (status, "ari_user and ari_password must be set" in body["error"]) == (501, True)
        assert (await api.get(CALLS, method="PUT", headers=CONTROL))[1] == {
            "error": "ask this with GET or POST"
        }
        _, document = await api.get("/api/v1/openapi.json", headers=CONTROL)
    asked = document["paths"][CALLS]["post"]
    assert (asked["security"], list(asked["responses"])) == (
        [{"token": ["control"]}],
        ["201", "default"],
    )
    schema = asked["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["endpoint"]
