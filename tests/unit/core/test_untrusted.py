import unicodedata

import pytest
from hypothesis import given, strategies as st

from streamer.core.untrusted import one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("PJSIP/100-0000001a", "PJSIP/100-0000001a"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("a\r\nb", "a\\r\\nb"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\udc80", "\\udc80"),
        ("Grüße 世界", "Grüße 世界"),
        ("[bold]markup[/bold]", "[bold]markup[/bold]"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_an_escape(text, shown):
    assert printable(text) == shown


def test_a_long_text_is_cut():
    assert printable("x" * 1_000_000) == "x" * 200 + "…"


@given(st.text())
def test_nothing_that_moves_a_cursor_is_left(text):
    shown = printable(text)
    assert all(
        character.isprintable() or unicodedata.category(character) == "Zs" for character in shown
    )
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Grüße, 世界!", "Grüße, 世界!"),
        (" two\r\nlines\u2028and\ttabs\x85 ", "two lines and tabs"),
        ("\x1b[31mred\x07", "[31mred"),
        ("\u202egnp.exe\u2066", "gnp.exe"),
        ("a \x00 b", "a b"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\udc80\ue000", ""),
    ],
)
def test_a_line_for_a_file_keeps_what_can_be_seen(text, line):
    assert one_line(text) == line


@given(st.text())
def test_a_line_for_a_file_is_one_line_and_stays_as_it_is(text):
    line = one_line(text)
    assert line.splitlines() == ([line] if line else [])
    assert one_line(line) == line
