"""The list of calls as a board: what needs attention, what is chosen and kept, and parties that come as calls of their own."""

from datetime import UTC, datetime

import pytest

from streamer.core.alert import Alert, Severity
from streamer.core.audio import Leg
from streamer.core.events import EndReason
from streamer.recording.writer import create_recording
from streamer.store import NewAlert
from tests.fakes.stage import keep_past_call, open_stage
from tests.tui.some_board import SteadyBoard
from tui.state.board import add_alerts


@pytest.fixture
async def stage(recordings, monkeypatch):
    monkeypatch.chdir(recordings.parent)
    async with open_stage(recordings, shows_calls=True, size=(120, 40)) as stage:
        yield stage


@pytest.fixture
async def board(stage):
    await stage.pilot.pause()
    stage.calls_screen._board = SteadyBoard()
    await stage.sees("10 live, 12 calls")
    await stage.sees("● live")  # the rows may be drawn behind the title
    return stage


def line_of(stage, text):
    return next(number for number, row in enumerate(stage.rows()) if text in row)


async def test_an_alert_moves_its_call_up_and_names_its_rule(stage, monkeypatch):
    names = iter(f"20261120-13050{n}-aaaa" for n in range(9))
    monkeypatch.setattr("streamer.recording.writer.new_call_id", lambda now: next(names))
    calls = [
        create_recording(
            stage.recordings, source="s", url="", legs=(Leg("caller", "u", number=f"10{n}"),)
        )
        for n in range(3)
    ]
    for call in calls:
        await stage.store.keep_call(call.call, call.folder, call.paths)
    await stage.sees("3 live")
    await stage.sees("● live")  # the rows may be drawn behind the title
    assert line_of(stage, "102") < line_of(stage, "100"), "the newest call stands first"
    alert = Alert(calls[0].call.id, "refund", Severity.CRITICAL, datetime.now(UTC))
    await stage.store.keep_alerts([NewAlert(alert)])
    await stage.sees("!! refund")
    assert line_of(stage, "100") < line_of(stage, "102")
    for call in calls:
        call.finish(EndReason.HANG_UP)


async def test_an_alert_is_shown_between_two_looks_and_stays_when_an_older_look_ends(stage):
    legs = (Leg("caller", "u", number="100"),)
    call = create_recording(stage.recordings, source="s", url="", legs=legs)
    await stage.store.keep_call(call.call, call.folder, call.paths)
    await stage.sees("1 live")
    board, store = stage.calls_screen._board, stage.store
    older = await board._listing.look(store, limit=10)
    alert = Alert(call.call.id, "refund", Severity.CRITICAL, datetime.now(UTC))
    await store.keep_alerts([NewAlert(alert)])
    board._version = -1
    board._alerts = {call.call.id: []}
    new = await board.find_new_alerts(store)
    assert {name: [each.rule for each in found] for name, found in new.items()} == {
        call.call.id: ["refund"]
    }
    assert await board.find_new_alerts(store) == {}
    shown = [add_alerts(each, new) for each in stage.calls_screen.calls]
    assert [each.rule for each in shown[0].alerts] == ["refund"]

    async def look(reader, *, limit):
        return older

    board._listing.look = look
    [row] = await board.look(store, datetime.now(UTC), limit=10)
    assert [each.rule for each in row.alerts] == ["refund"]
    call.finish(EndReason.HANG_UP)


async def test_b_sorts_by_something_else_and_the_next_screen_does_too(board, recordings):
    await board.pilot.press("b")
    await board.sees("by newest")
    await board.pilot.press("b")
    await board.sees("by longest")
    first = next(shown for shown in board.calls_screen.calls)
    assert first.length_s == max(s.length_s for s in board.calls_screen.calls if s.is_live)
    async with open_stage(recordings, shows_calls=True) as again:
        await again.sees("by longest")


async def test_columns_are_chosen_and_given_back_to_the_width(board):
    await board.pilot.press("c")
    await board.sees("Columns of this list")
    await board.sees("[x] alert")
    await board.pilot.press("space")
    await board.sees("[ ] alert")
    await board.pilot.press("enter")  # the first one goes
    await board.pilot.pause()
    assert board.calls_screen.table.names[0] == "state"
    await board.pilot.press("c", "a")
    await board.pilot.pause()
    assert board.calls_screen.table.names[0] == "alert"


async def test_a_view_keeps_filter_and_order_under_a_name(board):
    await board.pilot.press("slash", *"!speaking", "enter", "b", "V", *"Quiet", "enter")
    await board.pilot.press("v", "enter")  # all of them
    await board.sees("10 live, 12 calls")
    await board.sees("● live")
    assert "shown" not in board.rows()[0]
    await board.pilot.press("v", *"jjjjj", "enter")
    await board.sees("shown")
    assert board.calls_screen.outlook.order.value == "newest"
    await board.pilot.press("v", *"jjjjj", "x", "v")
    await board.sees("No audio")
    assert "Quiet" not in board.text()


async def test_the_cursor_stays_on_its_call_while_the_order_changes(board):
    await board.pilot.press("j", "j", "j")
    chosen = board.calls_screen.selected
    await board.pilot.press("b", "b")
    await board.sees("by longest")
    assert board.calls_screen.selected == chosen


async def test_other_colours_are_drawn_at_once(board):
    def colours():
        strips = board.app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips[1:14] for segment in strip]
        return {style.color for style in styles if style and style.color}

    dark = colours()
    await board.pilot.press("d")
    await board.pilot.pause()
    await board.pilot.pause()
    assert dark.isdisjoint(colours())


async def test_both_parties_of_a_spied_call_are_one_row_and_enter_asks_which(stage):
    facts = {"via": "spy", "from": "100", "to": "200"}
    spied = [
        create_recording(
            stage.recordings, source="audiosocket", url="", legs=(Leg(label, "u"),), facts=facts
        )
        for label in ("agent", "customer")
    ]
    await stage.sees("1 live, 1 call")
    await stage.sees("100 → 200")
    await stage.pilot.press("enter")
    await stage.sees("Which party?")
    await stage.sees("customer")
    await stage.pilot.press("escape")
    for recording in spied:
        recording.finish(EndReason.HANG_UP)


async def test_rows_out_of_sight_are_drawn_as_they_are_when_they_come_into_sight(stage):
    for number in range(60):
        await keep_past_call(
            stage, f"20261101-1015{number:02}-aaaa", talk=[("agent", 0.0, f"Line {number}.")]
        )
    await stage.sees("60 calls")
    await stage.pilot.press("G")
    await stage.sees("Line 0.")
    await stage.pilot.press("g")
    await stage.sees("Line 59.")
    assert stage.rows()[1].split() == [
        "state",
        "from",
        "→",
        "to",
        "began",
        "length",
        "last",
        "words",
    ]
