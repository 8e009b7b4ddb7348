"""Lines are never too wide, and break where they come out even."""

from __future__ import annotations

from hypothesis import given, strategies as st

from streamer.core.events import Word, join_words
from streamer.exporters.lines import LINE_WIDTH, Ruler, measure, shorten, split_word
from tests.unit.exporters.calls import say


def split(text: str, *, width: int = 10, seconds: int = 1) -> list[Word]:
    return list(split_word(Word(text, 0, 16_000 * seconds, 0.9), width=width))


def test_wide_characters_count_twice():
    assert measure("abc") == 3
    assert measure("世界!") == 5


def test_a_long_label_ends_in_an_ellipsis():
    assert shorten("caller", width=6) == "caller"
    assert shorten("supervisor", width=6) == "super…"


def test_a_word_that_fits_stays_whole():
    assert split("telephone") == [Word("telephone", 0, 16_000, 0.9)]


def test_a_word_too_wide_is_cut_and_its_time_shared_out():
    assert split("abcdefghijklmno", seconds=15) == [
        Word("abcdefghij", 0, 160_000, 0.9),
        Word("klmno", 160_000, 240_000, 0.9, is_joined=True),
    ]


def test_a_whole_sentence_in_one_word_is_cut_at_its_blanks():
    assert [word.text for word in split("one two")] == ["one", "two"]
    assert join_words(split("one two three")) == "one two three"


@given(st.text(st.characters(exclude_characters=" "), min_size=1), st.integers(2, 50))
def test_pieces_of_a_word_fit_and_make_the_word(text, width):
    pieces = split(text, width=width)
    assert join_words(pieces) == text
    assert all(0 < measure(piece.text) <= width for piece in pieces)
    assert [piece.start for piece in pieces[1:]] == [piece.end for piece in pieces[:-1]]
    assert pieces[-1].end == 16_000


def test_what_fits_on_one_line_stays_on_one():
    ruler = Ruler(say("Thank you for calling technical support.").words)
    assert ruler.lay_out(0, 6) == ("Thank you for calling technical support.",)


def test_two_lines_are_as_even_as_can_be():
    text = "Please unplug the router and wait thirty seconds."
    assert Ruler(say(text).words).lay_out(0, 8) == (
        "Please unplug the router",
        "and wait thirty seconds.",
    )


def test_of_two_even_breaks_the_shorter_first_line_is_taken():
    words = say("a" * 20 + " " + "b" * 9 + " " + "c" * 20).words
    assert Ruler(words).lay_out(0, 3) == ("a" * 20, "b" * 9 + " " + "c" * 20)


def test_a_prefix_stands_on_the_first_line_and_takes_its_room():
    text = "Please unplug the router and wait thirty seconds."
    assert Ruler(say(text).words, prefix="agent: ").lay_out(0, 8) == (
        "agent: Please unplug the",
        "router and wait thirty seconds.",
    )


@given(
    st.lists(st.tuples(st.integers(1, 34), st.booleans()), min_size=1, max_size=30),
    st.sampled_from(["", "caller: "]),
    st.data(),
)
def test_whatever_can_be_reached_fits_on_two_lines_and_no_more_does(sizes, prefix, data):
    words = [Word("x" * size, 0, 1, 0.9, is_joined) for size, is_joined in sizes]
    ruler = Ruler(words, prefix=prefix)
    start = data.draw(st.integers(0, len(words) - 1))
    for end in range(start + 1, ruler.reach(start) + 1):
        lines = ruler.lay_out(start, end)
        assert len(lines) <= 2
        assert all(0 < measure(line) <= LINE_WIDTH for line in lines)
        text = join_words(words[start:end])
        assert "".join(lines).replace(" ", "") == prefix.strip() + text.replace(" ", "")
    if ruler.reach(start) < len(words):
        whole = join_words(words[start : ruler.reach(start) + 1])
        assert len(prefix + whole) > LINE_WIDTH
