import pytest

from streamer.sources.registration.hosts import is_of_a_page, is_own_host, name_share, own_names

NAMES = own_names(["streamer.example.com", " "])


@pytest.mark.parametrize(
    ("host", "local", "is_own"),
    [
        ("localhost:9093", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "::1", True),
        ("[::1]:9093", "::1", True),
        ("10.0.0.5:9093", "10.0.0.5", True),
        ("10.0.0.5", "::ffff:10.0.0.5", True),
        ("[::ffff:10.0.0.5]", "10.0.0.5", True),
        ("[fe80::1]", "fe80::1%eth0", True),
        ("streamer.example.com.:80", "10.0.0.5", True),
        ("127.0.0.1", "10.0.0.5", False),
        ("10.0.0.6", "10.0.0.5", False),
        ("attacker.example", "127.0.0.1", False),
        ("localhost@attacker.example", "127.0.0.1", False),
        ("localhost:9093:9093", "127.0.0.1", False),
        ("127.0.0.1.", "127.0.0.1", True),
        ("[localhost]", "127.0.0.1", False),
        ("[", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("localhost", "", True),
        ("10.0.0.5", "", False),
    ],
)
def test_a_host_is_ours_if_it_names_this_machine(host, local, is_own):
    assert is_own_host(host, local=local, names=NAMES) is is_own


def test_what_a_browser_sends_for_a_page_is_told_by_its_headers():
    assert not is_of_a_page({"Host": "a", "Sec-Fetch-Site": "none"})
    assert is_of_a_page({"Origin": "null"})
    assert is_of_a_page({"Referer": "http://a/"})
    assert is_of_a_page({"Sec-Fetch-Site": "cross-site"})


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("127.0.0.1", "127.9.9.9", True),
        ("127.0.0.1", "::1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("?", "?", True),
    ],
)
def test_addresses_that_one_host_has_as_easily_as_one_are_one_share(one, other, is_same):
    assert (name_share(one) == name_share(other)) is is_same
