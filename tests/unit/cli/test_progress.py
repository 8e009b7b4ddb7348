import pytest

from streamer.cli.progress import METER_WIDTH, draw_meter, format_size
from streamer.core.transcript import format_position


@pytest.mark.parametrize(
    ("level", "filled"), [(0.0, 0), (0.001, 0), (0.0316, 10), (1.0, METER_WIDTH)]
)
def test_the_meter_has_a_scale_of_60_db(level, filled):
    assert draw_meter(level).count("█") == filled
    assert len(draw_meter(level)) == METER_WIDTH


def test_the_meter_needs_no_unicode():
    assert draw_meter(0.5, is_ascii=True).isascii()


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (61.9, "1:01"), (3661, "1:01:01")])
def test_times_are_shown_as_on_a_clock(seconds, shown):
    assert format_position(seconds) == shown


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0 kB"), (115_884, "116 kB"), (19_200_000, "19.2 MB")]
)
def test_sizes_are_rounded(size, shown):
    assert format_size(size) == shown
