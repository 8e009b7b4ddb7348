"""Keys that a user has chosen: what cannot be meant is said, and the foot, the help and the palette show them."""

import pytest

from streamer.cli.frontend import check_keys, judge_keys
from streamer.config import Settings
from streamer.errors import UsageError
from tests.fakes.stage import keep_past_call, open_stage
from tui.screens.help import draw_help
from tui.screens.keymap import read_key
from tui.widgets.transcript import Transcript


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("x", "x"), ("X", "X"), ("?", "question_mark"), (",", "comma"), (" ", "space"), ("-", "minus"),
        ("F8", "f8"), ("PgUp", "pageup"), ("Esc", "escape"), ("Ctrl-X", "ctrl+x"), ("alt+Enter", "alt+enter"),
        ("question_mark", "question_mark"), ("ctrl+i", "tab"),
        ("hyper+x", ""), ("shift+x", ""), ("xx", ""), ("f99", ""), ("ctrl+", ""), ("", ""), ("x,y", ""),
    ],
)  # fmt: skip
def test_keys_are_read_as_people_write_them(written, key):
    assert read_key(written) == key


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"stp": "x"}, "there is no action stp; the nearest is stop"),
        ({"interrupt": "x"}, "interrupt keeps its keys, so that everybody can leave"),
        ({"mark": ["m", "hyper+x"]}, "mark: there is no key hyper+x; write a character, or a name"),
        ({"export": "pagedown"}, "export and page-down are both on pagedown"),
        ({"mark": "f5", "stop": "f5"}, "stop and mark are both on f5"),
        ({"stop": "down"}, "stop and down are both on down"),
        ({"sort": "pagedown"}, "sort: pagedown does something else in the call list"),
        ({"quit": "y"}, "quit: y does something else in a question (Yes)"),
        ({"stop": "ctrl+c"}, "stop and interrupt are both on ctrl+c"),
    ],
)
def test_what_cannot_be_meant_is_one_line(table, said):
    [(action, message)] = judge_keys(table)
    assert action in table
    assert said in message
    with pytest.raises(UsageError, match="the config file: keys: "):
        check_keys(Settings(keys=table))


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"stop": "f8", "mark": ["m", "ctrl+k"]},
        {"follow": "s", "stop": "f"},  # each takes the key of the other
        {"open": "o", "channels": "O"},
        {"views": "G", "last": "f9"},
        {"quit": "Q", "search": "f3"},
    ],
)
def test_keys_that_are_free_or_change_places_can_be_meant(table):
    assert judge_keys(table) == []


async def test_the_foot_the_help_and_the_palette_show_the_keys_that_work(recordings):
    keys = {"follow": "s", "stop": "f", "find": "f3", "help": ["F2"], "mark": ","}
    settings = Settings(recordings=str(recordings), keys=keys)
    async with open_stage(recordings, settings=settings, size=(120, 50)) as stage:
        await stage.begin()
        await stage.talk()
        await stage.pilot.pause()
        foot = stage.rows()[-1].strip()
        assert foot.startswith("q Quit  f2 Help  Esc Back  f3 Find  s Follow  e Export  f Stop")
        shown = {c.title: c.help for c in stage.app.get_system_commands(stage.app.screen)}
        assert shown["Stop recording this call"] == "key f"
        assert shown["Mark this line, with a note; again to edit or remove it"] == "key ,"
        transcript = stage.app.screen.query_one(Transcript)
        follows = transcript.follows
        await stage.pilot.press("s")
        assert transcript.follows is not follows
        await stage.pilot.press("slash")
        assert "f3 Find" in stage.rows()[-1]  # nothing has opened
        await stage.pilot.press("f2")
        await stage.sees("Show all keys")
        told = draw_help(stage.app.BINDINGS, keymap=stage.app.keymap).plain
        assert "  f               Stop recording this call" in told
        assert "  ,               Mark this line" in told


async def test_the_list_opens_calls_with_another_key(recordings):
    settings = Settings(recordings=str(recordings), keys={"open": "o", "channels": "O"})
    async with open_stage(recordings, settings=settings, shows_calls=True) as stage:
        await keep_past_call(stage)
        await stage.sees("caller → agent")
        await stage.sees("o Open")
        await stage.pilot.press("enter")
        assert type(stage.app.screen).__name__ == "CallsScreen"
        await stage.pilot.press("o")
        await stage.sees("f Follow")
