import pytest

from streamer.wire.protocols import PROTOCOLS, WAYS, explain_stop
from streamer.wire.websocket.choice import SHAPES


@pytest.mark.parametrize(
    ("source", "via", "said"),
    [
        ("audiosocket", "app", "its dialplan goes on, without us"),
        ("audiosocket", "dial", "if Dial had the option g; if not, the caller is hung up"),
        ("audiosocket", "spy", "the call itself goes on"),
        ("audiosocket", "", "unless this was Dial without the option g: then the caller is hung"),
        ("audiosocket", "elsewhere", "unless this was Dial without the option g"),
        ("stream-channel", "", "the call itself goes on"),
        ("chan-websocket", "", "goes on only behind Dial(…,,g), else the caller is hung up"),
        ("chan-websocket", "dial", "if Dial had the option g; if not, the caller is hung up"),
        ("chan-websocket", "spy", "the call itself goes on"),
        ("yeastar", "", "the call itself goes on"),
        ("twilio", "", "with the verb after <Connect>"),
        ("audio-stream", "", "the call itself goes on"),
        ("stream-channel", "dial", "the call itself goes on"),
        ("toy", "dial", "the call itself goes on"),
    ],
)
def test_what_becomes_of_a_call_is_said_for_the_way_it_came_in(source, via, said):
    assert said in explain_stop(source, via=via)


def test_every_shape_over_a_websocket_has_its_facts():
    assert SHAPES.keys() <= PROTOCOLS.keys()


def test_the_ways_in_which_a_call_may_come_in_are_named_once():
    assert WAYS == ("app", "dial", "spy")
