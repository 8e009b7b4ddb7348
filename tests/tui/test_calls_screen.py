"""The list of calls and the search, by what they open and show."""

import threading
from datetime import timedelta

import pytest
from textual.widget import Widget
from textual.widgets import OptionList

from streamer.core.events import SPEECH_RATE, EndReason, Lagging, Trouble
from streamer.recording.folder import CallFolder
from streamer.recording.live_status import LiveStatus
from streamer.recording.locks import take_lock
from streamer.recording.speaker_names import write_names
from streamer.recording.writer import create_recording
from tests.fakes.replay import PATIENCE_S, until
from tests.fakes.stage import LEGS, PAST, keep_past_call, open_stage, segment
from tui.layout.board import COLUMNS
from tui.screens.search import SearchScreen
from tui.state import list_details


@pytest.fixture
async def stage(recordings, monkeypatch):
    monkeypatch.chdir(recordings.parent)  # the folder is shown, and its name has words of the test
    async with open_stage(recordings, shows_calls=True) as stage:
        yield stage


async def test_without_calls_it_says_how_to_begin(stage):
    await stage.sees(f"No calls in ./{stage.recordings.name} yet. Try: streamer demo.")
    await stage.sees("Record: streamer watch")
    await stage.sees("CHANNEL. Receive: streamer serve")


async def test_a_tap_that_another_process_starts_is_noticed(stage):
    await stage.sees("No calls in ")
    recording = create_recording(stage.recordings, source="s", url="", legs=LEGS)
    await stage.sees("1 live")
    await stage.sees("● live")
    recording.finish(EndReason.HANG_UP)
    await stage.sees("0 live, 1 call")


async def test_a_live_call_is_listed_first_behind_any_number_of_newer_ones(stage, monkeypatch):
    monkeypatch.setattr("tui.screens.calls.SHOWN", 2)
    names = iter(f"20261120-13050{n}-aaaa" for n in range(9))
    monkeypatch.setattr("streamer.recording.writer.new_call_id", lambda now: next(names))
    live = create_recording(stage.recordings, source="s", url="", legs=LEGS)
    for _ in range(3):
        create_recording(stage.recordings, source="s", url="", legs=LEGS).finish(EndReason.HANG_UP)
    await stage.sees("1 live, 2 calls")
    await stage.sees("unfinished")
    assert stage.calls_screen.entries[0].call.id == live.call.id
    live.finish(EndReason.HANG_UP)


async def test_a_call_with_incomplete_audio_says_so_in_the_list_and_in_its_head(stage):
    recording = create_recording(stage.recordings, source="s", url="", legs=LEGS)
    recording.lose(0, 12 * LEGS[0].rate)
    recording.finish(EndReason.HANG_UP)
    await stage.sees("unfinished, audio incomplete (12 s)")
    await stage.pilot.press("enter")
    await stage.sees("ENDED")
    await stage.sees("audio incomplete (12 s)")


async def test_the_list_is_not_read_while_a_call_is_on_top_of_it(stage):
    recording = create_recording(stage.recordings, source="s", url="", legs=LEGS)
    await stage.sees("1 live")
    calls = stage.calls_screen
    await stage.pilot.press("enter")
    await until(lambda: not calls.is_active)
    await until(lambda: calls._refreshing.is_finished)
    last = calls._refreshing
    calls.refresh_soon()
    assert calls._refreshing is last
    recording.finish(EndReason.HANG_UP)
    await stage.pilot.press("escape")
    await stage.sees("0 live, 1 call")


async def test_a_list_in_which_nothing_happens_is_not_drawn_again(stage, monkeypatch):
    create_recording(stage.recordings, source="s", url="", legs=LEGS).finish(EndReason.HANG_UP)
    await stage.sees("0 live, 1 call")
    await stage.pilot.pause()
    drawn = []
    monkeypatch.setattr(Widget, "refresh", lambda self, *a, **k: drawn.append(self))
    stage.calls_screen._draw()
    assert drawn == []


async def test_a_slow_disk_delays_the_list_and_no_more(stage, monkeypatch):
    read, begun = list_details.DetailsReader.read, []
    is_read = threading.Event()

    def read_slowly(self, entries):
        begun.append(True)
        is_read.wait(PATIENCE_S)
        return read(self, entries)

    monkeypatch.setattr(list_details.DetailsReader, "read", read_slowly)
    await keep_past_call(stage)
    await until(lambda: begun)
    for _ in range(3):
        stage.calls_screen.refresh_soon()
        await stage.pilot.pause()
    assert len(begun) == 1
    is_read.set()
    await stage.sees("complete")


async def test_enter_opens_a_past_call_from_the_store(stage):
    await keep_past_call(stage)
    await stage.sees("complete")
    await stage.sees("Sure, it is")
    await stage.pilot.press("enter")
    await stage.sees("Thank you for calling")
    await stage.sees("ENDED  0:17 · hung up")
    assert stage.call_screen.shown.call_id == PAST


async def test_a_long_past_call_is_shown_from_its_beginning(stage):
    await keep_past_call(stage, talk=[("agent", 2.0 * n, f"This is line {n}.") for n in range(99)])
    await stage.sees("complete")
    await stage.pilot.press("enter")
    await stage.sees("This is line 0.")
    await stage.pilot.press("G")
    await stage.sees("This is line 98.")


async def test_a_click_opens_a_call(stage):
    await keep_past_call(stage)
    await stage.sees("complete")
    row = next(n for n, line in enumerate(stage.rows()) if "complete" in line)
    await stage.pilot.click(offset=(30, row))
    await stage.pilot.click(offset=(30, row))
    await stage.sees("Thank you for calling")


async def test_an_unfinished_call_says_how_to_finish_it(stage):
    recording = create_recording(stage.recordings, source="s", url="", legs=LEGS)
    recording.finish(EndReason.HANG_UP)
    await stage.sees("unfinished")
    await stage.pilot.press("enter")
    await stage.sees("streamer resume")


async def test_a_call_that_another_process_records_is_followed(stage):
    recording = create_recording(stage.recordings, source="s", url="", legs=LEGS)
    recording.demand(0)
    try:
        await stage.sees("1 live")
        await stage.pilot.press("enter")
        await stage.sees(recording.call.id)
        said = segment("agent", 1, 0.0, "Said by somebody else's backend.")
        await stage.sees("CONNECTING")
        while not await stage.store.known_calls([recording.call.id]):
            await stage.pilot.pause()
        await stage.store.keep_segment(
            recording.call.id, "agent", said, position=said.end, utterance=1
        )
        await stage.sees("Said by somebody else's backend.")
    finally:
        recording.finish(EndReason.HANG_UP)
    await stage.sees("ENDED")


async def test_slash_filters_while_it_is_typed_and_esc_shows_all_again(stage):
    await keep_past_call(stage)
    await keep_past_call(stage, "20261118-101500-bbbb", talk=[("agent", 0.0, "Goodbye.")])
    await stage.sees("Goodbye")
    await stage.pilot.press("slash", *"bye")
    await stage.sees("1 shown")
    assert "Sure, it is" not in stage.text()
    await stage.pilot.press("enter", "enter")
    await stage.sees("Goodbye.")
    assert stage.call_screen.shown.call_id == "20261118-101500-bbbb"
    await stage.pilot.press("escape")
    await stage.sees("1 shown")
    await stage.pilot.press("escape")
    await stage.sees("Sure, it is")


async def test_a_filter_that_nothing_passes_says_so(stage):
    await keep_past_call(stage)
    await stage.sees("complete")
    await stage.pilot.press("slash", *"zzz")
    await stage.sees('No call matches "zzz". Esc clears the filter.')


@pytest.mark.parametrize(("keys", "which"), [("jk", 0), ("j", 1), ("G", 2), ("Gg", 0)])
async def test_j_k_g_move_and_the_cursor_stays_on_its_call_when_one_is_added(stage, keys, which):
    ids = ["20261117-101500-cccc", "20261116-101500-bbbb", "20261115-101500-aaaa"]
    for days, call_id in enumerate(ids, start=3):
        await keep_past_call(stage, call_id, age=timedelta(days=days))
    await stage.sees("3 calls")
    await stage.pilot.press(*keys)
    assert stage.calls_screen.selected == ids[which]
    await keep_past_call(stage, PAST, age=timedelta(days=1))
    await stage.sees("4 calls")
    assert stage.calls_screen.selected == ids[which]


async def test_s_stops_the_call_under_the_cursor(stage):
    recording = create_recording(stage.recordings, source="s", url="", legs=LEGS)
    await stage.sees("1 live")
    await stage.pilot.press("s", "y")
    assert recording.is_stop_requested()
    recording.finish(EndReason.STOPPED)


async def test_a_live_call_shows_how_late_another_backend_is_that_nobody_follows_here(stage):
    recording = create_recording(stage.recordings, source="s", url="", legs=LEGS)
    lock = take_lock(recording.folder / "transcriber.lock")
    assert lock
    shown = LiveStatus(recording.folder)
    shown.post(Lagging(recording.call.id, "agent", 12.0))
    shown.post(Lagging(recording.call.id, "caller", 7.0))
    await stage.sees("● 12 s behind")
    shown.post(Lagging(recording.call.id, "agent", 0.0))
    await stage.sees("● 7 s behind")
    await stage.pilot.press("slash", *"live")
    await stage.sees("1 shown")
    lock.release()  # as when that backend is killed
    await stage.sees("● live  ")
    recording.finish(EndReason.HANG_UP)


async def test_a_call_that_is_over_is_not_late_whatever_lies_in_its_folder(stage):
    recording = create_recording(stage.recordings, source="s", url="", legs=LEGS)
    lock = take_lock(recording.folder / "transcriber.lock")
    assert lock
    (recording.folder / "lag.json").write_text('{"agent": 12.0}')
    recording.finish(EndReason.HANG_UP)
    await stage.sees("transcribing")
    assert "behind" not in stage.text()
    lock.release()


async def test_speakers_are_called_by_the_names_that_anybody_gave_them(stage):
    await keep_past_call(stage)
    await stage.sees("caller → agent")
    write_names(stage.recordings / PAST, {"agent": "Ann Lee"})
    await stage.sees("caller → Ann Lee")
    write_names(stage.recordings / PAST, {"agent": "Ann Low"})
    await stage.sees("caller → Ann Low")
    await stage.pilot.press("slash", *"ann l")
    await stage.sees("1 shown")
    await stage.pilot.resize_terminal(160, 24)
    assert "PJSIP/200" not in stage.text()
    down = "j" * list(COLUMNS).index("channels")
    await stage.pilot.press("enter", "c", *down, "space", "enter")
    await stage.sees("PJSIP/200")
    await stage.sees("Ann Low")


async def test_a_name_given_in_a_live_call_stands_in_the_list(stage):
    recording = create_recording(stage.recordings, source="s", url="", legs=LEGS)
    await stage.sees("1 live")
    await stage.pilot.press("enter")
    await stage.sees(recording.call.id)
    await stage.pilot.press("t", *"Bo", "enter", "escape")
    await stage.sees("Bo → agent")
    recording.finish(EndReason.HANG_UP)


async def test_names_that_have_not_changed_are_not_read_again(stage, monkeypatch):
    read = []

    def read_names(folder):
        read.append(folder.name)
        return {"agent": "Ann"}

    monkeypatch.setattr(list_details, "read_names", read_names)
    await keep_past_call(stage)
    write_names(stage.recordings / PAST, {"agent": "Ann"})
    await stage.sees("caller → Ann")
    await keep_past_call(stage, "20261118-101500-bbbb")
    await stage.sees("2 calls")
    assert read == [PAST]


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_q_leaves_and_recordings_go_on(stage, key):
    recording = create_recording(stage.recordings, source="s", url="", legs=LEGS)
    await stage.sees("1 live")
    await stage.pilot.press(key)
    await stage.pilot.pause()
    assert not stage.app.is_running
    assert CallFolder(recording.folder).is_live()
    recording.finish(EndReason.STOPPED)


async def test_x_takes_a_trouble_as_read(stage):
    await stage.publish(Trouble(None, "there is no database"))
    await stage.sees("there is no database")
    await stage.pilot.press("x")
    assert "there is no database" not in stage.text()


async def test_a_search_finds_while_it_is_typed_and_enter_jumps_to_the_line(stage):
    talk = [("agent", 2.0 * n, f"This is line {n}.") for n in range(200)]
    talk[50] = ("agent", 100.0, "The password is swordfish.")
    await keep_past_call(stage, talk=talk)
    await stage.sees("complete")
    await stage.pilot.press("ctrl+f", *"swordf*")
    await stage.sees("The password is swordfish.")
    await stage.pilot.press("enter", "enter")
    await stage.sees(PAST)
    assert stage.transcript.cursor_block.text == "The password is swordfish."
    await stage.sees("The password is swordfish.")
    await stage.pilot.press("escape")
    await stage.sees("1 line, newest first")
    await stage.pilot.press("escape")
    assert stage.calls_screen.selected == PAST


async def test_a_search_moves_by_j_and_k_and_begins_anew_with_slash(stage):
    await keep_past_call(stage)
    await stage.sees("complete")
    await stage.pilot.press("ctrl+f", *"can")
    await stage.sees("2 lines")
    await stage.pilot.press("enter", "j", "enter")
    await stage.sees("ENDED")
    assert stage.transcript.cursor_block.text.startswith("Thank you")
    await stage.pilot.press("escape", "slash", *"zzz")
    await stage.sees("Nothing found")


async def test_a_search_shows_the_lines_beside_and_keys_pass_over_them(stage):
    talk = [("agent" if n % 3 else "caller", 2.0 * n, f"This is line {n}.") for n in range(60)]
    for n in (20, 22, 50):
        talk[n] = (talk[n][0], 2.0 * n, "A refund.")
    await keep_past_call(stage, talk=talk)
    await stage.sees("complete")
    await stage.pilot.press("ctrl+f", *"refund")
    await stage.sees("3 lines, newest first")
    assert [row.strip().split("  ")[-1] for row in stage.rows()[2:12]] == [
        "This is line 49.",
        "A refund.",
        "This is line 51.",
        "",
        "This is line 19.",
        "A refund.",
        "This is line 21.",
        "A refund.",
        "This is line 23.",
        "",
    ]
    hits = stage.app.screen.query_one(OptionList)
    places = []
    await stage.pilot.press("enter")
    for key in ("j", "j", "k", "g", "G", "home", "pagedown", "pageup"):
        await stage.pilot.press(key)
        places.append(hits.highlighted)
    assert places == [5, 7, 5, 1, 7, 1, 7, 1]
    await stage.click("This is line 23.")
    assert isinstance(stage.app.screen, SearchScreen)
    await stage.pilot.press("j", "c")
    await stage.pilot.pause()
    assert hits.highlighted == 2
    shown = [row.strip().split("  ")[-1] for row in stage.rows()[2:6]]
    assert shown == [*["A refund."] * 3, ""]
    await stage.pilot.press("c", "enter")
    await stage.sees("ENDED")
    assert stage.transcript.cursor_block.order[0] == 40 * SPEECH_RATE


async def test_the_lines_beside_the_first_and_the_last_hit_are_scrolled_into_sight(stage):
    talk = [("agent", 2.0 * n, "A refund." if n % 3 == 1 else f"Line {n}.") for n in range(48)]
    await keep_past_call(stage, talk=talk)
    await stage.pilot.press("ctrl+f", *"refund")
    await stage.sees("16 lines, newest first")
    await stage.pilot.press("enter", "G")
    await stage.sees("Line 2.")
    await stage.pilot.press("g")
    await stage.sees("Line 45.")


async def test_a_search_calls_speakers_by_their_names(stage):
    await keep_past_call(stage)
    write_names(stage.recordings / PAST, {"agent": "Ann Lee"})
    await stage.pilot.press("ctrl+f", *"sorry")
    await stage.sees("Ann Lee  I am really sorry")


async def test_a_query_that_cannot_be_meant_is_explained(stage):
    await keep_past_call(stage)
    await stage.pilot.press("ctrl+f", *'"*')
    await stage.pilot.pause()
    assert isinstance(stage.app.screen, SearchScreen)


async def test_without_a_database_calls_are_listed_from_their_folders(recordings):
    async with open_stage(recordings, shows_calls=True, has_store=False) as stage:
        create_recording(recordings, source="s", url="", legs=LEGS).finish(EndReason.HANG_UP)
        await stage.sees("0 live, 1 call")
        await stage.pilot.press("enter")
        await stage.sees("streamer resume")
