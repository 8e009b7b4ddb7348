import pytest

from streamer.cli.legs import parse_legs
from streamer.core.audio import Leg
from streamer.errors import UsageError


@pytest.mark.parametrize(
    ("argument", "leg"),
    [
        ("PJSIP/100-1", Leg("leg1", "PJSIP/100-1")),
        ("caller=PJSIP/100-1", Leg("caller", "PJSIP/100-1")),
        ("a_b-9=x", Leg("a_b-9", "x")),
        ("Local/a@b=c-1", Leg("leg1", "Local/a@b=c-1")),
        ("9=x", Leg("leg1", "9=x")),
        ("a=b=c", Leg("a", "b=c")),
        ("Local/ä;1", Leg("leg1", "Local/ä;1")),
    ],
)
def test_a_label_counts_only_if_it_looks_like_one(argument, leg):
    assert parse_legs([argument]) == [leg]


def test_unlabelled_channels_are_numbered():
    assert [leg.label for leg in parse_legs(["x", "b=y", "z"])] == ["leg1", "b", "leg3"]


@pytest.mark.parametrize(
    "arguments", [["a=x", "A=y"], ["a=x", "b=X"], ["a="], [""], ["x\r\nEvil: 1"]]
)
def test_what_cannot_be_meant_is_refused(arguments):
    with pytest.raises(UsageError):
        parse_legs(arguments)
