import pytest

from streamer.sources.admission import MOST_STRANGERS_IN_ALL
from streamer.tap.descriptors import OF_ITS_OWN, PER_CALL, divide


@pytest.mark.parametrize("descriptors", [256, 1024, 8192, 1 << 20])
def test_calls_and_strangers_fit_beside_each_other(descriptors):
    room = divide(descriptors)
    assert room.calls * PER_CALL + room.strangers + OF_ITS_OWN <= descriptors
    assert 0 < room.strangers <= MOST_STRANGERS_IN_ALL


def test_with_hardly_any_descriptors_there_is_room_for_one_call():
    assert divide(64).calls == 1


def test_the_calls_that_fit_are_most_of_a_usual_limit():
    assert divide(1024).calls >= 200
    assert divide(8192).calls >= 2000
