"""Tables [[watch]] of the config file."""

from __future__ import annotations

import pytest

from streamer.core.watching import WatchRule, read_watch_table
from streamer.errors import UsageError


def test_a_table_is_read_with_what_it_names():
    table = {"context": "from-*", "percentage": 12.5, "most": 3, "boundary": "member"}
    rule = read_watch_table(table, where="watch 1")
    assert rule == WatchRule(context="from-*", percentage=12.5, most=3, boundary="member")
    assert read_watch_table({}, where="watch 1") == WatchRule()


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"contxt": "a"}, "watch 7 has the unknown key contxt; the nearest known one is context"),
        ({"context": 1}, "watch 7: context must be a string"),
        ({"caller": ""}, "watch 7: caller must be a string"),
        ({"queue": "a\x1b"}, "watch 7: queue must be a string"),
        ({"percentage": 0}, "watch 7: percentage must be a number"),
        ({"percentage": 101}, "watch 7: percentage must be a number"),
        ({"percentage": True}, "watch 7: percentage must be a number"),
        ({"percentage": float("nan")}, "watch 7: percentage must be a number"),
        ({"most": 0}, "watch 7: most must be a whole number"),
        ({"most": 1.5}, "watch 7: most must be a whole number"),
        ({"boundary": "bridge"}, 'watch 7: boundary must be "room" or "member"'),
        ({"boundary": ["room"]}, 'watch 7: boundary must be "room" or "member"'),
    ],
)
def test_a_table_that_cannot_be_meant_is_named(table, why):
    with pytest.raises(UsageError, match=why):
        read_watch_table(table, where="watch 7")
