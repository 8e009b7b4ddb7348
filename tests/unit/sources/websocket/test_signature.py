import pytest

from streamer.sources.websocket.signature import list_signatures, sign
from streamer.wire.websocket.base import Upgrade


def test_a_signature_is_the_hmac_of_the_url():
    """As `openssl dgst -sha1 -hmac 12345 -binary | base64` makes it."""
    assert sign("wss://example.com/twilio", "12345") == "4qZsm0/0bGQYw36gQ+0YyAX07W0="


@pytest.mark.parametrize("url", ["wss://h/p?q=1", "https://h/p?q=1", "wss://h/p/?q=1", "wss://h:443/p?q=1"])  # fmt: skip
def test_each_way_of_writing_the_address_is_right(url):
    upgrade = Upgrade("/p", {"q": "1"}, {"host": "h:443"}, target="/p?q=1")
    assert sign(url, "t") in list_signatures(upgrade, "t")


@pytest.mark.parametrize("url", ["wss://other/p?q=1", "wss://h/p?q=2", "wss://h/p", "ws://h/p?q=1"])
def test_another_address_is_wrong(url):
    upgrade = Upgrade("/p", {"q": "1"}, {"host": "h"}, target="/p?q=1")
    assert sign(url, "t") not in list_signatures(upgrade, "t")
