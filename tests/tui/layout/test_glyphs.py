"""What is drawn can be drawn with ASCII alone, in as many cells; words stay where the terminal can show them."""

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

from tui.layout.glyphs import MARKS, PlainCharacters, mark, speaks_utf8


def plain(text, *, keeps_letters=True):
    glyphs = PlainCharacters(keeps_letters=keeps_letters)
    return "".join(s.text for s in glyphs.apply([Segment(text)], Color(0, 0, 0)))


@pytest.mark.parametrize("keeps_letters", [True, False])
@pytest.mark.parametrize(
    "drawn", ["┌─┬─┐│╭╮╰╯━┃═║", "▁▂▃▄▅▆▇█▉▊▋▌▍▎▏▐░▒▓▔▕", "←↑→↓↵⏎▸▾◂▶▼◀", MARKS, "✓✗★☆⚠•◉◎■🔎👍", "…·–—‘’“”"]
)  # fmt: skip
def test_whatever_is_drawn_has_something_in_ascii_in_its_place(drawn, keeps_letters):
    for character in drawn:
        got = plain(character, keeps_letters=keeps_letters)
        assert got.isascii(), character
        assert len(got) == cell_len(character), character


def test_what_stands_in_is_like_what_was_drawn():
    assert plain("┌─┐") == "+-+"
    assert plain("╭━╮│║") == "+=+||"
    assert plain("←↑→↓") == "<^>v"
    assert plain("▸▾") == ">v"


def test_speakers_are_told_apart_by_marks_in_ascii_too():
    assert len({plain(mark(rank)) for rank in range(len(MARKS))}) == len(MARKS)


def test_words_stay_in_their_own_letters():
    assert plain("Grüße, 今天 ما €5 — 90°") == "Grüße, 今天 ما €5 - 90?"


def test_a_terminal_without_utf8_gets_no_other_letters_either():
    assert plain("Grüße, 今", keeps_letters=False) == "Gr??e, ??"


@pytest.mark.parametrize(
    ("variables", "speaks"),
    [
        ({"LC_ALL": "C"}, False),
        ({"LC_ALL": "", "LC_CTYPE": "POSIX", "LANG": "de_DE.UTF-8"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "nb_NO.utf8"}, True),
    ],
)
def test_a_locale_says_by_its_name_whether_it_is_utf8(variables, speaks, monkeypatch):
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert speaks_utf8() == speaks
