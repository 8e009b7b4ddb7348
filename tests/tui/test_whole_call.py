"""Going through a call by what happened in it, and seeing where in the whole one is."""

from datetime import datetime

import pytest

from streamer.core.alert import Alert, Severity
from streamer.core.events import SPEECH_RATE, Hold
from streamer.core.mark import Mark
from tests.fakes.stage import NOW, open_stage
from tui.layout.interest import find_interest
from tui.layout.ticks import Ticks
from tui.widgets.timeline import Timeline


@pytest.fixture
async def stage(recordings):
    async with open_stage(recordings) as stage:
        await stage.pretend()
        await stage.talk()
        await stage.fill(20, start_s=40.0)
        alert = Alert(
            stage.call_id, "drops", Severity.CRITICAL, NOW, "caller", 1, 90_000, 110_000, "keeps"
        )
        mark = Mark(stage.call_id, "agent", 3, 11 * SPEECH_RATE, 13 * SPEECH_RATE, "number", NOW)
        await stage.publish(alert, mark)
        yield stage


def place(stage):
    return stage.transcript.cursor_block.text


async def test_brackets_go_to_alerts_marks_and_long_silences(stage):
    await stage.pilot.press("g")
    found, said = [], ""
    for key in ("]", "]", "]", "]", "[", "["):
        await stage.pilot.press({"]": "right_square_bracket", "[": "left_square_bracket"}[key])
        found.append(place(stage)[:12])
        said += stage.text()
    assert found == [
        "Hi, my inter",
        "Can I have y",
        "line 0",
        "line 0",
        "Can I have y",
        "Hi, my inter",
    ]
    assert "no alert, mark or long silence there" in said
    assert "of silence" in said


async def test_braces_go_from_speaker_to_speaker(stage):
    await stage.pilot.press("g")
    found = []
    for key in ("right_curly_bracket",) * 3 + ("left_curly_bracket",):
        await stage.pilot.press(key)
        found.append(place(stage)[:6])
    assert found == ["Hi, my", "I am r", "Sure, ", "I am r"]


async def test_a_hold_is_silence(stage):
    await stage.publish(Hold(stage.call_id, "agent", True, 70.0, datetime.now(NOW.tzinfo)))
    await stage.say("agent", 75.0, "back again")
    blocks, shown = stage.transcript.blocks, stage.call_screen.shown
    found = find_interest(blocks, shown, len(blocks) - 2, 1)
    assert found is not None
    assert (blocks[found[0]].text, found[1]) == ("back again", "after 0:15 of silence")


async def test_the_scroll_bar_shows_hits_marks_and_alerts(stage):
    await stage.pilot.press("slash", *"line 1", "enter")
    rows = [row[-1] for row in stage.rows()]
    assert {"!", "⚑", "━"} <= set(rows)
    assert rows.index("!") < rows.index("⚑") < rows.index("━")


async def test_ticks_are_found_by_row_and_hits_looked_for_once(stage):
    ticks, transcript, shown = Ticks(), stage.transcript, stage.call_screen.shown
    placed = ticks.place(transcript.blocks, shown, "line", 10)
    assert ("━", "match") in placed.values()
    assert all(0 <= row < 10 for row in placed)
    hits = ticks._hits
    assert ticks.place(transcript.blocks, shown, "line", 10) == placed
    assert ticks._hits is hits
    assert ("━", "match") not in ticks.place(transcript.blocks, shown, "", 10).values()


async def test_a_click_on_the_strip_goes_to_that_moment(stage):
    strip = stage.call_screen.query_one(Timeline)
    assert strip.size.height == 2
    y = strip.region.y
    await stage.pilot.click(Timeline, offset=(round(11.5 / 60 * strip.size.width), 0))
    assert place(stage).startswith("Can I have your account number")
    assert stage.rows()[y].count("▀") > 3


async def test_v_hides_the_strip_and_shows_it_again(stage):
    await stage.pilot.press("v")
    assert not stage.call_screen.query_one(Timeline).display
    await stage.pilot.press("v")
    assert stage.call_screen.query_one(Timeline).cells


async def test_a_low_terminal_has_no_strip(recordings):
    async with open_stage(recordings, size=(80, 12)) as stage:
        await stage.pretend()
        await stage.talk()
        await stage.pilot.press("right_square_bracket")
        assert not stage.call_screen.query_one(Timeline).region
