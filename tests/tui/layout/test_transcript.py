"""The virtual list: order, heights, turns, searching, and changes in the middle."""

import random

import pytest

from tui.layout.transcript import BlockLayout, spans
from tui.layout.wrapping import make_token

RANKS = {"caller": 0, "agent": 1}


def change(leg, number, start, text="word"):
    tokens = tuple(make_token(word) for word in text.split())
    return (leg, number), (start, RANKS[leg], number), tokens


def blocks_of(*changes, width=20):
    blocks = BlockLayout(width)
    blocks.update(changes)
    return blocks


def keys(blocks):
    return [block.key for block in blocks]


def test_blocks_stand_by_start_time_and_together_by_leg():
    blocks = blocks_of(change("agent", 1, 5), change("caller", 2, 9), change("caller", 1, 5))
    assert keys(blocks) == [("caller", 1), ("agent", 1), ("caller", 2)]


def test_only_a_new_speaker_has_a_gap_above():
    blocks = blocks_of(change("caller", 1, 0), change("caller", 2, 1), change("agent", 1, 2))
    assert [(block.opens_turn, block.has_gap) for block in blocks] == [
        (True, False),
        (False, False),
        (True, True),
    ]
    assert [blocks.top(n) for n in range(3)] == [0, 1, 2]
    assert blocks.height == 4
    assert [blocks.locate(row) for row in range(-1, 5)] == [
        None, (0, 0), (1, 0), (2, 0), (2, 1), None,
    ]  # fmt: skip


def test_a_block_put_before_the_first_gives_that_one_a_gap():
    blocks = blocks_of(change("caller", 1, 5))
    blocks.update([change("agent", 1, 0)])
    assert [(block.key[0], block.has_gap) for block in blocks] == [
        ("agent", False),
        ("caller", True),
    ]


def test_a_block_changes_in_its_place_and_its_height_with_it():
    blocks = blocks_of(change("caller", 1, 0), change("agent", 1, 1))
    blocks.update([change("caller", 1, 0, "a rather longer sentence now")])
    assert [block.rows for block in blocks] == [2, 1]
    assert blocks.top(1) == 2
    assert blocks[0].text == "a rather longer sentence now"


def test_a_block_that_goes_joins_the_turns_around_it():
    blocks = blocks_of(change("caller", 1, 0), change("agent", 1, 1), change("caller", 2, 2))
    blocks.update([("agent", 1), ("agent", 7)])
    assert [block.has_gap for block in blocks] == [False, False]
    assert blocks.height == 2


def test_another_width_breaks_anew():
    blocks = blocks_of(change("caller", 1, 0, "one two three four"), width=40)
    assert blocks.height == 1
    blocks.resize(10)
    assert blocks.height == 2
    assert len(blocks.rows(0)) == 2


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_changes_makes_the_same_blocks(seed):
    rng = random.Random(seed)
    final = [
        change(rng.choice(["caller", "agent"]), n, rng.randrange(50), "w " * rng.randrange(1, 20))
        for n in range(60)
    ]
    expected = blocks_of(*final)
    blocks = BlockLayout(20)
    for item in rng.sample(final, len(final)):
        key, (start, rank, number), tokens = item
        blocks.update([(key, (start + rng.randrange(3), rank, number), tokens[:1])])
        if rng.random() < 0.3:
            blocks.update([key])
        blocks.update([item])
    assert keys(blocks) == keys(expected)
    assert [blocks.top(n) for n in range(60)] == [expected.top(n) for n in range(60)]
    assert blocks.height == expected.height
    assert all(blocks.find(key) == n for n, key in enumerate(keys(blocks)))


def test_a_search_goes_around_the_end():
    blocks = blocks_of(*(change("caller", n, n, f"line {n % 3}") for n in range(9)))
    assert blocks.search("line 2", start=8, step=-1) == 8
    assert blocks.search("line 2", start=7, step=-1) == 5
    assert blocks.search("line 0", start=7, step=1) == 0
    assert blocks.search("nowhere", start=0, step=1) is None
    assert blocks.count("line 1") == 3


def test_spans_are_where_a_text_stands():
    assert spans("Is it Is", "is") == [(0, 2), (6, 8)]
    assert spans("anything", "") == []
    assert spans("Straße", "ss") == [], "folding changes lengths here"
