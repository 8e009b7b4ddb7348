import pytest

from streamer.wire.protocols import explain_stop


@pytest.mark.parametrize(
    ("source", "via", "said"),
    [
        ("audiosocket", "app", "its dialplan goes on, without us"),
        ("audiosocket", "dial", "if Dial had the option g; if not, the caller is hung up"),
        ("audiosocket", "spy", "the call itself goes on"),
        ("audiosocket", "", "unless this was Dial without the option g: then the caller is hung"),
        ("audiosocket", "elsewhere", "unless this was Dial without the option g"),
        ("stream-channel", "", "the call itself goes on"),
        ("stream-channel", "dial", "the call itself goes on"),
        ("toy", "dial", "the call itself goes on"),
    ],
)
def test_what_becomes_of_a_call_is_said_for_the_way_it_came_in(source, via, said):
    assert said in explain_stop(source, via=via)
