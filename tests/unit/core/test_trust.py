"""Which certificates are accepted, and what is said of the others."""

import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from streamer.core.trust import explain_distrust, judge_certificate, open_trust

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def shake_hands(server, client, name):
    """Let both agree on TLS in memory; what the client thinks of the certificate is raised."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname=name)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (asking, answering):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()


def make_server(authority, *names, **dates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **dates).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def client(authority, tmp_path):
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return open_trust(str(path), insecure=False)


@pytest.mark.parametrize(
    ("asked", "dates", "said"),
    [
        ("pbx.test", {"not_after": NOW - DAY, "not_before": NOW - 9 * DAY}, "has expired; renew"),
        ("pbx.test", {"not_before": NOW + DAY, "not_after": NOW + 9 * DAY}, "is not valid yet;"),
        ("other.test", {}, "is for another name; write the name in ari_url"),
        ("192.0.2.1", {}, "(an IP address counts only in its subjectAltName)"),
    ],
)
def test_what_is_wrong_with_a_certificate(authority, client, asked, dates, said):
    with pytest.raises(ssl.SSLCertVerificationError) as raised:
        shake_hands(make_server(authority, "pbx.test", **dates), client, asked)
    text = judge_certificate(raised.value, where="ari_url")
    assert said in text
    assert "--ca" not in text
    assert not explain_distrust(raised.value).startswith("its certificate is not trusted")


def test_an_issuer_that_is_not_known(client):
    with pytest.raises(ssl.SSLCertVerificationError) as raised:
        shake_hands(make_server(trustme.CA(), "pbx.test"), client, "pbx.test")
    assert "name that with ca in the file" in judge_certificate(raised.value, how="ca in the file")


def test_a_certificate_that_is_accepted(authority, client):
    shake_hands(make_server(authority, "pbx.test"), client, "pbx.test")
    anything = open_trust("", insecure=True)
    shake_hands(make_server(trustme.CA(), "other.test"), anything, "pbx.test")


def test_authorities_of_asterisk_are_accepted_by_every_python():
    """They lack extensions without which the strict rules of newer Pythons refuse them."""
    assert not open_trust("", insecure=False).verify_flags & ssl.VERIFY_X509_STRICT
