import pytest
from hypothesis import given, strategies as st

from streamer.errors import UsageError
from streamer.sources.forwarded import Proxies, read_proxies


@given(st.text(max_size=60))
def test_nothing_that_is_said_is_believed_without_proxies(forwarded):
    assert Proxies().find_client("203.0.113.9", forwarded) == "203.0.113.9"


@given(st.text(max_size=60))
def test_what_a_client_has_said_itself_changes_nothing(forged):
    proxies = read_proxies("10.0.0.1")
    assert proxies.find_client("10.0.0.1", f"{forged}, 203.0.113.9") == "203.0.113.9"


def test_a_proxy_that_speaks_for_itself_is_its_own_client():
    assert read_proxies("10.0.0.1").find_client("10.0.0.1", "") == "10.0.0.1"
    assert read_proxies("10.0.0.1").find_client("10.0.0.1", "10.0.0.1") == "10.0.0.1"


def test_an_address_of_four_parts_is_the_same_in_six():
    assert read_proxies("10.0.0.0/8").trust("::ffff:10.1.2.3")
    assert not read_proxies("10.0.0.0/8").trust("::1")


@pytest.mark.parametrize("text", ["nginx", "10.0.0.0/33", "10.0.0.1;10.0.0.2"])
def test_a_proxy_that_is_no_address_is_refused_with_what_is_meant(text):
    with pytest.raises(UsageError, match="trusted_proxies must be addresses or networks"):
        read_proxies(text)
