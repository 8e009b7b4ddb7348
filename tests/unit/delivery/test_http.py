"""Webhooks over real connections on 127.0.0.1: what is sent, and what an endpoint may do to us."""

import asyncio
import base64
import json
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
import trustme
from aiohttp import web
from standardwebhooks import Webhook

from streamer.core.events import CallEnded, EndReason
from streamer.core.webhooks import WebhookTable
from streamer.delivery.bodies import CallFacts
from streamer.delivery.endpoint import Endpoint
from streamer.delivery.http import open_webhook_sender
from streamer.delivery.policy import Outcome
from streamer.delivery.signing import read_key
from streamer.store import StoredEvent

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
EVENT = StoredEvent(
    7, "c1", "call_ended", "", datetime.now(UTC), CallEnded("c1", EndReason.HANG_UP, 2.0)
)


def endpoint_at(url, form="standard", ca=""):
    table = WebhookTable("crm", url, SECRET, ("call_ended",), form, ca)
    return Endpoint(table, read_key(SECRET, where="secret"))


def no_facts(call_id):
    return CallFacts({"uuid": "u1"}, is_inbound=True)


@asynccontextmanager
async def serving(answer, context=None):
    """A web server on a free port; yields its address."""
    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{port}/hook?key=hunter2"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def speaking(respond):
    """A server that writes what it likes to each connection."""
    tasks: set[asyncio.Task[None]] = set()

    async def speak(reader, writer):
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await respond(writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?key=hunter2"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def send_to(url, *, patience_s=30.0, **options):
    async with open_webhook_sender(no_facts, patience_s=patience_s) as send:
        answer = await send(endpoint_at(url, **options), EVENT)
    assert "hunter2" not in answer.why
    return answer


async def test_a_webhook_is_signed_and_says_what_json_says():
    got = []

    async def take(request):
        got.append((dict(request.headers), await request.read()))
        return web.Response(text="ok")

    async with serving(take) as url:
        answer = await send_to(url)
    [(headers, body)] = got
    assert answer.outcome is Outcome.DELIVERED
    assert headers["webhook-id"] == EVENT.key
    assert headers["Content-Type"] == "application/json"
    assert (
        Webhook(SECRET).verify(body, {k.lower(): v for k, v in headers.items()})["type"]
        == "call_ended"
    )


async def test_rapida_gets_its_own_shape():
    got = []

    async def take(request):
        got.append(json.loads(await request.read()))
        return web.Response(status=204)

    async with serving(take) as url:
        assert (await send_to(url, form="rapida")).outcome is Outcome.DELIVERED
    assert (got[0]["event"], got[0]["context_id"]) == ("call.ended", "u1")


async def test_a_redirect_is_not_followed():
    asked = []

    async def redirect(request):
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/internal"})

    async with serving(redirect) as url:
        answer = await send_to(url)
    assert answer.outcome is Outcome.DOWN
    assert "redirects are not followed" in answer.why
    assert asked == ["/hook"]


async def test_an_endpoint_that_never_answers_is_given_up():
    async def wait(writer):
        await asyncio.Event().wait()

    async with speaking(wait) as url:
        answer = await send_to(url, patience_s=0.3)
    assert answer.outcome is Outcome.DOWN
    assert "does not answer" in answer.why


async def test_headers_without_end_are_given_up():
    async def babble(writer):
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"x-more: " + b"y" * 1000 + b"\r\n")
            await writer.drain()

    async with speaking(babble) as url:
        assert (await send_to(url, patience_s=2.0)).outcome is Outcome.DOWN


async def test_a_body_without_end_is_not_read():
    async def babble(writer):
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"y" * 4096 + b"\r\n")
            await writer.drain()

    async with speaking(babble) as url:
        assert (await send_to(url)).outcome is Outcome.DELIVERED


@pytest.mark.parametrize("junk", [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 9999999 no\r\n\r\n"])
async def test_what_is_no_answer_is_said_without_being_repeated(junk):
    async def write(writer):
        writer.write(junk)
        await writer.drain()

    async with speaking(write) as url:
        answer = await send_to(url)
    assert answer.outcome is Outcome.DOWN
    assert "SSH" not in answer.why


async def test_nobody_there_is_said():
    async with speaking(lambda writer: None) as url:
        pass
    answer = await send_to(url)
    assert answer.outcome is Outcome.DOWN
    assert "nothing is listening there" in answer.why


async def test_a_certificate_is_checked(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def take(request):
        return web.Response()

    async with serving(take, context) as url:
        assert "certificate is not trusted" in (await send_to(url)).why
        trusted = await send_to(url, ca=str(tmp_path / "ca.pem"))
    assert trusted.outcome is Outcome.DELIVERED


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def take(request):
        return web.Response()

    async with serving(take) as url:
        assert (await send_to(url)).outcome is Outcome.DELIVERED
