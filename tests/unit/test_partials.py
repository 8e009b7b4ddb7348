"""Other desks see what is being said, or nothing."""

from __future__ import annotations

import pytest

from streamer.events import Partial, Word
from streamer.partials import PartialBoard, read_partial

SAYING = Partial(
    "c1",
    "caller",
    7,
    16_000,
    48_000,
    (Word("I", 16_000, 20_000, 0.9),),
    (Word("世界", 20_000, 30_000, 0.5, True),),
)


async def test_the_newest_partial_is_read_back_and_gone_at_the_end(tmp_path):
    board = PartialBoard(tmp_path)
    board.post(Partial("c1", "caller", 6, 0, 1, (), ()))
    board.post(SAYING)
    assert board._writing is not None
    await board._writing
    assert read_partial(tmp_path, "c1", "caller") == SAYING
    assert (tmp_path / "caller.partial.json").stat().st_mode & 0o777 == 0o600
    await board.clear()
    await board.clear()
    assert read_partial(tmp_path, "c1", "caller") is None
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_is_gone_costs_nobody_anything(tmp_path):
    board = PartialBoard(tmp_path / "gone")
    board.post(SAYING)
    await board.clear()


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"utterance": "x"}', "\x00", "null"])
def test_a_damaged_file_is_nothing(tmp_path, damage):
    (tmp_path / "caller.partial.json").write_text(damage)
    assert read_partial(tmp_path, "c1", "caller") is None
