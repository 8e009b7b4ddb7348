"""The virtual list: order, heights, turns, searching, and changes in the middle."""

import random

import pytest

from tui.layout.transcript import Page, spans
from tui.layout.wrapping import make_token

RANKS = {"caller": 0, "agent": 1}


def change(leg, number, start, text="word"):
    tokens = tuple(make_token(word) for word in text.split())
    return (leg, number), (start, RANKS[leg], number), tokens


def page_of(*changes, width=20):
    page = Page(width)
    page.update(changes)
    return page


def keys(page):
    return [block.key for block in page]


def test_blocks_stand_by_start_time_and_together_by_leg():
    page = page_of(change("agent", 1, 5), change("caller", 2, 9), change("caller", 1, 5))
    assert keys(page) == [("caller", 1), ("agent", 1), ("caller", 2)]


def test_only_a_new_speaker_has_a_gap_above():
    page = page_of(change("caller", 1, 0), change("caller", 2, 1), change("agent", 1, 2))
    assert [(block.opens_turn, block.has_gap) for block in page] == [
        (True, False),
        (False, False),
        (True, True),
    ]
    assert [page.top(n) for n in range(3)] == [0, 1, 2]
    assert page.height == 4
    assert [page.locate(row) for row in range(-1, 5)] == [
        None, (0, 0), (1, 0), (2, 0), (2, 1), None,
    ]  # fmt: skip


def test_a_block_put_before_the_first_gives_that_one_a_gap():
    page = page_of(change("caller", 1, 5))
    page.update([change("agent", 1, 0)])
    assert [(block.key[0], block.has_gap) for block in page] == [("agent", False), ("caller", True)]


def test_a_block_changes_in_its_place_and_its_height_with_it():
    page = page_of(change("caller", 1, 0), change("agent", 1, 1))
    page.update([change("caller", 1, 0, "a rather longer sentence now")])
    assert [block.rows for block in page] == [2, 1]
    assert page.top(1) == 2
    assert page[0].text == "a rather longer sentence now"


def test_a_block_that_goes_joins_the_turns_around_it():
    page = page_of(change("caller", 1, 0), change("agent", 1, 1), change("caller", 2, 2))
    page.update([("agent", 1), ("agent", 7)])
    assert [block.has_gap for block in page] == [False, False]
    assert page.height == 2


def test_another_width_breaks_anew():
    page = page_of(change("caller", 1, 0, "one two three four"), width=40)
    assert page.height == 1
    page.resize(10)
    assert page.height == 2
    assert len(page.rows(0)) == 2


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_changes_makes_the_same_page(seed):
    rng = random.Random(seed)
    final = [
        change(rng.choice(["caller", "agent"]), n, rng.randrange(50), "w " * rng.randrange(1, 20))
        for n in range(60)
    ]
    expected = page_of(*final)
    page = Page(20)
    for item in rng.sample(final, len(final)):
        key, (start, rank, number), tokens = item
        page.update([(key, (start + rng.randrange(3), rank, number), tokens[:1])])
        if rng.random() < 0.3:
            page.update([key])
        page.update([item])
    assert keys(page) == keys(expected)
    assert [page.top(n) for n in range(60)] == [expected.top(n) for n in range(60)]
    assert page.height == expected.height
    assert all(page.find(key) == n for n, key in enumerate(keys(page)))


def test_a_search_goes_around_the_end():
    page = page_of(*(change("caller", n, n, f"line {n % 3}") for n in range(9)))
    assert page.search("line 2", start=8, step=-1) == 8
    assert page.search("line 2", start=7, step=-1) == 5
    assert page.search("line 0", start=7, step=1) == 0
    assert page.search("nowhere", start=0, step=1) is None
    assert page.count("line 1") == 3


def test_spans_are_where_a_text_stands():
    assert spans("Is it Is", "is") == [(0, 2), (6, 8)]
    assert spans("anything", "") == []
    assert spans("Straße", "ss") == [], "folding changes lengths here"
