"""What is selected with the mouse: what is copied, what is seen, and that it stays on its words."""

import pytest
from rich.style import Style
from textual.events import MouseDown, MouseMove, MouseUp

from streamer.core.events import Final
from tests.fakes.stage import keep_past_call, open_stage, segment
from tests.tui.test_themes import READ, contrast
from tui.screens.calls import CallsScreen
from tui.themes import DARK, LIGHT


@pytest.fixture
async def stage(recordings):
    async with open_stage(recordings) as stage:
        await stage.pretend()
        await stage.talk()
        yield stage


async def copied(stage):
    await stage.pilot.press("c")
    return stage.app.clipboard


def parts(stage):
    strips = stage.app.screen._compositor.render_strips()
    return [part for strip in strips for part in strip]


def shown_selected(stage):
    """Return the words that look selected."""
    look = stage.transcript.get_component_rich_style("transcript--selected")
    return "".join(
        part.text for part in parts(stage) if part.style and part.style.bgcolor == look.bgcolor
    )


async def test_c_copies_the_words_that_the_mouse_was_dragged_over(stage):
    await stage.select("internet", "connection")
    assert shown_selected(stage) == "internet connection"
    assert await copied(stage) == "internet connection"
    await stage.sees("Copied the selection")


async def test_a_part_of_a_word_can_be_selected_and_backwards_too(stage):
    x, y = stage.find("internet")
    await stage.drag((x + 4, y), (x, y))
    assert shown_selected(stage) == "inter"
    assert await copied(stage) == "inter"


async def test_what_several_said_is_copied_with_who_said_it_and_without_times(stage):
    stage.call_screen.shown.rename("agent", "Ann")
    stage.transcript.redraw()
    await stage.select("keeps", "hear that.")
    assert await copied(stage) == "caller: keeps dropping.\nAnn: I am really sorry to hear that."


async def test_what_one_speaker_said_is_copied_as_it_is(stage):
    await stage.select("really", "account")
    assert await copied(stage) == "really sorry to hear that.\nCan I have your account"


async def test_a_selection_may_begin_left_of_a_line_and_end_below_the_last_one(stage):
    await stage.drag((1, stage.find("Can I")[1]), (5, stage.find("Sure")[1] + 4))
    assert await copied(stage) == (
        "agent: Can I have your account number please?\n"
        "caller: Sure, it is four seven two nine one six."
    )
    await stage.drag((1, stage.find("Can I")[1]), (1, stage.find("Sure")[1]))
    assert await copied(stage) == "Can I have your account number please?"


async def test_a_selection_that_leaves_the_transcript_stays_in_it(stage):
    await stage.drag(stage.find("Thank"), (60, 0))
    assert await copied(stage) == "Thank you for calling, how can I help you?"
    await stage.drag(stage.find("seven"), (3, 23))
    assert await copied(stage) == "seven two nine one six."


async def test_words_over_several_rows_are_one_line(stage):
    said = " ".join(f"word{n}" for n in range(40))
    await stage.say("caller", 30.0, said)
    await stage.select("word3 ", "word38")
    assert await copied(stage) == said[said.index("word3") : said.index(" word39")]
    assert shown_selected(stage).startswith("word3 word4")


async def test_dragging_neither_moves_the_cursor_nor_stops_following(stage):
    await stage.select("internet", "connection")
    assert stage.transcript.follows
    assert stage.transcript.cursor is None
    await stage.fill(30, start_s=20)
    assert "line 29" in stage.text()
    assert await copied(stage) == "internet connection"


async def test_the_page_stands_still_only_while_the_button_is_held(stage):
    await stage.fill(30, start_s=20)
    await stage.mouse(MouseDown, *stage.find("line 20"))
    await stage.fill(5, "more {}", start_s=60)
    assert "more 4" not in stage.text()
    await stage.mouse(MouseMove, *stage.find("line 22"))
    await stage.mouse(MouseUp, *stage.find("line 22"))
    assert "more 4" in stage.text()
    await stage.fill(5, "even {}", start_s=70)
    assert "even 4" in stage.text()
    assert await copied(stage) == "line 20\nline 21\nl"


async def test_who_drags_further_back_stays_there_and_can_follow_again(stage):
    await stage.fill(60, start_s=20)
    await stage.mouse(MouseDown, *stage.find("line 50"))
    x, y = 30, stage.transcript.region.y
    await stage.mouse(MouseMove, x, y, rows=-5)
    await stage.sees("Thank you")
    await stage.mouse(MouseMove, *stage.find("really"), rows=2)
    await stage.mouse(MouseUp, *stage.find("really"))
    await stage.sees("not following")
    await stage.fill(5, "more {}", start_s=90)
    assert "more 4" not in stage.text()
    lines = (await copied(stage)).splitlines()
    assert (lines[0], lines[-1]) == ("agent: really sorry to hear that.", "agent: l")
    await stage.pilot.press("G")
    assert "more 4" in stage.text()
    await stage.fill(5, "even {}", start_s=99)
    assert "even 4" in stage.text()


async def test_a_button_that_is_let_go_over_another_screen_does_not_hold_the_page(stage):
    await stage.fill(30, start_s=20)
    await stage.mouse(MouseDown, *stage.find("line 20"))
    await stage.pilot.press("i")
    await stage.mouse(MouseUp, 1, 1)
    await stage.pilot.press("i")
    await stage.fill(5, "more {}", start_s=60)
    assert "more 4" in stage.text()


async def test_a_selection_stays_on_its_words_when_lines_come_above_it(stage):
    await stage.select("internet", "connection")
    before = stage.find("internet")
    await stage.say("caller", 2.0, "This was heard late.")
    assert stage.find("internet") != before
    assert shown_selected(stage) == "internet connection"
    assert await copied(stage) == "internet connection"


async def test_a_selection_stays_on_its_words_when_rows_are_broken_anew(stage):
    await stage.select("how can", "keeps")
    await stage.pilot.resize_terminal(40, 24)
    await stage.pilot.pause()
    assert shown_selected(stage).startswith("how can I")
    assert (
        await copied(stage)
        == "agent: how can I help you?\ncaller: Hi, my internet connection keeps"
    )


async def test_a_selection_stays_on_what_becomes_final_and_begins_elsewhere(stage):
    await stage.mumble("agent", 20.0, "I want to", "cancel my")
    await stage.select("want", "cancel")
    said = segment("agent", stage.numbers["agent"] + 1, 19.5, "I want to cancel my contract")
    await stage.publish(Final(stage.call_id, said))
    assert shown_selected(stage) == "want to cancel"
    assert await copied(stage) == "want to cancel"


async def test_esc_clears_the_selection_before_it_closes_anything(stage):
    await stage.pilot.press("slash", *"can", "enter")
    await stage.select("internet", "connection")
    await stage.pilot.press("escape")
    assert shown_selected(stage) == ""
    assert stage.transcript.needle == "can"
    assert await copied(stage) == "Can I have your account number please?"
    await stage.pilot.press("escape", "escape")
    await stage.pilot.pause()
    assert isinstance(stage.app.screen, CallsScreen)


async def test_a_click_clears_the_selection_and_the_next_one_moves_the_cursor(stage):
    await stage.select("internet", "connection")
    await stage.click("Thank")
    assert shown_selected(stage) == ""
    assert stage.transcript.follows
    await stage.click("Thank")
    assert not stage.transcript.follows
    assert await copied(stage) == "Thank you for calling, how can I help you?"


async def test_a_double_click_is_no_more_than_a_click(stage):
    await stage.click("Thank")
    await stage.click("Thank")
    assert shown_selected(stage) == ""
    assert await copied(stage) == "Thank you for calling, how can I help you?"


async def test_a_button_that_slips_left_of_a_line_is_a_click(stage):
    y = stage.find("Thank")[1]
    await stage.drag((2, y), (3, y))
    assert await copied(stage) == "Thank you for calling, how can I help you?"
    assert not stage.transcript.follows


async def test_wide_and_combined_characters_are_never_halved(stage):
    await stage.say("caller", 30.0, "今天天气很好 cafe\u0301s")
    x, y = stage.find("今")
    await stage.drag((x + 3, y), (x + 4, y))
    assert await copied(stage) == "天天"
    await stage.drag((x + 13, y), (x + 16, y))
    assert await copied(stage) == "cafe\u0301"
    assert shown_selected(stage) == "cafe\u0301"


async def test_lines_that_are_not_on_the_page_yet_are_copied_too(recordings):
    async with open_stage(recordings, shows_calls=True) as stage:
        talk = [("agent", 2.0 * n, f"This is line {n}.") for n in range(3000)]
        await keep_past_call(stage, talk=talk)
        await stage.sees("complete")
        await stage.pilot.press("enter")
        await stage.sees("This is line 0.")
        await stage.mouse(MouseDown, *stage.find("line 3."))
        await stage.pilot.press("G")
        await stage.mouse(MouseMove, *stage.find("2998."))
        await stage.mouse(MouseUp, *stage.find("2998."))
        lines = (await copied(stage)).splitlines()
        assert (lines[0], lines[1], lines[-1]) == ("line 3.", "This is line 4.", "This is line 2")
        assert len(lines) == 2996


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])
@pytest.mark.parametrize("no_color", [False, True])
async def test_a_selection_is_seen_and_read_in_every_colour_and_in_none(
    recordings, theme, no_color, monkeypatch
):
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    async with open_stage(recordings) as stage:
        stage.app.theme = theme
        assert stage.app.no_color == no_color
        await stage.pretend()
        await stage.say("caller", 0.0, "one two three [four] five")
        await stage.mumble("agent", 5.0, "six", "seven eight nine")
        await stage.select("two", "seven")
        await stage.pilot.pause()
        seen = {part.text: part.style for part in parts(stage)}
        for word in ("two", "four", "six", "seven"):
            assert contrast(seen[word]) >= READ
            assert ground_contrast(seen[word], seen["one"]) >= 3
        assert seen["four"].underline
        assert seen["seven"].italic
        assert seen["eight"].bgcolor == seen["one"].bgcolor


def ground_contrast(one, other):
    return contrast(Style(color=one.bgcolor, bgcolor=other.bgcolor))


async def test_a_click_is_on_what_stood_there_when_lines_came_meanwhile(stage):
    await stage.fill(30, start_s=20)
    at = stage.find("line 20")
    await stage.mouse(MouseDown, *at)
    await stage.fill(5, "more {}", start_s=60)
    assert "line 20" in stage.rows()[at[1]]
    await stage.mouse(MouseUp, *at)
    assert stage.transcript.cursor_block.text == "line 20"


async def test_a_drag_whose_events_come_all_at_once_ends_too(stage):
    await stage.fill(30, start_s=20)
    x, y = stage.find("line 20")
    for kind, to in ((MouseDown, x), (MouseMove, x + 3), (MouseUp, x + 3)):
        stage.app.post_message(kind(None, to, y, 0, 0, 1, False, False, False, to, y))
    await stage.pilot.pause()
    assert shown_selected(stage) == "line"
    await stage.fill(5, "more {}", start_s=60)
    await stage.sees("more 4")


async def test_a_button_that_was_let_go_elsewhere_is_not_held(stage):
    await stage.fill(30, start_s=20)
    x, y = stage.find("line 20")
    await stage.mouse(MouseDown, x, y)
    stage.app.post_message(MouseMove(None, x + 3, y, 3, 0, 0, False, False, False, x + 3, y))
    await stage.fill(5, "more {}", start_s=60)
    await stage.sees("more 4")


async def test_nothing_is_selected_from_the_head_on(stage):
    await stage.drag((3, 0), (40, 10))
    assert shown_selected(stage) == ""
    assert await copied(stage) == "Sure, it is four seven two nine one six."


async def test_characters_behind_joined_ones_are_found(stage):
    await stage.say("agent", 30.0, "👩‍👩‍👧 ❤️ behind")
    await stage.select("behind", "behind")
    assert await copied(stage) == "behind"
