from dataclasses import replace

import pytest

from streamer.cli.serve import ServeFlags, _check, _warn_of_refusals

NOTHING = ServeFlags(
    audiosocket=(),
    websocket=(),
    accept_unknown=False,
    register=(),
    no_silence=False,
    format="auto",
    echo=False,
    tone=None,
    announce=None,
    max_calls=500,
    grace=None,
)
AUDIOSOCKET, WEBSOCKET = ("audiosocket", "127.0.0.1", 9092), ("websocket", "127.0.0.1", 9094)


@pytest.mark.parametrize(
    ("named", "places"),
    [
        ({}, [AUDIOSOCKET, WEBSOCKET]),
        ({"register": ("127.0.0.1:9093",)}, [AUDIOSOCKET, WEBSOCKET]),
        ({"audiosocket": ("127.0.0.1:1",)}, [("audiosocket", "127.0.0.1", 1)]),
        ({"websocket": ("[::1]:2", "127.0.0.1:3")}, [("websocket", "::1", 2), ("websocket", "127.0.0.1", 3)]),
        (
            {"audiosocket": ("127.0.0.1:1",), "websocket": ("127.0.0.1:2",)},
            [("audiosocket", "127.0.0.1", 1), ("websocket", "127.0.0.1", 2)],
        ),
    ],
)  # fmt: skip
def test_a_place_that_is_named_drops_the_usual_ones_and_a_registration_does_not(named, places):
    options = _check(replace(NOTHING, **named))
    assert [(one.source, one.host, one.port) for one in options.addresses] == places


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"audiosocket": ("127.0.0.1:1",)}, "every call will be refused; add --accept-unknown"),
        ({}, "only calls that are registered at http://127.0.0.1:9094/register are taken"),
        ({"websocket": ("10.0.0.5:2",)}, "registered at http://10.0.0.5:2/register"),
        ({"accept_unknown": True}, ""),
        ({"register": ("127.0.0.1:9093",)}, ""),
    ],
)
def test_whose_calls_are_refused_is_said_if_nobody_has_said_whose_are_taken(named, said):
    warned = _warn_of_refusals(_check(replace(NOTHING, **named)))
    assert warned.startswith(said) or said in warned
    assert bool(warned) == bool(said)
