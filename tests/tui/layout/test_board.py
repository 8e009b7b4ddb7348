"""The rows of the list: which columns there are, how wide, and what stands in them."""

from __future__ import annotations

import pytest

from tests.fakes.stage import NOW
from tests.tui.some_board import list_board
from tui.layout.board import COLUMNS, MIDDLE, WIDE, Cell, choose_columns, cut, describe, fit

WIDTHS = (80, MIDDLE, 120, WIDE, 200)


def rows(width):
    return [describe(shown, NOW, width) for shown in list_board()]


def row(number, width):
    return {name: cell.text for name, cell in rows(width)[number].items()}


@pytest.mark.parametrize("width", WIDTHS)
def test_the_columns_fit_and_the_last_words_have_room(width):
    drawn = rows(width)
    names = choose_columns((), drawn, width)
    widths = fit(names, drawn, width, blanks=2)
    assert sum(widths.values()) + 2 * len(widths) == width
    assert widths["words"] >= 18


@pytest.mark.parametrize("width", [40, 50, 55, 56, 61, 65, 79])
def test_all_columns_fit_into_a_telephone_too(width):
    drawn = rows(width)
    names = choose_columns((), drawn, width)
    widths = fit(names, drawn, width, blanks=2)
    assert sum(widths.values()) + 2 * len(widths) == width
    assert widths["state"] >= len("● live")
    assert ("legs" in names) == (width >= 56)


def test_what_is_empty_everywhere_has_no_column_unless_it_is_chosen():
    past = rows(200)[-2:]
    assert {"alert", "legs", "talk", "keys"}.isdisjoint(choose_columns((), past, 200))
    assert choose_columns(("words", "keys", "unknown"), past, 80) == ("keys", "words")
    assert choose_columns(("unknown",), past, 80) == choose_columns((), past, 80)


def test_a_wide_terminal_says_in_words_what_a_narrow_one_says_in_signs():
    assert row(3, 80)["legs"] == "! ▸"
    assert row(3, 200)["legs"] == "● ! no audio  ◆ ▸ speaking"
    assert row(4, 200)["legs"].startswith("● ‹ words behind by 9 s")
    assert (row(1, 80)["alert"], row(1, 200)["alert"]) == ("!!", "!! cancellation")


def test_every_look_has_a_sign_too():
    looks: dict[tuple[str, str], set[str]] = {}
    for cells in rows(80):
        for name in ("alert", "legs"):
            if cells[name].text:
                looks.setdefault((name, cells[name].look), set()).add(cells[name].text)
    for (name, look), texts in looks.items():
        others = [t for (n, k), t in looks.items() if n == name and k != look]
        assert texts.isdisjoint(set().union(*others)), (name, look)


def test_a_live_call_has_its_talk_and_a_past_one_its_end():
    assert row(0, 120)["talk"] == "0:16 31/69%"
    assert row(0, 80)["began"] == "0:17", "its length, where there is no room for both"
    assert row(0, 120)["began"].count(":") == 2
    assert (row(10, 120)["talk"], row(10, 120)["length"]) == ("", "3:19")


def test_hostile_strings_are_harmless():
    (shown,) = list_board()[:1]
    leg = shown.entry.call.legs[0].leg
    object.__setattr__(leg, "name", "\x1b[31m\nBo")
    cells = describe(shown, NOW, 200)
    assert "\x1b" not in cells["who"].text
    assert "\n" not in cells["who"].text


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("short", 9, "short"), ("one two three", 9, "…wo three"), ("我想取消", 5, "…取消")],
)
def test_of_what_is_being_said_the_end_stays(text, width, shown):
    assert cut(text, width, keeps_end=True) == shown
    assert cut(text, width, keeps_end=False) == text


def test_a_cell_without_a_look_has_none():
    assert Cell("x").look == ""
    assert set(COLUMNS) == set(rows(80)[0])
