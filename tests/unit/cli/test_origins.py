"""A file's name tells when its call was, whose number and which agent."""

import os
import re
from datetime import UTC, datetime

import pytest

from streamer.cli.origins import find_date, parse_pattern, read_origin
from streamer.errors import UsageError


def local(*numbers):
    return datetime(*numbers).astimezone(UTC)


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("20250314-101533_5550100_agent7-all.mp3", local(2025, 3, 14, 10, 15, 33)),
        ("2025-03-14_10-15-33.wav", local(2025, 3, 14, 10, 15, 33)),
        ("call 2025-03-14 10:15.wav", local(2025, 3, 14, 10, 15)),
        ("rec_20250314T101533.ogg", local(2025, 3, 14, 10, 15, 33)),
        ("20250314101533.wav", local(2025, 3, 14, 10, 15, 33)),
        ("out-5550100-101-20250314-101533-1741947333.12.wav", local(2025, 3, 14, 10, 15, 33)),
        ("2025.03.14.gsm", local(2025, 3, 14)),
        ("1741947333.12-in.wav", datetime.fromtimestamp(1741947333, UTC)),
        ("20251399_x.wav", None),
        ("+4915550100123.wav", None),
        ("1555010000.wav", None),
        ("vm-nobox.wav", None),
    ],
)
def test_a_date_is_found_as_recorders_write_it(name, moment):
    assert find_date(name) == moment


def test_a_pattern_tells_the_rest(tmp_path):
    file = tmp_path / "20250314-101533_5550100_agent7-all.mp3"
    file.touch()
    pattern = parse_pattern(r"(?P<date>[\d-]+)_(?P<number>\d+)_(?P<agent>\w+)-(?P<direction>all)?")
    origin = read_origin(file, pattern, at=None)
    assert origin.began_at == local(2025, 3, 14, 10, 15, 33)
    assert (origin.number, origin.agent, origin.direction) == ("5550100", "agent7", "all")
    assert origin.facts["file"] == file.name
    assert not origin.doubt


def test_what_the_user_says_counts_then_the_name_then_the_file(tmp_path):
    named, unnamed = tmp_path / "20250314-101533.wav", tmp_path / "x.wav"
    at = datetime(2020, 1, 1, tzinfo=UTC)
    for file in (named, unnamed):
        file.touch()
        os.utime(file, (1_600_000_000, 1_600_000_000))
    assert read_origin(named, None, at=at).began_at == at
    assert read_origin(named, None, at=None).began_at == local(2025, 3, 14, 10, 15, 33)
    assert read_origin(unnamed, None, at=None).began_at.timestamp() == 1_600_000_000


def test_a_file_of_no_time_is_of_now(tmp_path):
    file = tmp_path / "x.wav"
    file.touch()
    os.utime(file, (0, 0))
    assert (datetime.now(UTC) - read_origin(file, None, at=None).began_at).total_seconds() < 600


@pytest.mark.parametrize(
    ("name", "pattern", "doubt"),
    [
        ("x.wav", r"(?P<number>\d{4,})", "does not fit"),
        ("99999999.wav", r"(?P<date>\d{8})", "not a readable date"),
    ],
)
def test_a_name_that_tells_less_than_it_might_is_said(tmp_path, name, pattern, doubt):
    file = tmp_path / name
    file.touch()
    assert doubt in read_origin(file, re.compile(pattern), at=None).doubt


@pytest.mark.parametrize("text", ["(", "a", "(?P<when>.)", "[z-a]", "(?P<date>a)(?P<date>b)"])
def test_a_bad_pattern_is_refused(text):
    with pytest.raises(UsageError, match="--name-pattern"):
        parse_pattern(text)
