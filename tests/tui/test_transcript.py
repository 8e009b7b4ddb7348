"""The transcript as it is seen: marks and names, words that change in place, a page that stands still, and hostile text."""

import pytest

from streamer.core.audio import Leg
from streamer.core.events import Trouble
from tests.fakes.stage import LEGS, open_stage

HOSTILE = [
    "\x1b[31mred\x1b]0;title\x07",
    "[bold red]markup[/] [@click=app.quit]me[/]",
    "abc\u202eright\u202c\u2066x\u2069",
    "a\r\nb\tc\x00d\x9b31m",
    "\ud800lone",
    "$(rm -rf ~) %s {0} \\x1b",
]


@pytest.fixture
async def stage(recordings):
    async with open_stage(recordings) as stage:
        await stage.pretend()
        yield stage


def lines(stage):
    first = stage.transcript.region.y
    return [row[:-1].rstrip() for row in stage.rows()[first:-1] if row[:-1].strip()]


async def test_every_turn_has_its_time_mark_and_name(stage):
    await stage.talk()
    assert lines(stage) == [
        "    0:00 ◆ agent   Thank you for calling, how can I help you?",
        "    0:04 ● caller  Hi, my internet connection keeps dropping.",
        "    0:08 ◆ agent   I am really sorry to hear that.",
        "    0:11 ◆         Can I have your account number please?",
        "    0:14 ● caller  Sure, it is four seven two nine one six.",
    ]


async def test_lines_stand_by_start_time_however_late_they_come(stage):
    await stage.say("agent", 5.0, "Second.")
    await stage.say("caller", 1.0, "First.")
    assert [line.split()[-1] for line in lines(stage)] == ["First.", "Second."]


def styles(stage, text):
    """Return the looks of the words that stand in a text on the screen."""
    found = {}
    for strip in stage.app.screen._compositor.render_strips():
        for part in strip:
            if part.text.strip() and part.text in text.split():
                found[part.text] = part.style
    return found


async def test_tentative_words_look_different_and_become_settled_in_their_place(stage):
    await stage.mumble("caller", 0.0, "I want to", "cancel")
    looks = styles(stage, "I want to cancel")
    assert looks["cancel"].italic
    assert not looks["want"].italic
    assert looks["cancel"].color != looks["want"].color
    before = lines(stage)
    await stage.say("caller", 0.0, "I want to cancel")
    assert lines(stage) == before
    assert not styles(stage, "I want to cancel")["cancel"].italic


async def test_doubtful_words_are_underlined(stage):
    await stage.say("caller", 0.0, "my [green] router")
    looks = styles(stage, "my green router")
    assert looks["green"].underline
    assert not looks["router"].underline


async def test_the_page_stands_still_when_the_last_line_becomes_shorter(stage):
    await stage.fill(30)
    await stage.mumble("agent", 40, "", "word " * 30 + "end")
    offset = stage.transcript.scroll_offset.y
    await stage.say("agent", 40, "short")
    assert stage.transcript.scroll_offset.y == offset
    await stage.say("agent", 50, "next")
    assert stage.transcript.scroll_offset.y == offset
    await stage.sees("next")


async def test_many_lines_at_once_end_with_the_newest_in_sight(stage):
    await stage.fill(300)
    await stage.sees("line 299")
    assert stage.transcript.follows


async def test_nothing_moves_for_somebody_who_reads_further_up(stage):
    await stage.fill(50)
    await stage.pilot.press("g")
    before = lines(stage)
    await stage.say("caller", 60, "Something new.")
    assert lines(stage) == before


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_and_troubles_are_shown_harmlessly(stage, text):
    await stage.say("caller", 0.0, text)
    await stage.publish(Trouble(stage.call_id, text))
    await stage.pilot.press("slash", *"a", "enter", "c", "t", "escape", "s")
    shown = stage.text()
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert not set(shown) & set("\x1b\u202e\u2066\x9b\x00")
    assert stage.app.is_running


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_channels_are_shown_harmlessly(recordings, text):
    async with open_stage(recordings) as stage:
        await stage.pretend(legs=[Leg("caller", text), Leg("agent", text)])
        await stage.pilot.press("e")
        shown = stage.text()
        assert all(character.isprintable() or character == "\n" for character in shown)


async def test_markup_is_not_obeyed(stage):
    await stage.say("caller", 0.0, "a[bold]not bold[/bold] :smile:")
    await stage.sees("a[bold]not bold[/bold] :smile:")


async def test_a_line_of_a_megabyte_is_cut_and_the_screen_answers(stage):
    await stage.say("caller", 0.0, "x" * 1_000_000)
    await stage.say("agent", 20.0, "word " * 200_000 + "end")
    await stage.pilot.press("g", "pagedown", "G")
    await stage.sees("…")


async def test_any_size_is_survived(stage):
    await stage.talk()
    for width, height in ((20, 5), (1, 1), (200, 50), (30, 3), (80, 24)):
        await stage.pilot.resize_terminal(width, height)
        await stage.pilot.press("i", "escape", "question_mark", "escape", "e", "escape")
    await stage.sees("Sure, it is four seven two nine one six.")
    assert stage.transcript.follows


async def test_a_small_terminal_shows_the_words(stage):
    await stage.talk()
    await stage.pilot.resize_terminal(20, 5)
    await stage.sees("seven two")
    await stage.sees("one six")


async def test_what_is_read_stays_in_sight_when_the_size_changes(stage):
    await stage.fill(200, "line {} with a few more words that have to be broken")
    await stage.pilot.press("g", *["pagedown"] * 4)
    words = stage.transcript.cursor_block.text.split()[1]
    await stage.pilot.resize_terminal(40, 12)
    await stage.pilot.pause()
    await stage.sees(f"line {words} ")


async def test_more_than_eight_legs_share_the_room(recordings):
    legs = [Leg(f"leg{n}", f"chan{n}") for n in range(12)]
    async with open_stage(recordings) as stage:
        await stage.pretend(legs=legs)
        for leg in legs:
            await stage.say(leg.label, 1.0, f"I am {leg.label}")
        await stage.sees("I am leg11")


def test_the_two_legs_differ_without_colour():
    from tui.layout.glyphs import mark

    assert mark(0) != mark(1)
    assert len(LEGS) == 2
