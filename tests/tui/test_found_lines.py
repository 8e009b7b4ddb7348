from datetime import UTC, datetime
from pathlib import Path

import pytest

from streamer.store import Hit
from tui.screens.search import draw_hit


def marked(text, *spans, width=80):
    """The parts of a drawn line that are set off, and the line."""
    hit = Hit("c", "caller", "", 1, 0, 0, datetime.now(UTC), text, spans, Path(), "zh")
    line = draw_hit(hit, "caller", width)
    found = [s for s in line.spans if str(s.style) == "bold underline"]
    return [line.plain[span.start : span.end] for span in found], line.plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我想取消我的订单", ["取消", "订单"]),
        ("من می\u200cروم", ["می\u200cروم"]),
        ("早" * 90 + "取消" + "晚" * 90 + "订单", ["取消", "订单"]),
    ],
)
def test_what_was_looked_for_is_set_off_and_in_sight(text, words):
    spans = [(text.index(word), text.index(word) + len(word)) for word in words]
    found, line = marked(text, *spans)
    assert found == words
    assert line.index(words[0]) < 80


def test_a_match_near_the_beginning_leaves_the_line_as_it_is():
    assert marked("a refund of the money", (2, 8))[1].endswith("  a refund of the money")


@pytest.mark.parametrize("width", [80, 100, 120, 160])
@pytest.mark.parametrize("before", [0, 3, 6, 10, 40])
def test_a_match_is_whole_in_sight_with_the_words_before_it(width, before):
    text = "word " * before + "refund of the money " + "word " * 40
    at = text.index("refund")
    found, line = marked(text, (at, at + 6), width=width)
    assert found == ["refund"]
    assert line.index("refund") + 6 <= width - 2
    if before:
        assert "word refund" in line
