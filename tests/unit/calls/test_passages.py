from datetime import UTC, datetime
from pathlib import Path

from streamer.calls.passages import join_passages
from streamer.store import Around, Hit

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def line(number, call="c", *, is_hit=False):
    spans = ((0, 4),) if is_hit else ()
    return Hit(call, "caller", "", number, number, number, NOW, f"{number}", spans, Path(), "en")


def shown(*numbers, call="c", last=99, lines=1):
    """Passages of the lines with these numbers, of a call of so many, with what was found in brackets."""
    hits = [line(number, call, is_hit=True) for number in numbers]
    around = [
        Around(
            tuple(line(n, call) for n in range(max(1, hit.utterance - lines), hit.utterance)),
            tuple(line(n, call) for n in range(hit.utterance + 1, min(last, hit.utterance + lines) + 1)),
        )
        for hit in hits
    ]  # fmt: skip
    for passage in join_passages(hits, around):
        for each in passage:
            assert bool(each.said.spans) == each.is_hit
        yield " ".join(f"[{each.said.text}]" if each.is_hit else each.said.text for each in passage)


def test_a_hit_stands_between_its_neighbours():
    assert [*shown(5)] == ["4 [5] 6"]
    assert [*shown(1)] == ["[1] 2"]
    assert [*shown(9, last=9)] == ["8 [9]"]


def test_hits_whose_lines_meet_share_them_and_no_line_stands_twice():
    assert [*shown(6, 5)] == ["4 [5] [6] 7"]
    assert [*shown(7, 5)] == ["4 [5] 6 [7] 8"]
    assert [*shown(8, 5)] == ["7 [8] 9", "4 [5] 6"]
    assert [*shown(9, 7, 5, 3)] == ["2 [3] 4 [5] 6 [7] 8 [9] 10"]
    assert [*shown(9, 5, lines=2)] == ["3 4 [5] 6 7 8 [9] 10 11"]


def test_passages_stand_as_their_newest_hits():
    hits = [line(9, "b"), line(9, "a"), line(8, "b"), line(2, "a")]
    around = [Around((line(8, "b"),)), Around(), Around((), (line(9, "b"),)), Around()]
    passages = join_passages(hits, around)
    assert [[(each.said.call_id, each.said.utterance) for each in p] for p in passages] == [
        [("b", 8), ("b", 9)],
        [("a", 9)],
        [("a", 2)],
    ]
