"""`m` marks the line under the cursor, with a note; every screen shows it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from streamer.core.mark import Mark
from tests.fakes.stage import LEGS, PAST, keep_past_call, open_stage
from tui.screens.call import CallScreen


@pytest.fixture
async def stage(recordings):
    async with open_stage(recordings, shows_calls=True) as stage:
        await keep_past_call(stage)
        await stage.app.open_call(PAST)
        await stage.sees("keeps dropping")
        yield stage


async def kept(stage, count):
    for _ in range(3000):
        marks = await stage.store.read_marks([PAST])
        if len(marks) == count:
            return marks
        await stage.pilot.pause(0.01)
    raise AssertionError(marks)


async def test_m_marks_edits_and_an_empty_note_removes(stage):
    await stage.pilot.press("j", "m", *"ring", "enter")
    await stage.sees("⚑ ring")
    (mark,) = await kept(stage, 1)
    assert (mark.leg, mark.utterance, mark.note) == ("caller", 1, "ring")
    assert mark.text == "Hi, my internet connection keeps dropping."
    await stage.pilot.press("m", "end", *" back", "enter")
    await stage.sees("⚑ ring back")
    await stage.pilot.press("m", "escape")
    assert "⚑ ring back" in stage.text()
    await stage.pilot.press("m", "delete", "enter")
    await kept(stage, 0)
    await stage.pilot.pause()
    assert "⚑" not in stage.text()


async def test_a_mark_needs_no_note(stage):
    await stage.pilot.press("m", "enter")
    await stage.sees("⚑")
    assert [mark.note for mark in await kept(stage, 1)] == [""]


async def test_what_another_sets_and_removes_is_shown(stage):
    mark = Mark(PAST, "caller", 1, 72_000, 100_000, "[bold]by another", datetime.now(UTC))
    await stage.store.keep_mark(mark)
    await stage.sees("⚑ [bold]by")
    await stage.store.keep_mark(replace(mark, is_removed=True))
    for _ in range(3000):
        if "⚑" not in stage.text():
            break
        await stage.pilot.pause(0.01)
    assert "⚑" not in stage.text()


async def test_a_line_without_words_and_a_call_without_lines_cannot_be_marked(recordings):
    async with open_stage(recordings) as stage:
        await stage.pretend(legs=LEGS)
        await stage.pilot.press("m")
        await stage.sees("only a line with words")
        assert isinstance(stage.app.screen, CallScreen)


async def test_a_mark_that_cannot_be_stored_is_said(recordings):
    async with open_stage(recordings) as stage:
        await stage.pretend()
        await stage.talk()
        await stage.pilot.press("m", "enter")
        await stage.sees("not in the database")
