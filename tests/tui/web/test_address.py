"""Addresses of calls and of lines, there and back, and what somebody types."""

import pytest

from tui.web.address import Address, parse_address

ID = "20261120-130500-ab12"


@pytest.mark.parametrize(
    "text",
    ["/", f"/call/{ID}", f"/call/{ID}#0:00", f"/call/{ID}#1:20", f"/call/{ID}#1:02:03.4"],
)
def test_an_address_is_read_as_it_was_written(text):
    assert str(parse_address(text)) == text


@pytest.mark.parametrize(
    "text", ["", "nonsense", "/call/", "/call/../etc", f"/call/{ID}/x", f"call/{ID}", "/call/last"]
)
def test_what_is_no_address_is_the_list(text):
    assert parse_address(text) == Address()


@pytest.mark.parametrize("fragment", ["", "x", "1:2:3:4", "-1:00", "1:20.", "٣:٢٠x", "9" * 99])
def test_what_is_no_moment_leaves_the_call(fragment):
    assert parse_address(f"/call/{ID}#{fragment}") == Address(ID)


def test_a_moment_may_be_in_seconds():
    assert parse_address(f"/call/{ID}#80") == Address(ID, 80.0)
    assert str(Address(ID, 80.49, 0.1)) == f"/call/{ID}#1:20.4"
