"""The line of keys at the foot of a screen."""

import pytest
from textual.drivers.headless_driver import HeadlessDriver
from textual.events import MouseDown, MouseMove

from streamer.config import Settings
from tests.fakes.stage import keep_past_call, open_stage
from tui.app import ScreenApp
from tui.screens.call import CallScreen
from tui.widgets.keys import KeyLine


def foot(stage):
    return stage.rows()[-1].strip()


async def settle(stage):
    for _ in range(3):
        await stage.pilot.pause()


@pytest.mark.parametrize("width", [40, 80, 160])
async def test_as_many_keys_as_fit_are_shown_whole_with_help_among_them(recordings, width):
    async with open_stage(recordings, size=(width, 24)) as stage:
        await settle(stage)
        shown = foot(stage)
        everything = (
            "q Quit  ? Help  Esc Back  / Find  f Follow  e Export  s Stop  t Name  l Play  p Freeze  "
            "c Copy  i Info  w Time  d Theme"
        )
        assert everything.startswith(shown)
        assert "? Help" in shown
        assert everything[len(shown) :][:1] in ("", " ")


async def test_help_stays_whatever_else_there_is_room_for(recordings):
    settings = Settings(recordings=str(recordings), keys={"quit": ["ctrl+f12"]})
    async with open_stage(recordings, settings=settings) as stage:
        for width, shown in (
            (5, ""),
            (6, "? Help"),
            (16, "? Help"),
            (17, "^f12 Quit  ? Help"),
            (27, "^f12 Quit  ? Help  Esc Back"),
        ):
            await stage.pilot.resize_terminal(width, 24)
            await settle(stage)
            assert foot(stage) == shown


async def test_a_wider_terminal_shows_more_of_them(recordings):
    async with open_stage(recordings) as stage:
        await stage.pilot.resize_terminal(160, 24)
        await settle(stage)
        assert "d Theme" in foot(stage)


async def test_the_most_useful_keys_stand_in_80_columns(recordings):
    async with open_stage(recordings) as stage:
        await settle(stage)
        for key in ("q Quit", "? Help", "Esc Back", "/ Find", "f Follow", "e Export", "s Stop"):
            assert key in foot(stage)


async def test_the_list_of_calls_says_how_to_open_one_and_how_to_show_all_again(recordings):
    async with open_stage(recordings, shows_calls=True) as stage:
        await keep_past_call(stage)
        await stage.sees("Enter Open  q Quit  ? Help  / Filter  ^f Search  s Stop  d Theme")
        await stage.pilot.press("slash", "g")
        await stage.sees("Enter Go  f1 Help")
        await stage.pilot.press("enter")
        await stage.sees("Esc Show all")
        await stage.pilot.press("escape")
        await settle(stage)
        assert "Esc Show all" not in foot(stage)


async def test_the_search_says_how_to_go_into_the_list_and_open_a_line(recordings):
    async with open_stage(recordings, shows_calls=True) as stage:
        await keep_past_call(stage)
        await stage.pilot.press("ctrl+f", *"can")
        await stage.sees("Enter Go to results  f1 Help  Esc Back")
        await stage.sees("2 lines")
        await stage.pilot.press("enter")
        await stage.sees("Enter Open  q Quit  ? Help  Esc Back")


async def test_f1_helps_while_something_is_typed(recordings):
    async with open_stage(recordings) as stage:
        await stage.pilot.press("slash", "f1")
        await stage.sees("In a call")
        await stage.pilot.press("f1")
        assert stage.call_screen.query_one("#find").display


async def test_a_browser_is_not_offered_what_it_cannot_do(recordings, monkeypatch):
    monkeypatch.setattr(HeadlessDriver, "is_web", True)
    async with open_stage(recordings, size=(160, 60)) as stage:
        await settle(stage)
        assert "t Name  l Play  p Freeze" in foot(stage)
        asked = []

        def listen_in(*place):
            asked.append(place)
            return True

        monkeypatch.setattr(stage.app, "listen_in", listen_in)
        await stage.pilot.press("l")
        await stage.pilot.pause()
        assert asked == [(stage.call_screen.shown.call_id, None)], "the page plays it"
        await stage.pilot.press("question_mark")
        await stage.sees("Freeze the screen (recording continues)")
        assert "Play the audio from this line" in stage.text()
        assert "Suspend the screen" not in stage.text()
        await stage.pilot.press("escape")
        offered = [each.title for each in stage.app.get_system_commands(stage.app.screen)]
        assert not [title for title in offered if title.startswith("Suspend")]


async def test_a_terminal_is_offered_all_of_it(recordings):
    async with open_stage(recordings, size=(160, 60)) as stage:
        await settle(stage)
        assert "t Name  l Play  p Freeze" in foot(stage)
        await stage.pilot.press("question_mark")
        await stage.sees("Play the audio from this line")
        assert "Suspend the screen" in stage.text()


async def test_the_mouse_presses_a_key_of_the_foot_and_learns_what_it_does(recordings):
    async with open_stage(recordings, size=(100, 24)) as stage:
        await settle(stage)
        at, y = stage.find("p Freeze")
        before = ground_at(stage, at)
        await stage.mouse(MouseMove, at + 3, y)
        assert tip(stage) == "Freeze the screen (recording continues)"
        assert ground_at(stage, at) != before == ground_at(stage, at - 1)
        assert before == ground_at(stage, at + len("p Freeze"))
        await stage.mouse(MouseMove, at - 1, y)
        assert (tip(stage), ground_at(stage, at)) == (None, before), "it is between two keys"
        await stage.mouse(MouseMove, at, y)
        await stage.mouse(MouseMove, at, y - 2)
        assert (tip(stage), ground_at(stage, at)) == (None, before)
        await stage.mouse(MouseDown, at - 1, y)
        assert not stage.transcript.is_frozen
        await stage.click("p Freeze")
        await stage.sees("frozen")


def ground_at(stage, x):
    """Return the colour behind a cell of the foot."""
    (cell,) = stage.app.screen._compositor.render_strips()[-1].crop(x, x + 1)
    return cell.style.bgcolor


def tip(stage):
    """Return what is said of the key under the mouse."""
    return stage.call_screen.query_one(KeyLine).tooltip


async def test_a_key_that_may_not_be_pressed_now_is_dim_and_rings(recordings, monkeypatch):
    rung = []
    monkeypatch.setattr(ScreenApp, "bell", lambda _: rung.append(True))
    offers = CallScreen.check_action
    monkeypatch.setattr(
        CallScreen,
        "check_action",
        lambda screen, action, given: None if action == "freeze" else offers(screen, action, given),
    )
    async with open_stage(recordings, size=(100, 24)) as stage:
        await settle(stage)
        row = stage.app.screen._compositor.render_strips()[-1]
        looks = {each.text.strip(): each.style.color for each in row if each.style}
        assert looks["Freeze"] not in (None, looks["Name"], looks["Quit"])
        assert looks["Name"] == looks["Quit"]
        await stage.click("p Freeze")
        assert (rung, stage.transcript.is_frozen) == ([True], False)


async def test_a_call_that_has_ended_says_that_nothing_is_frozen(recordings):
    async with open_stage(recordings, shows_calls=True) as stage:
        await keep_past_call(stage)
        await stage.sees("caller → agent")
        await stage.pilot.press("enter")
        await stage.sees("f Follow")
        await stage.pilot.press("p")
        await stage.sees("This call has ended: nothing moves")
        assert not stage.transcript.is_frozen
