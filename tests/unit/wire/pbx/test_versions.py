"""Versions of Asterisk, as people and packages write them."""

import pytest
from hypothesis import given, strategies as st

from streamer.errors import UsageError
from streamer.wire.pbx.versions import parse_version


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("22.5", (22, 5, 0)),
        ("22.5.1", (22, 5, 1)),
        ("20", (20, 0, 0)),
        (" 22.5\n", (22, 5, 0)),
        ("certified/20.7-cert1", (20, 7, 0)),
        ("Certified-18.9-cert14", (18, 9, 0)),
        ("18.9-cert1-rc2", (18, 9, 0)),
        ("23.0.0-rc1", (23, 0, 0)),
        ("23.0.0-pre1", (23, 0, 0)),
        ("18.0.0-beta1", (18, 0, 0)),
        ("Asterisk 22.5.1", (22, 5, 1)),
        ("asterisk-20.16.0", (20, 16, 0)),
        ("v21.12", (21, 12, 0)),
        ("13.38.3-vici", (13, 38, 3)),
        ("Asterisk 20.6.0~dfsg+~cs6.13.40431414-2build5", (20, 6, 0)),
        ("1:22.5.1~dfsg+~cs6.15.60671435-1", (22, 5, 1)),
        ("20.9.3-1.sng7", (20, 9, 3)),
        ("1.8.32.3", (1, 8, 32)),
        ("24.1", (24, 1, 0)),
    ],
)
def test_a_version_is_read_as_people_and_packages_write_it(text, release):
    version = parse_version(text)
    assert (version.major, version.minor, version.patch) == release
    assert version.written == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "22.", ".5", "22..5", "22,5", "22 5", "22.5.1.2.3", "22.x", "x", "latest", "-1"),
        *(
            "2.4",
            "9",
            "0.1",
            "30.0",
            "225",
            "22.500",
            "22.05",
            "022.5",
            "22.5-foo",
            "22.5-rc",
            "22.5;",
        ),
        *("22.5\nexten => 1", "٢٢.5", "２２.5", "22.5'", "GIT-master-abc", "certified", "--via"),
        "9" * 5000,
    ],
)
def test_what_is_no_version_is_refused_with_what_one_looks_like(text):
    with pytest.raises(UsageError, match=r"--version must look like 22\.5"):
        parse_version(text)


@given(st.text())
def test_any_other_text_is_a_version_or_refused_in_one_short_line(text):
    try:
        version = parse_version(text)
    except UsageError as error:
        message = str(error)
        assert "\n" not in message
        assert len(message) < 400
    else:
        assert version.written.isascii()
        assert version.written.isprintable()
