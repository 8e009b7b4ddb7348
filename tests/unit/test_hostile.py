import unicodedata

import pytest
from hypothesis import given, strategies as st

from streamer.hostile import printable


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
