"""Calls, words and results over HTTP, as the command line has them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from streamer.core.alert import Alert, Severity
from streamer.core.events import Dtmf, EndReason
from streamer.core.mark import Mark
from streamer.errors import UsageError
from streamer.recording.folder import CallFolder
from streamer.recording.writer import create_recording
from streamer.store import NewAlert
from tests.seams.sessions import LEGS
from tests.unit.api.serving import open_api
from tests.unit.store.sqlite.calls import ZERO, keep, make_call, say

V1 = "/api/v1"


@pytest.fixture
async def api(tmp_path):
    async with open_api(tmp_path) as api:
        yield api


def record(recordings, **options):
    recording = create_recording(
        recordings, source="file", url="", legs=LEGS[:1], clock=lambda: 0.0, **options
    )
    recording.append(0, [b"\0\0" * 16_000])
    return recording


async def test_calls_are_listed_filtered_and_turned_over(api):
    for number in (1, 2, 3):
        await keep(api.store, make_call(number), say(f"call {number} says hello"))
    status, body = await api.get(f"{V1}/calls?limit=2")
    ids = [make_call(n).id for n in (1, 2, 3)]
    assert (status, [call["call"] for call in body["calls"]]) == (200, [ids[2], ids[1]])
    _, rest = await api.get(f"{V1}/calls?limit=2&before={body['next']}")
    assert [call["call"] for call in rest["calls"]] == [ids[0]]
    assert rest["next"] is None
    until = (ZERO + timedelta(hours=1, minutes=1)).isoformat().replace("+", "%2B")
    _, early = await api.get(f"{V1}/calls?until={until}")
    assert [call["call"] for call in early["calls"]] == [ids[0]]
    _, found = await api.get(f"{V1}/calls?text=%222%20says%22")
    assert [call["call"] for call in found["calls"]] == [ids[1]]
    assert (await api.get(f"{V1}/calls?live=true"))[1]["calls"] == []


async def test_calls_and_what_was_said_are_filtered_by_who_called_and_by_keys(api, tmp_path):
    facts = [{"from": "5551", "to": "800"}, {"from": "5552", "to": "800"}]
    ids = []
    for each in facts:
        recording = record(tmp_path, facts=each)
        if each["from"] == "5552":
            recording.note_digit(
                0, Dtmf(recording.call.id, "caller", "4", 8_000, recording.call.started_at)
            )
        assert recording.finish(EndReason.HANG_UP)
        ids.append(recording.folder.name)
        call = replace(make_call(), id=ids[-1], legs=LEGS[:1])
        await keep(api.store, call, say("hello"))

    async def find(query):
        _, calls = await api.get(f"{V1}/calls?{query}")
        _, said = await api.get(f"{V1}/search?q=hello&{query}")
        assert {each["call"] for each in said["hits"]} == {c["call"] for c in calls["calls"]}
        return {each["call"] for each in calls["calls"]}

    assert await find("from=5551") == {ids[0]}
    assert await find("to=800") == set(ids)
    assert await find("to=800&digits=4") == {ids[1]}
    assert await find("from=5551&digits=4") == set()


async def test_a_call_has_its_alerts_and_its_transcript(api):
    call = make_call()
    await keep(api.store, call, say("cancel my contract"))
    alert = Alert(call.id, "cancels", Severity.WARNING, ZERO, "caller", 1, 0, 16_000, "cancel")
    await api.store.keep_alerts([NewAlert(alert, 0.0)])
    _, body = await api.get(f"{V1}/calls/{call.id}")
    assert body["alerts"][0]["rule"] == "cancels"
    assert (await api.get(f"{V1}/calls/last"))[1]["call"] == call.id
    _, transcript = await api.get(f"{V1}/calls/{call.id}/transcript")
    assert transcript["segments"][0]["text"] == "cancel my contract"
    status, text = await api.get(f"{V1}/calls/{call.id}/transcript?format=srt")
    assert (status, "cancel my contract" in text) == (200, True)
    _, listed = await api.get(f"{V1}/calls?alerts=true")
    assert [each["call"] for each in listed["calls"]] == [call.id]


async def test_a_call_has_its_marks(api):
    call = make_call()
    await keep(api.store, call, say("cancel my contract"))
    await api.store.keep_mark(Mark(call.id, "caller", 1, 16_000, 32_000, "ring back", ZERO))
    _, body = await api.get(f"{V1}/calls/{call.id}/marks")
    [mark] = body["marks"]
    assert (mark["note"], mark["text"], mark["start"]) == ("ring back", "cancel my contract", 1.0)
    assert (await api.get(f"{V1}/calls/nobody/marks"))[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"leg": "caller", "utterance": 2}, 404, "no line 2 of the leg caller"),
        ({"leg": "caller"}, 400, "utterance is missing"),
        ({"leg": "caller", "utterance": True}, 400, "whole number"),
        ({"leg": "caller", "utterance": 1, "note": "x" * 501}, 400, "more than 500"),
        ({"leg": "caller", "utterance": 1, "text": "x"}, 400, "text is no field of a mark"),
        ({"leg": "caller", "utterance": 1, "removed": "yes"}, 400, "true or false"),
    ],
)
async def test_a_mark_that_cannot_be_meant_is_said(api, body, status, said):
    await keep(api.store, make_call(), say("hello"))
    code, answer = await api.get(f"{V1}/calls/last/marks", method="POST", json=body)
    assert (code, said in answer["error"]) == (status, True)


async def test_what_was_said_is_found(api):
    await keep(api.store, make_call(), say("cancel my contract"))
    _, body = await api.get(f"{V1}/search?q=contr*")
    [hit] = body["hits"]
    assert (hit["text"], hit["spans"]) == ("cancel my contract", [[10, 18]])


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        (f"{V1}/calls/nobody", 404, "nobody"),
        (f"{V1}/calls/..%2F..%2Fetc/transcript", 404, "openapi.json"),
        (f"{V1}/calls?limit=0", 400, "limit"),
        (f"{V1}/calls?limit=1e9", 400, "limit"),
        (f"{V1}/calls?since=yesterday", 400, "since"),
        (f"{V1}/calls?live=maybe", 400, "live"),
        (f"{V1}/search", 400, "q is missing"),
        (f"{V1}/search?q=%22", 400, ""),
        (f"{V1}/search?q=a&offset=-1", 400, "offset"),
        (f"{V1}/events?last_event_id=x", 400, "Last-Event-ID"),
        (f"{V1}/events?types=gossip", 400, "types"),
        (f"{V1}/calls/last/transcript?format=exe", 400, "format"),
        (f"{V1}/nothing", 404, "openapi.json"),
        ("/", 404, "openapi.json"),
    ],
)
async def test_an_error_is_json_and_says_what_to_do(api, path, status, said):
    code, body = await api.get(path)
    assert (code, list(body)) == (status, ["error"])
    assert said in body["error"]


async def test_what_is_asked_in_the_wrong_way_is_said(api):
    code, body = await api.get(f"{V1}/calls/last/stop")
    assert (code, body) == (405, {"error": "ask this with POST"})


async def test_a_dialplan_gets_one_line_by_the_id_that_it_knows(api, tmp_path):
    recording = record(tmp_path, facts={"uuid": "40325EC2-5efd-4bd3-805f-53576e581d13"})
    assert recording.finish(EndReason.HANG_UP)
    call_id = recording.folder.name
    path = f"{V1}/calls/by-id/40325ec2-5efd-4bd3-805f-53576e581d13/result"
    assert await api.get(path) == (200, "||")
    call = make_call()
    await keep(
        api.store, type(call)(call_id, "file", LEGS[:1], ZERO), say("pay $50, ${EVIL(x)}|ok")
    )
    for rule in ("first", "gets, angry"):
        alert = Alert(call_id, rule, Severity.INFO, ZERO)
        await api.store.keep_alerts([NewAlert(alert, 0.0)])
    assert await api.get(path) == (200, "gets angry||pay 50 EVIL x ok")
    assert (await api.get(f"{path}?wait=0.3"))[0] == 200
    assert (await api.get(f"{path}?wait=100"))[0] == 400


async def test_an_id_that_nobody_knows_is_an_empty_line(api):
    assert await api.get(f"{V1}/calls/by-id/nobody/result") == (404, "||")


async def test_a_live_call_is_asked_to_stop_and_an_ended_one_is_not(api, tmp_path):
    recording = record(tmp_path)
    call_id = recording.folder.name
    code, body = await api.get(f"{V1}/calls/{call_id}/stop", method="POST")
    assert (code, body) == (200, {"call": call_id, "stopping": True})
    assert CallFolder(recording.folder).is_stop_requested()
    assert recording.finish(EndReason.STOPPED)
    code, body = await api.get(f"{V1}/calls/{call_id}/stop", method="POST")
    assert code == 409
    code, body = await api.get(f"{V1}/calls/{call_id}/play", method="POST", data=b"RIFF")
    assert code == 409
    code, body = await api.get(f"{V1}/calls/{call_id}/play", method="POST")
    assert (code, "audio file" in body["error"]) == (400, True)


async def test_a_body_that_is_no_audio_is_not_called_by_a_file_of_ours(api, tmp_path, monkeypatch):
    def refuse(folder, file, *, flushes):
        raise UsageError(f"{file} holds no audio")

    monkeypatch.setattr("streamer.api.service.play_into", refuse)
    path = f"{V1}/calls/{record(tmp_path).folder.name}/play"
    answer = await api.get(path, method="POST", data=b"RIFF")
    assert answer == (400, {"error": "the body holds no audio"})


async def test_the_documents_are_served(api):
    _, document = await api.get(f"{V1}/openapi.json")
    assert document["paths"][f"{V1}/calls/{{call}}/stop"]["post"]["security"] == [
        {"token": ["control"]}
    ]
    _, schema = await api.get(f"{V1}/events.schema.json")
    assert schema["title"] == "Events of streamer"


async def test_health_and_readiness(tmp_path):
    async with open_api(tmp_path, lack="no model") as api:
        assert await api.get("/healthz") == (200, {"status": "ok"})
        status, body = await api.get("/readyz")
        assert (status, body["ready"]) == (503, False)
    async with open_api(tmp_path) as api:
        assert await api.get("/readyz") == (200, {"ready": True})


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/api/v1/calls?limt=5", "limt is no parameter of this path; limit is"),
        ("/api/v1/calls?limit=5&limit=6", "limit is given 2 times"),
        ("/api/v1/calls?xyzzy", "these are: since, until, channel"),
        ("/api/v1/search?q=hi&form=json", "form is no parameter of this path; from is"),
        ("/api/v1/calls/last?format=txt", "nothing can be given here"),
        ("/api/v1/events?type=final", "type is no parameter of this path; types is"),
        ("/metrics?name=x", "nothing can be given here"),
    ],
)
async def test_a_parameter_that_is_not_known_is_refused(tmp_path, path, why):
    async with open_api(tmp_path) as api:
        status, answer = await api.get(path)
    assert status == 400
    assert why in answer["error"]


async def test_a_probe_may_add_what_it_likes(tmp_path):
    async with open_api(tmp_path) as api:
        assert (await api.get("/healthz?at=17"))[0] == 200


async def test_the_document_says_what_may_be_given_and_what_comes(tmp_path):
    async with open_api(tmp_path) as api:
        _, document = await api.get(f"{V1}/openapi.json")
    paths = document["paths"]
    search = {each["name"]: each for each in paths[f"{V1}/search"]["get"]["parameters"]}
    assert search["q"]["required"]
    assert search["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000}
    transcript = paths[f"{V1}/calls/{{call}}/transcript"]["get"]["responses"]["200"]["content"]
    assert {"application/json", "text/plain", "text/vtt", "text/csv"} < set(transcript)
    result = paths[f"{V1}/calls/by-id/{{uuid}}/result"]["get"]["responses"]["404"]["content"]
    assert list(result) == ["text/plain"]
    assert paths[f"{V1}/calls"]["post"]["requestBody"]["required"]
    assert not paths[f"{V1}/calls/{{call}}/play"]["post"]["requestBody"]["required"]
