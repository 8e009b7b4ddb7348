"""A long call is put on its blocks in slices, and nobody can tell."""

import gc

import pytest

from streamer.core.events import EndReason, Final
from tests.fakes.replay import until
from tests.fakes.stage import LEGS, PAST, keep_past_call, open_stage, segment
from tui.layout.pending import SLICE, PendingKeys, order_from
from tui.screens.call import CallScreen

LINES = 12 * SLICE


def keys(*numbers):
    return [("agent", number) for number in numbers]


def test_what_is_looked_at_comes_first_then_what_follows_then_what_stands_before():
    ordered = order_from(keys(*range(300)), 200)
    assert ordered[0] == ("agent", 200 - SLICE // 2)
    assert ordered[: 300 - 150] == keys(*range(150, 300))
    assert ordered[150:] == keys(*range(149, -1, -1))


def test_slices_are_taken_in_the_order_in_which_they_are_wanted():
    pending = PendingKeys()
    pending.add(keys(*range(SLICE + 1)))
    pending.add(keys(0))
    assert pending.take() == keys(*range(SLICE))
    assert ("agent", SLICE) in pending
    assert pending.take_all() == keys(SLICE)
    assert len(pending) == 0


@pytest.fixture
async def stage(recordings):
    async with open_stage(recordings, shows_calls=True) as stage:
        await keep_past_call(
            stage, talk=[("agent", 2.0 * n, f"This is line {n}.") for n in range(LINES)]
        )
        await stage.sees("complete")
        await stage.app.open_call(PAST)
        yield stage


async def test_a_long_call_opens_at_its_beginning_before_all_of_it_is_there(stage):
    assert 0 < len(stage.transcript.blocks) < LINES
    await stage.sees("This is line 0.")
    await stage.app.workers.wait_for_complete()
    assert len(stage.transcript.blocks) == LINES
    assert stage.transcript.scroll_offset.y == 0


@pytest.mark.parametrize(
    ("pressed", "seen"),
    [
        (["G"], f"line {LINES - 1}."),
        (["slash", *"700.", "enter"], "line 700."),
        (["slash", *"line 1", "enter", "n"], f"line {LINES - 1}."),
    ],
)
async def test_keys_that_have_to_know_every_line_do(stage, pressed, seen):
    await stage.pilot.press(*pressed)
    assert stage.transcript.cursor_block.text.endswith(seen) or seen in stage.text()
    assert len(stage.transcript.blocks) == LINES


async def test_a_jump_to_a_line_shows_it_and_it_stays_while_the_rest_comes(stage):
    await stage.pilot.press("escape")
    await stage.app.open_call(PAST, at=("agent", 801))
    await until(lambda: stage.transcript.cursor == ("agent", 801))
    await stage.pilot.pause()
    before = stage.rows()
    assert "This is line 800." in "".join(before)
    await stage.app.workers.wait_for_complete()
    await stage.pilot.pause()
    assert len(stage.transcript.blocks) == LINES
    assert [row[:-1] for row in stage.rows()][1:-1] == [row[:-1] for row in before][1:-1]


async def test_a_call_that_goes_on_shows_its_newest_lines_first(recordings):
    async with open_stage(recordings) as stage:
        await stage.pretend()
        stage.call_screen.shown.end = None
        lines = [segment("agent", n + 1, 2.0 * n, f"line {n}") for n in range(LINES)]
        for line in lines:
            stage.call_screen.shown.take(Final(stage.call_id, line))
        again = CallScreen(stage.call_screen.shown)
        await stage.app.push_screen(again)
        await stage.sees(f"line {LINES - 1}")
        await stage.app.workers.wait_for_complete()
        assert len(again.transcript.blocks) == LINES
        assert again.transcript.follows


async def test_the_collector_runs_again_when_a_call_has_been_read(stage):
    assert gc.isenabled()
    assert stage.call_screen.shown.end.reason is EndReason.HANG_UP
    assert len(LEGS) == 2
