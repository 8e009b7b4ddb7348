"""Pictures of every screen and state; `pytest tests/tui/test_snapshots.py --snapshot-update` takes new ones to look at."""

import time

import pytest
from textual.widgets import Input

from streamer.ari.roster import Line
from streamer.core.alert import Alert, Severity
from streamer.core.events import Dtmf, EndReason, Hold, Lagging, Trouble, Unclear
from streamer.core.mark import Mark
from streamer.recording.levels import Level
from streamer.wire.ari.answers import Channel, Party
from tests.fakes.stage import NOW, build_stage, keep_past_call
from tests.tui.some_board import SteadyBoard
from tui.layout.palette import PaletteColours
from tui.screens import channels, statistics
from tui.state.open_calls import OpenCalls
from tui.state.phase import Speech
from tui.themes import EMPTY_GROUNDS
from tui.widgets import call_status as status


class SteadyMeter:
    """A leg that is always as loud and as long."""

    def __init__(self, path, *, rate):
        self.peak = 0.2 if path.stem == "caller" else 0.01

    def read(self):
        return Level(self.peak, 83.0)


class SilentMeter(SteadyMeter):
    """A leg without audio."""

    def read(self):
        return Level()


@pytest.fixture(autouse=True)
def _frozen(monkeypatch, recordings):
    recordings.parent.mkdir(exist_ok=True)
    monkeypatch.chdir(recordings.parent)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(status, "is_recorded", lambda shown: not shown.is_over)
    monkeypatch.setattr(status, "LevelMeter", SteadyMeter)
    monkeypatch.setattr(statistics.Statistics, "_load", lambda self: iter(()))
    monkeypatch.setattr(Input, "_toggle_cursor", lambda self: None)  # it blinks
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def looks_right(snap_compare, recordings):
    """Compare the screen with its picture after a test has played on it."""

    def compare(play, *, size=(80, 24), keys=(), filters=(), **options):
        backstage = build_stage(recordings, **options)
        backstage.app._filters += filters

        async def run_before(pilot):
            stage = await backstage.enter(pilot)
            await play(stage)
            await pilot.press(*keys)
            await stage.look()

        return snap_compare(backstage.app, terminal_size=size, run_before=run_before)

    return compare


async def nothing(stage):
    pass


async def a_conversation(stage):
    await stage.pretend()
    await stage.talk()
    await stage.mumble("agent", 18.0, "Thank you, [one] moment", "please while I")


async def a_help(stage):
    await a_conversation(stage)
    await stage.pilot.press("question_mark")


async def some_calls(stage):
    await keep_past_call(stage)
    await keep_past_call(stage, "20261118-101500-bbbb", talk=[("agent", 0.0, "Goodbye.")])
    await stage.sees("Goodbye")


def test_starting(looks_right):
    assert looks_right(nothing)


def test_failed(looks_right):
    async def play(stage):
        stage.outcome.is_over = True
        await stage.publish(Trouble(None, "the PBX at ws://127.0.0.1:5039/ws cannot be reached"))
        stage.call_screen._draw_head()

    assert looks_right(play)


def test_ringing(looks_right, monkeypatch):
    monkeypatch.setattr(status, "LevelMeter", SilentMeter)

    async def play(stage):
        await stage.pretend()
        stage.call_screen.shown.attached.add("caller")
        stage.call_screen._draw_head()

    assert looks_right(play)


def test_live(looks_right):
    assert looks_right(a_conversation)


def test_live_in_a_wide_terminal(looks_right):
    assert looks_right(a_conversation, size=(160, 45))


def test_live_in_a_small_terminal(looks_right):
    assert looks_right(a_conversation, size=(20, 5))


def test_live_in_light_colours(looks_right):
    assert looks_right(a_conversation, keys=["d"])


@pytest.mark.parametrize("keys", [[], ["d"]], ids=["dark", "light"])
@pytest.mark.parametrize("has_256", [True, False], ids=["256", "16"])
def test_live_in_few_colours(looks_right, keys, has_256):
    few = PaletteColours(has_256=has_256, grounds=EMPTY_GROUNDS)
    assert looks_right(a_conversation, keys=keys, filters=[few])


async def an_eventful_call(stage):
    await a_conversation(stage)
    await stage.fill(30, "line {} of many", start_s=40.0)
    second, call = 16_000, stage.call_id
    await stage.publish(
        Hold(call, "caller", True, 28.0, NOW),
        Hold(call, "caller", False, 36.0, NOW),
        Dtmf(call, "caller", "5", 24.0, NOW),
        Unclear(call, "caller", 50 * second, 53 * second),
        Mark(call, "agent", 3, 11 * second, 13 * second, "check the number", NOW),
        Alert(call, "drops", Severity.CRITICAL, NOW, "caller", 1, 90_000, 110_000, "keeps"),
    )
    await stage.pilot.press("slash", *"line 2", "enter", "g")
    stage.app.clear_notifications()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("keys", [[], ["d"]])
def test_the_strip_of_a_call(looks_right, size, keys):
    assert looks_right(an_eventful_call, size=size, keys=keys)


def test_loading_the_model(looks_right, monkeypatch):
    monkeypatch.setattr(OpenCalls, "speech", lambda self: Speech("small", is_loading=True))
    assert looks_right(lambda stage: stage.pretend())


def test_catching_up(looks_right):
    async def play(stage):
        await a_conversation(stage)
        await stage.publish(Lagging(stage.call_id, "caller", 12.0))

    assert looks_right(play)


def test_frozen(looks_right):
    async def play(stage):
        await a_conversation(stage)
        await stage.pilot.press("p")
        await stage.say("caller", 25.0, "Nobody sees this yet.")

    assert looks_right(play)


def test_found(looks_right):
    async def play(stage):
        await a_conversation(stage)
        await stage.pilot.press("slash", *"can", "enter")
        stage.app.clear_notifications()

    assert looks_right(play)


def test_trouble(looks_right):
    async def play(stage):
        await a_conversation(stage)
        await stage.publish(
            Trouble(stage.call_id, "the disk is full; audio is being lost: free some space"),
            Trouble(None, "another"),
        )

    assert looks_right(play)


@pytest.mark.parametrize("reason", [EndReason.HANG_UP, EndReason.REFUSED])
def test_ended(looks_right, reason):
    async def play(stage):
        await a_conversation(stage)
        await stage.end(reason)

    assert looks_right(play)


@pytest.mark.parametrize("key", ["question_mark", "e", "i", "t", "colon"])
def test_in_front_of_a_call(looks_right, key, monkeypatch):
    monkeypatch.chdir("/")

    async def play(stage):
        await a_conversation(stage)
        await stage.pilot.press(key)
        if key == "colon":
            await stage.app.workers.wait_for_complete()
            await stage.sees("Clear the selection or the search")

    assert looks_right(play)


def test_names_and_times_on_the_wall(looks_right):
    async def play(stage):
        await a_conversation(stage)
        stage.call_screen.shown.folder = None  # nothing is written
        await stage.pilot.press("t", *"Ms Okafor", "enter", "w")

    assert looks_right(play)


def test_wide_characters(looks_right):
    async def play(stage):
        await stage.pretend()
        await stage.say(
            "caller",
            0.0,
            "今天天气很好我想取消我的合同因为互联网连接总是断开请帮助我谢谢您的理解和支持",
        )
        await stage.say(
            "agent", 5.0, "👍 👩‍👩‍👧 " + "Donaudampfschifffahrtsgesellschaftskapitän" * 3
        )

    assert looks_right(play)


def test_no_calls(looks_right):
    async def play(stage):
        await stage.sees("No calls in ")

    assert looks_right(play, shows_calls=True)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
def test_calls(looks_right, size):
    assert looks_right(some_calls, shows_calls=True, size=size)


async def a_board(stage):
    stage.calls_screen._board = SteadyBoard()
    await stage.sees("10 live, 12 calls")
    await stage.sees("● live")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
@pytest.mark.parametrize("keys", ["", "d"], ids=["dark", "light"])
def test_board(looks_right, size, keys):
    assert looks_right(a_board, shows_calls=True, size=size, keys=keys)


@pytest.mark.parametrize("key", ["c", "v"])
def test_in_front_of_the_board(looks_right, key):
    assert looks_right(a_board, shows_calls=True, keys=[key])


def test_board_filtered(looks_right):
    keys = ["slash", *"!speaking"]
    assert looks_right(a_board, shows_calls=True, size=(120, 40), keys=keys)


def test_calls_filtered(looks_right):
    async def play(stage):
        await some_calls(stage)
        await stage.pilot.press("slash", *"bye")
        await stage.sees("1 shown")

    assert looks_right(play, shows_calls=True)


async def a_search(stage):
    await some_calls(stage)
    await stage.pilot.press("ctrl+f", *"can")
    await stage.sees("2 lines")
    await stage.pilot.press("enter")


def test_search(looks_right):
    async def play(stage):
        await some_calls(stage)
        await stage.pilot.press("ctrl+f", *"can")
        await stage.sees("2 lines")

    assert looks_right(play, shows_calls=True)


WIDE_SCREENS = {
    "list": (a_board, True),
    "call": (an_eventful_call, False),
    "search": (a_search, True),
    "help": (a_help, False),
}


@pytest.mark.parametrize("keys", ["", "d"], ids=["dark", "light"])
@pytest.mark.parametrize("name", WIDE_SCREENS)
def test_a_wide_screen_in_256_colours(looks_right, name, keys):
    play, shows_calls = WIDE_SCREENS[name]
    few = PaletteColours(has_256=True, grounds=EMPTY_GROUNDS)
    options = {"size": (120, 40), "filters": [few], "shows_calls": shows_calls}

    async def play_in_colours(stage):
        await stage.pilot.press(*keys)
        await play(stage)

    assert looks_right(play_in_colours, **options)


def test_channels_to_pick_from(looks_right, monkeypatch):
    async def list_two(settings, say):
        yield [
            Line(
                Channel("1.1", "PJSIP/100-0000001a", "Up", Party("", "100"), Party("", "200")),
                codec="ulaw",
            ),
            Line(
                Channel("1.2", "PJSIP/200-0000001b", "Up", Party("", "200"), Party("", "100")),
                codec="g722",
                tapped="20261120-150203-x4qd",
            ),
        ]

    monkeypatch.setattr(channels, "follow_channels", list_two)

    async def play(stage):
        await stage.pilot.press("o")
        await stage.sees("2 shown")

    assert looks_right(play, shows_calls=True)
