"""Who may send calls over a WebSocket, and over TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl

import aiohttp
import pytest
import trustme
from websockets.exceptions import InvalidMessage, InvalidStatus

from streamer.sources import admission
from streamer.sources.tls import Certificate
from streamer.sources.websocket import connection
from streamer.sources.websocket.signature import sign
from tests.fakes.chan_websocket import dial, listening_web
from tests.fakes.replay import until

SAMPLES = b"".join(n.to_bytes(2, "little") for n in range(3200))
AUTH = ("bearer:t0ken", "path:s3cret")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(connection, "WRONG_PAUSE_S", 0.0)


@pytest.mark.parametrize(
    ("path", "headers"), [("/media", {"Authorization": "Bearer t0ken"}), ("/s3cret/media", {})]
)
async def test_a_call_that_shows_what_is_asked_for_comes_in_unregistered(
    recordings, runtime_dir, path, headers
):
    async with listening_web(recordings, runtime_dir, accepts=False, auth=AUTH) as (here, _):
        channel = await dial(here.port, path, additional_headers=headers)
        await channel.start()
        await channel.speak(SAMPLES)
        await channel.hang_up()
        await here.ended()
    (recorded,) = here.calls()
    assert here.pcm(recorded) == SAMPLES


async def test_a_call_that_shows_nothing_comes_in_only_if_it_is_registered(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir, auth=AUTH) as (here, admission):
        with pytest.raises(InvalidStatus, match="401"):
            await dial(here.port)
        known = admission.registry.register(caller="100").uuid
        channel = await dial(here.port, f"/media?contextId={known}")
        await channel.start()
        await channel.speak(SAMPLES)
        await channel.hang_up()
        await here.ended()
        assert "it shows nothing of what this listener asks for" in here.troubles


async def test_a_wrong_secret_a_thousand_times_harms_no_call_and_is_said_a_few_times(
    recordings, runtime_dir
):
    async with listening_web(recordings, runtime_dir, auth=AUTH) as (here, _):
        right = {"Authorization": "Bearer t0ken"}
        healthy = await dial(here.port, additional_headers=right)
        await healthy.start()
        await healthy.speak(SAMPLES[:3200])

        async def guess():
            with pytest.raises(InvalidStatus, match=r"401|429"):
                await dial(here.port, additional_headers={"Authorization": "Bearer guess"})

        for _ in range(20):
            await asyncio.gather(*(guess() for _ in range(50)))
        await healthy.speak(SAMPLES[3200:])
        await healthy.hang_up()
        await here.ended()
        assert 1 <= here.troubles.count("no call from") <= 20
        assert "guess" not in here.troubles
    (recorded,) = here.calls()
    assert here.pcm(recorded).startswith(SAMPLES[:3200])
    assert here.pcm(recorded).endswith(SAMPLES[3200:])  # silence is between them


async def test_calls_and_registrations_are_encrypted_and_a_new_certificate_is_taken_up(
    recordings, runtime_dir, tmp_path, monkeypatch
):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    old, new = trustme.CA(), trustme.CA()
    write(old, cert, key)
    certificate = Certificate(cert, key)
    async with listening_web(recordings, runtime_dir, tls=certificate.context) as (here, _):
        channel = await dial(here.port, ssl=trusting(old))
        await channel.start()
        await channel.speak(SAMPLES[:3200])
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"https://127.0.0.1:{here.port}/register", ssl=trusting(old)) as answer,
        ):
            assert answer.status == 200
        write(new, cert, key)
        certificate.refresh(pytest.fail)
        other = await dial(here.port, ssl=trusting(new))
        await other.hang_up()
        with pytest.raises(ssl.SSLError):
            await asyncio.to_thread(shake_hands, here.port, trusting(old))
        await until(lambda: "TLS cannot be agreed on" in here.troubles)
        await channel.speak(SAMPLES[3200:])
        await channel.hang_up()
        await here.ended()
    assert any(here.pcm(recorded).endswith(SAMPLES[3200:]) for recorded in here.calls())


async def test_who_leaves_once_it_has_seen_the_certificate_or_speaks_no_tls_is_told(
    recordings, runtime_dir, tmp_path
):
    """Asterisk looks at the certificate only behind the handshake, and leaves without an alert if it does not like it."""
    authority = trustme.CA()
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    write(authority, cert, key)
    async with listening_web(recordings, runtime_dir, tls=Certificate(cert, key).context) as (
        here,
        _,
    ):
        await asyncio.to_thread(shake_hands, here.port, trusting(authority))
        await until(lambda: "as soon as that was encrypted, without a request" in here.troubles)
        with pytest.raises((InvalidMessage, OSError)):
            await dial(here.port)
        await until(lambda: "it speaks no TLS, and this address is encrypted" in here.troubles)


async def test_who_begins_with_tls_where_there_is_none_is_told_so(recordings, runtime_dir):
    async with listening_web(recordings, runtime_dir) as (here, _):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await dial(here.port, ssl=trusting(trustme.CA()))
        await until(lambda: "use ws://, or start `serve` with --cert" in here.troubles)


@pytest.mark.parametrize(
    ("public_url", "signed"),
    [
        ("", "wss://{here}/twilio?a=%20b"),
        ("", "https://{here}/twilio?a=%20b"),
        ("wss://voice.example.com", "wss://voice.example.com/twilio?a=%20b"),
        ("https://voice.example.com/pbx/", "wss://voice.example.com/pbx/twilio/?a=%20b"),
    ],
)
async def test_a_call_that_twilio_has_signed_comes_in(recordings, runtime_dir, public_url, signed):
    auth = ("twilio:acc0unt",)
    async with listening_web(
        recordings, runtime_dir, accepts=False, auth=auth, public_url=public_url
    ) as (here, _):
        url = signed.format(here=f"127.0.0.1:{here.port}")
        for path, token, right in [
            ("/twilio?a=%20b", "acc0unt", True),
            ("/twilio?a=%20c", "acc0unt", False),
            ("/media?a=%20b", "acc0unt", False),
            ("/twilio?a=%20b", "another", False),
        ]:
            shown = {"X-Twilio-Signature": sign(url, token)}
            if right:
                channel = await dial(here.port, path, additional_headers=shown, subprotocols=None)
                await channel.hang_up()
            else:
                with pytest.raises(InvalidStatus, match="401"):
                    await dial(here.port, path, additional_headers=shown)
        with pytest.raises(InvalidStatus, match="401"):
            await dial(here.port, "/twilio?a=%20b")
        assert "acc0unt" not in here.troubles


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer"),
    [
        ("", ["203.0.113.9"], "127.0.0.1"),
        ("10.0.0.0/8", ["203.0.113.9"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        ("127.0.0.0/8,10.0.0.0/8", ["203.0.113.9:4711, 10.1.2.3"], "203.0.113.9"),
        ("127.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("127.0.0.1", ["nobody"], "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
    ],
)
async def test_who_calls_is_said_by_proxies_that_are_trusted_alone(
    recordings, runtime_dir, proxies, forwarded, peer
):
    shown = [("X-Forwarded-For", one) for one in forwarded]
    async with listening_web(recordings, runtime_dir, proxies=proxies) as (here, _):
        channel = await dial(here.port, additional_headers=shown)
        await channel.start()
        await channel.speak(SAMPLES)
        await channel.hang_up()
        await here.ended()
    (recorded,) = here.calls()
    said = recorded["facts"]["peer"]
    assert said == peer or (peer == "127.0.0.1" and said.startswith("127.0.0.1:"))


async def test_behind_a_proxy_one_client_that_is_too_fast_keeps_no_other_out(
    recordings, runtime_dir, monkeypatch
):
    monkeypatch.setattr(admission, "BURST", 3)
    monkeypatch.setattr(admission, "PER_SECOND", 0.0)
    async with listening_web(recordings, runtime_dir, proxies="127.0.0.1") as (here, _):
        for _ in range(3):
            await (await dial(here.port, additional_headers=client("203.0.113.9"))).hang_up()
        with pytest.raises(InvalidStatus, match="429"):
            await dial(here.port, additional_headers=client("203.0.113.9"))
        await (await dial(here.port, additional_headers=client("203.0.113.10"))).hang_up()
        assert "no call from 203.0.113.9: it connects more than" in here.troubles


def client(address):
    return {"X-Forwarded-For": address}


def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def shake_hands(port, context):
    """Connect as OpenSSL does, which says why it leaves; asyncio does not."""
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1"),
    ):
        pass


def write(authority, cert, key):
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)
