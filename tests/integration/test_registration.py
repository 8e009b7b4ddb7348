"""Registration over HTTP on the loopback, asked by real clients and by raw sockets."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from unicodedata import category
from urllib.parse import quote
from uuid import UUID

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from streamer.errors import UnreachableError, UsageError
from streamer.sources.registration import http
from streamer.sources.registration.http import (
    MOST_CONNECTIONS,
    MOST_OF_ADDRESS,
    open_registration,
)
from streamer.sources.registration.registry import Refusal, Registration, Registry
from tests.fakes.replay import VirtualClock

KEY = "s3cret-Schlüssel"
LOOKS_LIKE_UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
REQUEST = b"GET /register HTTP/1.1\r\nHost: localhost\r\n\r\n"
SOME_UUID = "40325ec2-5efd-4bd3-805f-53576e581d13"


def say_nothing(line: str) -> None:
    raise AssertionError(line)


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """What comes until the end, which is a reset if the other side had not read all."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


class Requests:
    """An open registration, its registry and a client."""

    def __init__(self, registry: Registry, address: str, client: aiohttp.ClientSession) -> None:
        self.registry, self.address, self.client = registry, address, client

    async def ask(self, query="", *, method="GET", path="/register", **options):
        url = f"http://{self.address}{path}{'?' if query else ''}{query}"
        async with self.client.request(method, url, **options) as response:
            return response.status, await response.text(), response.headers

    async def send(self, data: bytes) -> bytes:
        """What a raw client that sends `data` is told before it is hung up."""
        reader, writer = await self.connect()
        writer.write(data)
        answer = await read_to_end(reader)
        writer.close()
        return answer

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self.address.rpartition(":")
        return await asyncio.open_connection(host, int(port))


@asynccontextmanager
async def open_requests(*, key=None, patience_s=60.0, pause_s=0.0, names=(), **options):
    registry = Registry(clock=VirtualClock(), **options)
    async with (
        open_registration(
            registry,
            "127.0.0.1",
            0,
            key=key,
            say=say_nothing,
            patience_s=patience_s,
            pause_s=pause_s,
            names=names,
        ) as address,
        aiohttp.ClientSession() as client,
    ):
        yield Requests(registry, address, client)


@pytest.fixture
async def requests():
    async with open_requests() as opened:
        yield opened


@pytest.fixture
async def locked():
    async with open_requests(key=KEY) as opened:
        yield opened


async def test_the_answer_is_a_fresh_uuid_and_nothing_else(requests):
    answers = [await requests.ask() for _ in range(3)]
    for status, body, headers in answers:
        assert status == 200
        assert str(UUID(body)) == body
        assert headers["Content-Type"].startswith("text/plain")
        assert headers["Cache-Control"] == "no-store"
        assert headers["Connection"] == "close"
    assert len({body for _, body, _ in answers}) == 3


async def test_what_is_known_about_the_call_is_registered(requests):
    _, body, _ = await requests.ask("from=100&to=%2B49%2030&channel=PJSIP/a-1;1&label=caller")
    claimed = requests.registry.claim(UUID(body))
    assert isinstance(claimed, Registration)
    assert (claimed.caller, claimed.called) == ("100", "+49 30")
    assert (claimed.channel, claimed.label) == ("PJSIP/a-1;1", "caller")
    assert requests.registry.claim(UUID(body)) is Refusal.USED


@pytest.mark.parametrize(
    "query",
    [
        "from=1&to=2&channel=3",
        "caller=1&extension=2&channel_id=3",
        "callerid=1&dnid=2&channel=3",
        "from=&caller=1&to=&dnid=2&channel=&channel_id=3",
        "from=1&caller=9&to=2&dnid=9&channel=3&channel_id=9&from=9",
    ],
)
async def test_other_names_of_the_parameters_are_understood(requests, query):
    _, body, _ = await requests.ask(query)
    claimed = requests.registry.claim(UUID(body))
    assert isinstance(claimed, Registration)
    assert (claimed.caller, claimed.called, claimed.channel) == ("1", "2", "3")


@pytest.mark.parametrize(
    ("query", "via"), [("via=app", "app"), ("via=Dial", "dial"), ("via=spy", "spy"), ("via=", "")]
)
async def test_the_way_by_which_a_call_comes_in_is_registered(requests, query, via):
    _, body, _ = await requests.ask(query)
    claimed = requests.registry.claim(UUID(body))
    assert isinstance(claimed, Registration)
    assert claimed.via == via


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_only_get_registers(requests, method):
    status, body, headers = await requests.ask("from=1", method=method)
    assert (status, headers["Allow"]) == (405, "GET")
    assert not LOOKS_LIKE_UUID.search(body)
    assert len(requests.registry) == 0


@pytest.mark.parametrize("path", ["/", "/register/", "/register/x", "/registers", f"/{SOME_UUID}"])
async def test_there_is_one_path(requests, path):
    status, body, _ = await requests.ask(path=path)
    assert status == 404
    assert not LOOKS_LIKE_UUID.search(body)
    assert len(requests.registry) == 0


async def test_a_body_is_refused(requests):
    status, _, _ = await requests.ask(data=b"from=1")
    assert (status, len(requests.registry)) == (400, 0)


@pytest.mark.parametrize(
    "query", ["from=" + "x" * 201, "label=../x", f"label={SOME_UUID}", "via=phone"]
)
async def test_a_value_that_cannot_be_is_refused_without_repeating_it(requests, query):
    status, body, headers = await requests.ask(query)
    assert (status, headers["Cache-Control"]) == (400, "no-store")
    assert query.partition("=")[2] not in body
    assert not LOOKS_LIKE_UUID.search(body)
    assert len(requests.registry) == 0


async def test_beyond_the_most_the_answer_is_503():
    async with open_requests(most=1) as requests:
        requests.registry.register(address="192.0.2.1")
        status, body, _ = await requests.ask()
    assert status == 503
    assert "try again" in body


@pytest.mark.parametrize("name", ["X-API-Key", "x-api-key"])
async def test_the_key_in_a_header_lets_in(locked, name):
    status, body, _ = await locked.ask(headers={name: KEY})
    assert (status, str(UUID(body))) == (200, body)


@pytest.mark.parametrize("name", ["x-api-key", "key"])
async def test_the_key_in_the_query_lets_in(locked, name):
    status, body, _ = await locked.ask(f"{name}={quote(KEY)}")
    assert (status, str(UUID(body))) == (200, body)


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"headers": {"X-API-Key": ""}},
        {"headers": {"X-API-Key": KEY[:-1]}},
        {"headers": {"X-API-Key": KEY + "x"}},
        {"headers": {"X-API-Key": "\udcff"}},
        {"query": "key="},
        {"query": "key=%ff%00"},
        {"query": f"apikey={KEY}"},
    ],
)
async def test_without_the_key_nobody_is_let_in(locked, shown):
    if "\udcff" in str(shown.get("headers")):
        answer = await locked.send(
            b"GET /register HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \xff\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 401")
    else:
        status, body, _ = await locked.ask(**shown)
        assert status == 401
        assert KEY not in body
    assert len(locked.registry) == 0


async def test_the_key_and_what_was_asked_are_never_logged(locked, caplog):
    caplog.set_level(logging.DEBUG)
    secret = quote(KEY)
    await locked.ask(f"key={secret}&from=hidden")
    await locked.ask(f"key={secret}&label=-hidden")
    await locked.ask(f"key=x{secret}&from=hidden")
    await locked.send(f"GET /register?key={secret}&from=hidden HTTP/9\r\n\r\n".encode())
    await locked.send(f"GET /register HTTP/1.1\r\nX-API-Key {secret} hidden\r\n\r\n".encode())
    for text in (KEY, secret, "hidden"):
        assert text not in caplog.text


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /register?from=" + SOME_UUID.encode() + b" HTTP/7.3",
        SOME_UUID.encode(),
        b"GET /register?from=" + SOME_UUID.encode() * 1_000 + b" HTTP/1.1",
        b"\x16\x03\x01" + SOME_UUID.encode(),
        b"GET /register HTTP/1.1\r\n" + SOME_UUID.encode(),
        b"GET /register HTTP/1.1\r\nA: " + b"x" * 10_000,
        b"GET http://[/register HTTP/1.1",
        b"CONNECT " + SOME_UUID.encode() + b":1 HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
    ],
)
async def test_what_is_no_request_is_answered_without_repeating_it(requests, request_line):
    answer = (await requests.send(request_line + b"\r\nHost: a\r\n\r\n")).decode()
    assert re.match(r"HTTP/1\.[01] 4\d\d ", answer)
    assert not LOOKS_LIKE_UUID.search(answer)
    assert len(requests.registry) == 0


async def test_requests_in_one_piece_register_one_call(requests):
    answer = await requests.send(REQUEST * 50)
    assert answer.count(b"200 OK") == 1
    assert len(requests.registry) == 1


async def test_a_failure_here_is_answered_with_500_and_logged_without_the_request(caplog):
    def fail():
        raise RuntimeError(KEY)

    async with open_requests(new_uuid=fail) as requests:
        status, body, _ = await requests.ask(f"from={SOME_UUID}")
    assert status == 500
    assert "RuntimeError" in caplog.text
    assert KEY not in caplog.text + body
    assert not LOOKS_LIKE_UUID.search(body)


async def test_a_client_that_does_not_finish_its_request_is_hung_up():
    async with open_requests(patience_s=0) as requests:
        for begin in (b"", b"GET /register HTTP/1.1\r\nX: ", b"POST /register HTTP/1.1\r\n"):
            assert await requests.send(begin) == b""
        assert len(requests.registry) == 0


async def test_half_requests_of_an_address_keep_it_and_others_served(requests):
    waiting = [await requests.connect() for _ in range(MOST_OF_ADDRESS)]
    for _, writer in waiting:
        writer.write(b"GET /register HTTP/1.1\r\n")
    assert (await requests.ask())[0] == 200
    assert await read_to_end(waiting[0][0]) == b"", "the oldest has made room"
    reader, writer = waiting[-1]
    writer.write(b"Host: localhost\r\n\r\n")
    assert b"200 OK" in await reader.read()
    for _, writer in waiting:
        writer.close()
    await asyncio.gather(*(read_to_end(reader) for reader, _ in waiting))
    assert (await requests.ask())[0] == 200


async def test_of_too_many_connections_of_others_none_has_to_go(requests, monkeypatch):
    shares = iter(range(10_000))
    monkeypatch.setattr(http, "name_share", lambda _: f"192.0.2.{next(shares)}")
    waiting = [await requests.connect() for _ in range(MOST_CONNECTIONS)]
    reader, late = await requests.connect()
    assert await reader.read() == b""
    late.close()
    reader, writer = waiting[0]
    writer.write(REQUEST)
    assert b"200 OK" in await reader.read()
    for _, writer in waiting:
        writer.close()
    await asyncio.gather(*(reader.read() for reader, _ in waiting))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://attacker.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Referer": "http://attacker.example/"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Host": "attacker.example"},
        {"Host": "attacker.example:9093"},
        {"Host": "localhost.attacker.example"},
        {"Host": "192.0.2.1"},
        {"Host": ""},
    ],
)
async def test_a_web_page_cannot_register_calls(requests, headers):
    status, body, _ = await requests.ask("from=1", headers=headers)
    assert status in (400, 403)
    assert "attacker" not in body
    assert len(requests.registry) == 0


@pytest.mark.parametrize("hosts", [b"", b"Host: localhost\r\nHost: attacker.example\r\n"])
async def test_a_request_names_one_host(requests, hosts):
    answer = await requests.send(b"GET /register HTTP/1.1\r\n" + hosts + b"\r\n")
    assert re.match(rb"HTTP/1\.[01] 40[03] ", answer)
    assert len(requests.registry) == 0


async def test_whatever_names_this_machine_is_its_host():
    async with open_requests(names=["Streamer.example.com", ""]) as requests:
        for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:9093", "127.9.9.9"):
            assert (await requests.ask(headers={"Host": host}))[0] == 200, host
        for host in (socket.gethostname(), "streamer.EXAMPLE.com.", "streamer.example.com:80"):
            assert (await requests.ask(headers={"Host": host}))[0] == 200, host


async def test_a_request_shows_one_key(locked):
    other = {"X-API-Key": KEY}
    status, body, _ = await locked.ask(f"key={quote(KEY)}", headers=other)
    assert (status, len(locked.registry)) == (401, 0)
    assert "more than once" in body


async def test_after_a_wrong_key_there_is_a_pause_but_not_for_others():
    async with open_requests(key=KEY, pause_s=1000.0) as requests:
        wrong = asyncio.ensure_future(requests.ask("key=wrong"))
        for _ in range(5):
            assert (await requests.ask(headers={"X-API-Key": KEY}))[0] == 200
        assert not wrong.done()
        wrong.cancel()
        await asyncio.wait([wrong])


async def test_an_open_address_has_a_key_made():
    registry = Registry(clock=VirtualClock())
    made: list[str] = []

    def make_key():
        made.append(KEY)
        return KEY

    async with open_registration(
        registry, "0.0.0.0", 0, say=say_nothing, make_key=make_key, pause_s=0
    ) as address:
        port = address.rpartition(":")[2]
        async with aiohttp.ClientSession() as client:
            for headers, status in (({}, 401), ({"X-API-Key": KEY}, 200)):
                url = f"http://127.0.0.1:{port}/register"
                async with client.get(url, headers=headers) as answer:
                    assert answer.status == status
    assert made == [KEY]
    async with open_registration(
        registry, "127.0.0.1", 0, say=say_nothing, make_key=make_key, pause_s=0
    ):
        assert made == [KEY], "only this machine can ask there"


async def test_a_hundred_claims_of_a_registered_call_let_one_in(requests):
    _, body, _ = await requests.ask()

    async def claim():
        await asyncio.sleep(0)
        return requests.registry.claim(UUID(body))

    answers = await asyncio.gather(*(claim() for _ in range(100)))
    assert sum(isinstance(answer, Registration) for answer in answers) == 1


async def test_the_end_does_not_wait_for_clients():
    async with open_requests() as requests:
        reader, writer = await requests.connect()
        writer.write(b"GET /register")
        await writer.drain()
    assert await read_to_end(reader) == b""
    writer.close()


async def test_a_port_that_is_taken_is_an_error_that_says_what_to_do(requests):
    host, _, port = requests.address.rpartition(":")
    with pytest.raises(UnreachableError, match="another HOST:PORT") as refused:
        async with open_registration(requests.registry, host, int(port), say=say_nothing):
            raise AssertionError
    assert f"{requests.address}: another program listens there; " in str(refused.value)
    assert refused.value.exit_code == 4
    assert "\n" not in str(refused.value)


async def test_a_host_that_is_not_ours_is_an_error():
    registry = Registry(clock=VirtualClock())
    for host in ("no-such-host.invalid", "a..b", "x" * 70, "2001:db8::1"):
        with pytest.raises(UnreachableError, match="cannot take registrations"):
            async with open_registration(registry, host, 0, say=say_nothing):
                raise AssertionError


async def test_an_empty_key_is_refused():
    with pytest.raises(UsageError, match="empty"):
        async with open_requests(key=""):
            raise AssertionError


@pytest.mark.parametrize(
    ("host", "key", "warns"),
    [("0.0.0.0", None, True), ("0.0.0.0", KEY, False), ("127.0.0.1", None, False)],
)
async def test_an_open_address_without_a_key_is_warned_of_once(host, key, warns):
    said: list[str] = []
    registry = Registry(clock=VirtualClock())
    async with open_registration(registry, host, 0, key=key, say=said.append) as address:
        assert len(said) == warns
        assert all(address in line and "key" in line for line in said)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["from", "to", "channel", "label", "via", "key"]),
            st.binary(max_size=80),
        )
    )
)
async def test_hostile_values_get_a_uuid_or_an_error_that_is_none(pairs):
    query = "&".join(f"{name}={quote(value)}" for name, value in pairs)
    async with open_requests() as requests:
        status, body, _ = await requests.ask(query)
        if status == 200:
            claimed = requests.registry.claim(UUID(body))
            assert isinstance(claimed, Registration)
            shown = claimed.caller + claimed.called + claimed.channel
            assert all(c.isprintable() or category(c) == "Zs" for c in shown)
        else:
            assert status == 400
            assert not LOOKS_LIKE_UUID.search(body)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(min_size=1, max_size=60))
async def test_any_bytes_before_a_request_harm_nobody(data):
    async with open_requests() as requests:
        _, writer = await requests.connect()
        writer.write(data + b"\r\n\r\n")
        assert (await requests.ask())[0] == 200
        writer.close()


def test_who_does_not_register_calls_does_not_load_the_server():
    code = "import sys, streamer.sources.registration.registry, streamer.sources; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
