"""Who may ask."""

import asyncio

import pytest

from streamer.api.running import plan_api
from streamer.config import Settings
from streamer.errors import UsageError
from tests.unit.api.serving import TOKENS, open_api

CALLS = "/api/v1/calls"
STOP = "/api/v1/calls/last/stop"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


async def test_a_token_is_asked_for_and_its_scopes_count(tmp_path):
    async with open_api(tmp_path, tokens=TOKENS) as api:
        status, body = await api.get(CALLS)
        assert (status, "Bearer" in body["error"]) == (401, True)
        assert (await api.get(CALLS, headers=bearer("read-me")))[0] == 200
        status, body = await api.get(STOP, method="POST", headers=bearer("read-me"))
        assert (status, "control" in body["error"]) == (403, True)
        assert (await api.get(STOP, method="POST", headers=bearer("do-it")))[0] == 404
        for wrong in ({"Authorization": "Basic cmVhZC1tZQ=="}, bearer(""), bearer("read-m")):
            assert (await api.get(CALLS, headers=wrong))[0] == 401


async def test_of_many_wrong_tokens_at_once_most_are_sent_away(tmp_path):
    async with open_api(tmp_path, tokens=TOKENS) as api:
        asked = [api.get(CALLS, headers=bearer(f"guess {n}")) for n in range(8)]
        statuses = sorted(status for status, _ in await asyncio.gather(*asked))
    assert statuses == [401] * 3 + [429] * 5


async def test_beyond_loopback_metrics_need_a_token_and_health_never_does(tmp_path):
    async with open_api(tmp_path, tokens=TOKENS, is_local=False) as api:
        assert (await api.get("/metrics"))[0] == 401
        assert (await api.get("/metrics", headers=bearer("read-me")))[0] == 200
        assert (await api.get("/healthz"))[0] == 200
        assert (await api.get("/readyz"))[0] == 200
    async with open_api(tmp_path, tokens=TOKENS) as api:
        assert (await api.get("/metrics"))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example.com"},
        {"Origin": "http://evil.example.com"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Referer": "http://evil.example.com/"},
    ],
)
async def test_no_web_page_can_ask(tmp_path, headers):
    async with open_api(tmp_path) as api:
        status, body = await api.get(CALLS, headers=headers)
        assert (status, list(body)) == (403, ["error"])
        assert (await api.get("/metrics", headers=headers))[0] == 403


async def test_a_token_is_taken_from_a_page_that_has_one(tmp_path):
    async with open_api(tmp_path, tokens=TOKENS) as api:
        headers = bearer("read-me") | {"Origin": "https://board.example.com"}
        assert (await api.get(CALLS, headers=headers))[0] == 200
        assert (await api.get(CALLS, headers=headers | {"Host": "evil.example.com"}))[0] == 403


async def test_what_is_no_http_is_answered_and_a_silent_client_is_sent_away(tmp_path):
    async with open_api(tmp_path) as api:
        host, _, port = api.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n")
        async with asyncio.timeout(60):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.")
        assert b'{"error": "this is not an HTTP request"}' in answer
        writer.close()


def test_beyond_this_machine_there_must_be_a_token(tmp_path):
    everywhere = [("0.0.0.0", 9095, False)]

    def plan(**settings):
        return plan_api(Settings(**settings), everywhere, cert="", key="", environment={"T": "x"})

    with pytest.raises(UsageError, match=r"add a \[\[token\]\]"):
        plan()
    token = {"name": "board", "token": "$T", "scopes": ["read"]}
    planned = plan(token=[token])
    assert "not encrypted" in planned.warn()[0]
    assert "x" not in repr(planned.tokens).replace("frozenset", "")
    with pytest.raises(UsageError, match="token board"):
        plan(token=[token | {"token": "$MISSING"}])
