"""The picker of channels: who is on the phone, live and filtered, and what Enter does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamer.recording.folder import CallFolder
from streamer.recording.index import Recordings
from streamer.simulator.ari.sound import Speech
from tests.fakes.ari_tap import OTHER, PHRASE, open_pbx
from tests.fakes.replay import until
from tests.fakes.stage import open_stage
from tui.screens.call import CallScreen
from tui.screens.calls import CallsScreen
from tui.screens.channels import ChannelPicker


@pytest.fixture
async def stage(recordings):
    async with open_stage(recordings, shows_calls=True) as stage:
        yield stage


@pytest.fixture
async def pbx(stage):
    async with open_pbx() as pbx:
        open_calls = stage.app.open_calls
        settings = pbx.settings(stage.recordings)
        open_calls.request = replace(open_calls.request, settings=settings)
        yield pbx


def begin(pbx, *numbers):
    call = pbx.ari.pbx.start_call(
        *numbers, voices=(Speech(PHRASE, repeats=True), Speech(OTHER, repeats=True))
    )
    call.answer()
    return call


async def test_without_a_user_of_ari_it_says_what_to_set(stage):
    await stage.pilot.press("o")
    await stage.sees("ari_user and ari_password must be set")
    await stage.pilot.press("enter", "escape")
    assert isinstance(stage.app.screen, CallsScreen)


async def test_a_pbx_that_is_not_there_is_said(stage, pbx):
    open_calls = stage.app.open_calls
    settings = replace(open_calls.request.settings, ari_url="http://127.0.0.1:1")
    open_calls.request = replace(open_calls.request, settings=settings)
    await stage.pilot.press("o")
    await stage.sees("cannot be reached")


async def test_channels_come_and_go_and_words_choose_among_them(stage, pbx):
    await stage.pilot.press("o")
    await stage.sees("Nobody is on the phone.")
    call = begin(pbx)
    await stage.sees("PJSIP/100-00000000")
    await stage.sees("2 channels, 2 shown")
    await stage.pilot.press(*"200 pjsip/2")
    await stage.sees("2 channels, 1 shown")
    await stage.pilot.press("x")
    await stage.sees("No channel matches.")
    call.hang_up()
    await stage.sees("Nobody is on the phone.")


async def test_enter_taps_the_channel_and_opens_its_call_and_then_the_same_one_again(stage, pbx):
    call = begin(pbx)
    await stage.pilot.press("o")
    await stage.sees(call.called["name"])
    await stage.pilot.press("down", "enter")
    await until(lambda: isinstance(stage.app.screen, CallScreen))
    (call_id,) = Recordings(stage.recordings).live_ids()
    await stage.sees(call.caller["name"])
    await stage.pilot.press("escape", "o")
    await stage.sees("yes")
    await stage.pilot.press("enter")
    await until(lambda: isinstance(stage.app.screen, CallScreen))
    assert list(Recordings(stage.recordings).live_ids()) == [call_id]
    CallFolder(stage.recordings / call_id).request_stop()
    await until(lambda: not CallFolder(stage.recordings / call_id).is_live())
    await until(lambda: len(stage.app.open_calls._following) == 1)  # that of the marks
    await stage.pilot.pause()
    assert pbx.left() == []


async def test_names_of_the_pbx_are_no_markup_and_no_commands_to_the_terminal(stage, pbx):
    call = begin(pbx, "100", "200")
    call.caller["name"] = "PJSIP/[red]x\x1b[2J"
    call.caller["caller"] = {"name": "", "number": "[b]\x07"}
    await stage.pilot.press("o")
    await stage.sees("PJSIP/[red]x")
    assert isinstance(stage.app.screen, ChannelPicker)
    assert "\x1b" not in stage.text()
    assert "\x07" not in stage.text()
