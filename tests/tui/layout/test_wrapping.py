"""Words broken into rows: widths in cells, wide and combined characters, long words, and the fast count."""

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len

from tui.layout.wrapping import NARROWEST, count_rows, make_token, pack, row_starts, unpack, wrap

TEXTS = st.text(
    st.sampled_from("ab-é漢字カ한👍🏽👩‍👩‍👧‍👦ไทย\u0301‍"),
    min_size=1,
    max_size=30,
).filter(lambda text: cell_len(text) > 0)
TOKENS = st.lists(
    st.builds(lambda text, is_joined: make_token(text, is_joined=is_joined), TEXTS, st.booleans()),
    max_size=20,
)


def text_of(row):
    return "".join(" " * piece.blank + piece.text for piece in row)


def rows_of(text, width):
    return [text_of(row) for row in wrap([make_token(word) for word in text.split()], width)]


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 80, ["one two three"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("no abcdefgh", 5, ["no", "abcde", "fgh"]),
        ("漢字漢字", 5, ["漢字", "漢字"]),
        ("ok 漢字 ok", 7, ["ok 漢字", "ok"]),
        ("👍👍👍", 4, ["👍👍", "👍"]),
        ("", 10, [""]),
        ("\u200d\u200daカ\u200d", 2, ["a", "カ"]),
    ],
)
def test_words_are_broken_at_the_right_cell(text, width, rows):
    assert rows_of(text, width) == rows


def test_joined_words_stand_together_and_break_between():
    tokens = [
        make_token("今天"),
        make_token("天气", is_joined=True),
        make_token("很好", is_joined=True),
    ]
    assert [text_of(row) for row in wrap(tokens, 20)] == ["今天天气很好"]
    assert [text_of(row) for row in wrap(tokens, 9)] == ["今天天气", "很好"]


@given(TOKENS, st.integers(1, 40))
def test_no_row_is_too_wide_and_nothing_is_lost(tokens, width):
    rows = wrap(tokens, width)
    assert all(cell_len(text_of(row)) <= max(NARROWEST, width) for row in rows)
    assert "".join(piece.text for row in rows for piece in row) == "".join(t.text for t in tokens)


@given(TOKENS)
def test_packed_tokens_are_the_same_when_they_are_unpacked(tokens):
    assert list(unpack(pack(tokens))) == tokens


@given(TOKENS, st.integers(1, 40))
def test_rows_are_counted_as_they_are_made(tokens, width):
    assert count_rows(pack(tokens), width) == len(wrap(tokens, width))


@given(TOKENS, st.integers(NARROWEST, 40))
def test_every_row_is_found_in_the_text_where_it_is_said_to_begin(tokens, width):
    text = "".join(token.text if token.is_joined else " " + token.text for token in tokens)
    rows = wrap(tokens, width)
    starts = row_starts(rows, tokens)
    assert len(starts) == len(rows)
    for start, row in zip(starts, rows, strict=True):
        assert text.lstrip(" ")[start:].startswith(text_of(row))
    assert starts == sorted(starts)
