"""Every key of the call screen, by what it does outside the widget that has it."""

import json
import os
import stat

import pytest
from textual.command import CommandPalette
from textual.events import MouseScrollDown, MouseScrollUp

from streamer.core.events import CallStarted, Dtmf, EndReason, Trouble
from streamer.recording.folder import CallFolder
from streamer.recording.speaker_names import read_names, write_names
from tests.fakes.stage import SECOND, open_stage
from tui.screens.calls import CallsScreen
from tui.screens.dialogs import Choose, Confirm, Enter
from tui.screens.help import HelpScreen
from tui.screens.search import SearchScreen
from tui.screens.statistics import Statistics
from tui.state.messages import CallChanged, TroubleSaid
from tui.widgets.bottom import TroubleLine
from tui.widgets.head import CallHead, LegMeters
from tui.widgets.transcript import Transcript


@pytest.fixture
async def stage(recordings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with open_stage(recordings) as stage:
        await stage.begin()
        await stage.talk()
        yield stage


def place(stage):
    """Return the words of the line under the cursor."""
    return stage.transcript.cursor_block.text


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_q_and_ctrl_c_leave_and_the_recording_goes_on(stage, key):
    await stage.pilot.press(key)
    await stage.pilot.pause()
    assert not stage.app.is_running
    assert stage.app.return_code == 0
    assert CallFolder(stage.recording.folder).is_live()
    assert not stage.recording.is_stop_requested()


async def test_what_is_told_while_the_screen_closes_finds_no_widgets_and_harms_nothing(
    stage, monkeypatch
):
    screen, gone = stage.call_screen, []

    def tell(widget):
        gone.append(type(widget))
        stage.app.on_call_changed(CallChanged(screen.shown))
        stage.app.on_trouble_said(TroubleSaid())
        screen._look()

    kinds = [CallHead, LegMeters, Transcript, TroubleLine]
    for kind in kinds:
        monkeypatch.setattr(kind, "on_unmount", tell, raising=False)
    await stage.app._shutdown()
    assert set(gone) == set(kinds)


@pytest.mark.parametrize("opens", ["question_mark", "i", "e", "s"])
async def test_q_leaves_from_every_screen_in_front(stage, opens):
    await stage.pilot.press(opens, "q")
    await stage.pilot.pause()
    assert not stage.app.is_running


@pytest.mark.parametrize("opens", ["slash", "t", "ctrl+p", "ctrl+f"])
async def test_ctrl_c_leaves_also_while_something_is_typed(stage, opens):
    await stage.pilot.press(opens, "ctrl+c")
    await stage.pilot.pause()
    assert not stage.app.is_running


async def test_esc_goes_back_to_all_calls_and_enter_opens_the_call_again(stage):
    await stage.pilot.press("escape")
    await stage.sees("1 live")
    assert isinstance(stage.app.screen, CallsScreen)
    await stage.pilot.press("enter")
    await stage.sees("keeps dropping")
    assert stage.call_screen.shown.call_id == stage.call_id


async def test_esc_closes_what_is_open_before_it_goes_back(stage):
    await stage.pilot.press("slash", "x", "escape")
    assert not stage.call_screen.query_one("#find").display
    assert stage.call_screen


async def test_slash_finds_and_n_goes_further_back(stage):
    await stage.pilot.press("slash", *"ACCOUNT", "enter")
    assert place(stage) == "Can I have your account number please?"
    await stage.pilot.press("escape", "slash", *"can", "enter")
    found = [place(stage).split()[0]]
    for key in "nNn":
        await stage.pilot.press(key)
        found.append(place(stage).split()[0])
    assert found == ["Can", "Thank", "Can", "Thank"]


async def test_f_stops_following_and_follows_again(stage):
    await stage.pilot.press("f")
    assert "not following" in stage.rows()[0]
    await stage.say("agent", 20, "a new line")
    assert place(stage).startswith("Sure")
    await stage.pilot.press("f")
    assert "not following" not in stage.rows()[0]
    assert place(stage) == "a new line"


async def test_p_freezes_the_screen_only(stage):
    await stage.pilot.press("p")
    await stage.say("agent", 20, "said meanwhile")
    await stage.sees("frozen, 1 new")
    assert "said meanwhile" not in stage.text()
    assert stage.call_screen.shown.finals == 6
    await stage.pilot.press("p")
    await stage.sees("said meanwhile")


@pytest.mark.parametrize(("downs", "name"), [(0, "txt"), (1, "srt"), (3, "json")])
async def test_e_writes_the_transcript_into_a_new_file(stage, tmp_path, downs, name):
    await stage.pilot.press("e")
    assert isinstance(stage.app.screen, Choose)
    await stage.pilot.press(*["j"] * downs, "enter")
    await stage.sees("Saved")
    path = tmp_path / f"{stage.call_id}.{name}"
    assert "keeps dropping" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_e_never_overwrites(stage, tmp_path):
    (tmp_path / f"{stage.call_id}.txt").write_text("mine")
    await stage.pilot.press("e", "enter")
    await stage.sees("Saved")
    assert (tmp_path / f"{stage.call_id}.txt").read_text() == "mine"
    assert "keeps dropping" in (tmp_path / f"{stage.call_id}-2.txt").read_text()


async def test_c_copies_the_line(stage):
    await stage.pilot.press("k", "c")
    assert stage.app.clipboard == "Can I have your account number please?"


async def test_s_asks_and_leaves_a_stop_file(stage):
    await stage.pilot.press("s")
    assert isinstance(stage.app.screen, Confirm)
    await stage.pilot.press("n")
    assert not stage.recording.is_stop_requested()
    await stage.pilot.press("s", "y")
    assert stage.recording.is_stop_requested()


async def test_s_says_that_nothing_is_recorded_any_more(stage):
    await stage.end()
    await stage.pilot.press("s")
    await stage.sees("not being recorded")


async def test_t_keeps_the_names_that_a_call_has_already(stage):
    recording = stage.recording
    write_names(recording.folder, {"agent": "Bob"})
    await stage.publish(CallStarted(recording.call, recording.folder, recording.paths))
    await stage.sees("Bob")
    await stage.pilot.press("t", *"Ann", "enter")
    await stage.sees("Ann")
    assert read_names(recording.folder) == {"caller": "Ann", "agent": "Bob"}


async def test_t_names_a_speaker_for_good(stage, tmp_path):
    await stage.pilot.press("t")
    assert isinstance(stage.app.screen, Enter)
    await stage.pilot.press(*"Ann Lee", "enter")
    await stage.sees("Ann Lee")
    folder = stage.recording.folder
    assert json.loads((folder / "names.json").read_text()) == {"caller": "Ann Lee"}
    await stage.pilot.press("e", "enter")
    await stage.sees("Saved")
    assert "Ann Lee: Hi" in (tmp_path / f"{stage.call_id}.txt").read_text()
    await stage.pilot.press("e", "j", "j", "j", "enter")
    await stage.sees(".json")
    document = json.loads((tmp_path / f"{stage.call_id}.json").read_text())
    assert document["legs"][0]["leg"] == "caller"
    assert document["legs"][0]["speaker"] == "Ann Lee"


async def test_w_shows_the_time_on_the_wall(stage):
    await stage.sees("0:04")
    await stage.pilot.press("w")
    wall = f"{stage.recording.call.started_at.astimezone():%H:%M}"
    assert any(line.strip().startswith(wall) for line in stage.rows())
    await stage.pilot.press("w")
    await stage.sees("0:04")


async def test_i_shows_figures(stage):
    await stage.pilot.press("i")
    assert isinstance(stage.app.screen, Statistics)
    await stage.sees("Final lines: 5 ")
    await stage.pilot.press("i")
    assert stage.call_screen


async def test_the_figures_have_a_mark_for_a_key_that_no_telephone_has(stage):
    call_id, at = stage.recording.call.id, stage.recording.call.started_at
    for digit, raw in (("5", ""), (None, "66"), ("#", "")):
        stage.recording.note_digit(0, Dtmf(call_id, "caller", digit, 0.0, at, raw))
    CallFolder(stage.recording.folder).write(stage.recording.describe())
    await stage.pilot.press("i")
    await stage.sees("DTMF digits: 5?#")


async def test_l_plays_from_the_line_and_l_again_stops(stage, tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    player = folder / "play"
    player.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/played\nexec cat {tmp_path}/fifo\n')
    player.chmod(0o755)
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    for leg in range(2):
        stage.recording.count(leg, SECOND, arrival=0.0)
        stage.recording.append(leg, [SECOND])
        await stage.sees("━")
    await stage.pilot.press("k", "l")
    await stage.sees("playing")
    while not (tmp_path / "played").exists() or not (tmp_path / "played").read_text():
        await stage.pilot.pause(0.01)
    arguments = (tmp_path / "played").read_text().split()
    assert arguments[:2] == ["-q", "-m"]
    assert arguments[2].endswith("agent.wav")
    assert arguments[-2:] == ["trim", "11.00"]
    await stage.pilot.press("l")
    assert "playing" not in stage.rows()[0]


async def test_a_player_that_fails_is_said(stage, tmp_path, monkeypatch):
    player = tmp_path / "play"
    player.write_text("#!/bin/sh\nexit 2\n")
    player.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for leg in range(2):
        stage.recording.count(leg, SECOND, arrival=0.0)
        stage.recording.append(leg, [SECOND])
        await stage.sees("━")
    await stage.pilot.press("l")
    await stage.sees("Playing failed")


async def test_l_without_a_player_says_what_to_install(stage, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    await stage.pilot.press("l")
    await stage.sees("no program that plays sound")


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_the_palette_runs_what_keys_do(stage, key):
    await stage.pilot.press(key)
    assert isinstance(stage.app.screen, CommandPalette)
    await stage.pilot.press(*"dark or light")
    await stage.pilot.pause()
    await stage.app.workers.wait_for_complete()
    await stage.pilot.pause()
    await stage.pilot.press("enter")
    await stage.pilot.pause()
    assert stage.app.theme == "streamer-light"


async def test_d_changes_between_dark_and_light(stage):
    await stage.pilot.press("d")
    assert not stage.app.current_theme.dark
    await stage.pilot.press("d")
    assert stage.app.current_theme.dark


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_question_mark_shows_all_keys(stage, key):
    await stage.pilot.press(key)
    assert isinstance(stage.app.screen, HelpScreen)
    await stage.sees("In a call")
    shown = ""
    for _ in range(12):
        await stage.pilot.press(*"jjj")
        await stage.app.animator.wait_until_complete()
        shown += stage.text()
    assert "Quit (recordings continue)" in shown
    await stage.pilot.press("escape")
    assert stage.call_screen


async def test_the_help_goes_down_and_up(stage):
    await stage.pilot.press("question_mark")
    await stage.sees("Esc close, j/k scroll")
    await stage.pilot.press(*"jjjjjj")
    await stage.app.animator.wait_until_complete()
    await stage.pilot.pause()
    assert "Esc close, j/k scroll" not in stage.text()
    await stage.pilot.press(*"kkkkkk")
    await stage.sees("Esc close, j/k scroll")


async def test_ctrl_f_searches_all_calls(stage):
    await stage.pilot.press("ctrl+f")
    assert isinstance(stage.app.screen, SearchScreen)
    await stage.pilot.press("escape")
    assert stage.call_screen


async def test_g_and_arrows_move_through_the_lines(stage):
    seen = []
    for key in ("g", "j", "down", "k", "up", "G"):
        await stage.pilot.press(key)
        seen.append((place(stage).split()[0], stage.transcript.follows))
    assert seen == [
        ("Thank", False),
        ("Hi,", False),
        ("I", False),
        ("Hi,", False),
        ("Thank", False),
        ("Sure,", True),
    ]


async def test_pages_move_by_what_is_in_sight(stage):
    await stage.fill(100, start_s=20)
    await stage.pilot.press("pageup")
    assert "line 99" not in stage.text()
    await stage.pilot.press("pageup", "pageup")
    top = stage.transcript.scroll_offset.y
    await stage.pilot.press("pagedown")
    assert stage.transcript.scroll_offset.y == top + stage.transcript.size.height - 1
    await stage.pilot.press("pagedown", "pagedown", "pagedown")
    await stage.sees("line 99")
    assert stage.transcript.follows


async def test_x_takes_troubles_as_read_one_by_one(stage):
    await stage.publish(
        Trouble(stage.call_id, "the disk is nearly full"), Trouble(None, "something else")
    )
    await stage.sees("the disk is nearly full  x dismiss (1 more)")
    await stage.pilot.press("x")
    await stage.sees("something else  x dismiss")
    await stage.pilot.press("x")
    assert "x dismiss" not in stage.text()


async def test_a_click_puts_the_cursor_on_a_line_and_c_copies_it(stage):
    row = next(n for n, line in enumerate(stage.rows()) if "keeps dropping" in line)
    await stage.pilot.click(offset=(30, row))
    await stage.pilot.press("c")
    assert stage.app.clipboard == "Hi, my internet connection keeps dropping."


async def test_the_wheel_stops_following_and_follows_at_the_end(stage):
    await stage.fill(40, start_s=20)
    await stage.wheel(MouseScrollUp)
    assert not stage.transcript.follows
    await stage.wheel(MouseScrollDown, times=3)
    assert stage.transcript.follows


async def test_a_stopped_recording_is_said(stage):
    await stage.end(EndReason.STOPPED, 17)
    await stage.sees("ENDED")
    assert "recording stopped" in stage.rows()[0]


async def test_a_click_on_a_key_that_a_dialog_names_presses_it(stage):
    await stage.pretend()
    await stage.talk()
    for key, title, named in (
        ("e", "Export to", "Esc Cancel"),
        ("t", "Name for", "Esc Cancel"),
        ("i", "Final lines", "Esc Close"),
        ("question_mark", "In a call", "Esc close"),
    ):
        await stage.pilot.press(key)
        await stage.sees(title)
        await stage.click(named)
        await stage.pilot.pause()
        assert title not in stage.text(), key
    await stage.pilot.press("t", *"Ann")
    await stage.click("Enter Save")
    await stage.sees("● Ann")
