"""Taps through ARI of calls of the stand-in: what both parties say is recorded, the call is followed, and nothing of ours is left."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys

import pytest

from streamer.core.audio import SLIN16_RATE
from streamer.core.events import Dtmf, EndReason, Hold, LegEnded, Trouble
from streamer.errors import ExitCode, NotFoundError, UnreachableError, UsageError
from streamer.recording.folder import CallFolder
from streamer.simulator.ari.rooms import SimulatedQueue, SimulatedRoom
from streamer.simulator.ari.sound import Speech
from streamer.simulator.ari.transfers import transfer_attended, transfer_blindly
from streamer.sources.ari import leg_tap
from streamer.tap.locking import ChannelTakenError
from streamer.tap.plan import plan_tap
from tests.fakes.ari_tap import OTHER, PHRASE, open_pbx, recording
from tests.fakes.replay import PATIENCE_S, until

VOICES = (Speech(PHRASE, repeats=True), Speech(OTHER, repeats=True))
SIDES = (PHRASE, OTHER)


@pytest.fixture
async def pbx():
    async with open_pbx() as opened:
        yield opened


def begin(pbx, *, codec="g722"):
    call = pbx.ari.pbx.start_call(codec=codec, voices=VOICES)
    call.answer()
    return call


def is_cut_from(pcm, phrase):
    """Say whether audio is whole frames of a phrase, which is said again and again, without a gap."""
    frame = len(phrase) // 2
    turns = [(phrase * (len(pcm) // len(phrase) + 2))[n * frame :][: len(pcm)] for n in (0, 1)]
    return len(pcm) > 0 and pcm in turns


@pytest.mark.parametrize("asks_by", ["name", "id"])
async def test_both_parties_are_recorded_sample_by_sample_on_one_clock(pbx, recordings, asks_by):
    call = begin(pbx)
    async with recording(pbx.settings(recordings), call.called[asks_by]) as run:
        await run.until_attached("caller", "callee")
        await run.until_heard(1, 10)
        call.hang_up()
        assert (await run.result()).reason is EndReason.HANG_UP
    assert all(is_cut_from(run.pcm(leg), side) for leg, side in enumerate(SIDES))
    facts = [
        (leg["leg"], leg["channel"], leg["number"], leg["name"], leg["rate"], leg["cause"])
        for leg in run.legs()
    ]
    assert facts == [
        ("caller", call.caller["name"], "100", "Phone 100", SLIN16_RATE, 16),
        ("callee", call.called["name"], "200", "Phone 200", SLIN16_RATE, 16),
    ]
    described = CallFolder(run.recording.folder).read()
    assert (described["source"], described["url"]) == ("ari", f"{pbx.url}/ari")
    assert described["facts"] == {"linkedid": call.caller["id"]}
    assert pbx.left() == []
    assert not CallFolder(run.recording.folder).ari.exists()


@pytest.mark.parametrize(("codec", "rate"), [("ulaw", 8_000), ("opus", 16_000), ("slin16", 16_000)])
async def test_a_leg_has_the_rate_that_its_codec_has(pbx, recordings, codec, rate):
    call = begin(pbx, codec=codec)
    async with recording(pbx.settings(recordings), call.caller["name"]) as run:
        await run.until_heard_from_all(2)
        run.stop.request(EndReason.STOPPED)
        await run.result()
    assert [leg["rate"] for leg in run.legs()] == [rate, rate]


async def test_a_stop_leaves_the_call_and_nothing_of_ours(pbx, recordings):
    call = begin(pbx)
    async with recording(pbx.settings(recordings), f"me={call.called['name']}") as run:
        await run.until_attached("caller", "me")
        noted = CallFolder(run.recording.folder).ari.read_text()
        assert noted.count("streamer-") == 7  # of two legs and the application
        CallFolder(run.recording.folder).request_stop()
        assert (await run.result()).exit_code is ExitCode.DONE
    assert pbx.left() == []
    assert not call.is_over


async def test_hold_keys_and_causes_are_told_once_though_events_come_twice(pbx, recordings):
    pbx.ari.faults.doubles = True
    call = begin(pbx)
    async with recording(pbx.settings(recordings), call.caller["id"]) as run:
        await run.until_attached("caller", "callee")
        await run.until_heard(1)
        call.hold()
        await until(lambda: run.events(Hold))
        call.press("7")
        call.unhold()
        await until(lambda: len(run.events(Hold)) == 2 and run.events(Dtmf))
        call.hang_up()
        await run.result()
    assert [(hold.leg, hold.held) for hold in run.events(Hold)] == [
        ("callee", True),
        ("callee", False),
    ]
    assert [(key.leg, key.digit) for key in run.events(Dtmf)] in (
        [("caller", "7")],
        [("callee", "7")],
    )
    assert [ended.cause.number for ended in run.events(LegEnded)] == [16, 16]


async def test_a_blind_transfer_is_followed_in_one_call(pbx, recordings):
    call = begin(pbx)
    async with recording(pbx.settings(recordings), call.called["name"]) as run:
        await run.until_attached("caller", "callee")
        after = transfer_blindly(call, "300", voice=VOICES[1])
        await until(lambda: run.events(LegEnded))
        after.answer()
        await run.until_attached("caller", "callee", "leg3")
        await run.until_heard(2)
        after.hang_up()
        assert (await run.result()).exit_code is ExitCode.DONE
    assert [ended.leg for ended in run.events(LegEnded)][0] == "callee"
    assert [leg["number"] for leg in run.legs()] == ["100", "200", "300"]
    assert is_cut_from(run.pcm(0), PHRASE)
    assert pbx.left() == []


async def test_an_attended_transfer_is_followed_in_one_call(pbx, recordings):
    call = begin(pbx)
    async with recording(pbx.settings(recordings), call.caller["name"]) as run:
        await run.until_attached("caller", "callee")
        call.hold()
        asked = pbx.ari.pbx.start_call("200", "300", voices=VOICES)
        asked.answer()
        after = transfer_attended(call, asked)
        await run.until_attached("caller", "callee", "leg3")
        after.hang_up()
        await run.result()
    assert [leg["number"] for leg in run.legs()] == ["100", "200", "300"]
    assert pbx.left() == []


async def test_each_member_of_a_room_is_a_leg_and_announcers_are_none(pbx, recordings):
    room = SimulatedRoom(pbx.ari.pbx)
    first = room.join("100", voice=VOICES[0])
    async with recording(pbx.settings(recordings), first["name"]) as run:
        await run.until_attached("caller")
        second = room.join("200", voice=VOICES[1])
        await run.until_attached("caller", "callee")
        room.join("300")
        await run.until_attached("caller", "callee", "leg3")
        room.leave(second)
        await until(lambda: run.events(LegEnded))
        room.leave(first)
        await run.result()
    assert [leg["number"] for leg in run.legs()] == ["100", "200", "300"]
    assert pbx.left() == []


async def test_of_a_queue_only_the_agent_who_answers_is_a_leg(pbx, recordings):
    queue = SimulatedQueue(pbx.ari.pbx)
    caller = queue.call("100", voice=VOICES[0])
    queue.ring("200", "201")
    async with recording(pbx.settings(recordings), caller["name"]) as run:
        await run.until_attached("caller")
        queue.answer(queue.agents[1], voice=VOICES[1])
        await run.until_attached("caller", "callee")
        queue.hang_up()
        await run.result()
    assert [leg["number"] for leg in run.legs()] == ["100", "201"]
    assert pbx.left() == []


async def test_who_speaks_with_an_announcement_is_heard_and_so_is_that(pbx, recordings):
    channel = pbx.ari.pbx.create_phone("100", state="Up", exten="600")
    pbx.ari.pbx.step(channel, "Echo", "")
    async with recording(pbx.settings(recordings), channel["name"]) as run:
        await run.until_attached("caller", "callee")
        await run.until_heard_from_all(2)
        pbx.ari.pbx.end(channel)
        assert (await run.result()).exit_code is ExitCode.DONE
    assert [leg["channel"] for leg in run.legs()] == [channel["name"]] * 2
    assert [leg["number"] for leg in run.legs()] == ["100", ""]
    assert pbx.left() == []


@pytest.mark.parametrize("fault", ["module", "network"])
async def test_where_audiosocket_fails_audio_comes_over_a_websocket(
    pbx, recordings, monkeypatch, fault
):
    monkeypatch.setattr(leg_tap, "COMING_S", 0.2)
    if fault == "module":
        pbx.ari.faults.missing_modules.add("chan_audiosocket.so")
    pbx.ari.faults.cannot_connect = True
    call = begin(pbx)
    async with recording(pbx.settings(recordings), call.caller["name"]) as run:
        await run.until_attached("caller", "callee")
        await run.until_heard(0, 10)
        call.hang_up()
        await run.result()
    assert all(is_cut_from(run.pcm(leg), side) for leg, side in enumerate(SIDES))
    assert pbx.left() == []
    assert pbx.ari.crashes == []


async def test_a_pbx_that_can_bring_no_audio_is_told_what_it_lacks(pbx, recordings):
    pbx.ari.faults.cannot_connect = True
    pbx.ari.faults.missing_modules.add("chan_websocket.so")
    call = begin(pbx)
    async with recording(pbx.settings(recordings), call.caller["name"]) as run:
        result = await run.result()
    assert result.exit_code is ExitCode.UNREACHABLE
    assert result.recorded_nothing
    assert "chan_websocket" in str(result.errors[0])
    assert "RTP is not offered" in str(result.errors[0])
    assert pbx.left() == []
    assert not call.is_over


async def test_channels_that_enter_late_are_waited_for(pbx, recordings):
    pbx.ari.faults.late_start_s = 0.1
    call = begin(pbx)
    async with recording(pbx.settings(recordings), call.caller["name"]) as run:
        await run.until_heard_from_all(2)
        call.hang_up()
        assert (await run.result()).exit_code is ExitCode.DONE
    assert pbx.left() == []


async def test_taps_go_on_without_events_and_what_happened_is_found_afterwards(pbx, recordings):
    call = begin(pbx)
    async with recording(pbx.settings(recordings), call.caller["name"]) as run:
        await run.until_attached("caller", "callee")
        (application,) = pbx.ari.applications
        pbx.ari.faults.has_no_events = True
        await pbx.ari.drop_events()
        after = transfer_blindly(call, "300", voice=VOICES[1])
        after.answer()
        await run.until_heard(0, 10)
        pbx.ari.faults.has_no_events = False
        await run.until_attached("caller", "callee", "leg3")
        assert pbx.ari.applications == [application]
        after.hang_up()
        await run.result()
    assert is_cut_from(run.pcm(0), PHRASE)
    assert "connecting again" in run.bus.troubles()
    assert pbx.left() == []


async def test_a_pbx_that_goes_away_ends_the_recording_with_what_came(recordings):
    async with open_pbx() as pbx:
        call = begin(pbx)
        async with recording(pbx.settings(recordings), call.caller["name"]) as run:
            await run.until_attached("caller", "callee")
            await run.until_heard(0)
            for channel in [*pbx.ari.media._media]:
                pbx.ari.media._close(channel)
            result = await run.result()
    assert (result.reason, result.exit_code) == (EndReason.LOST, ExitCode.FAILED)
    assert is_cut_from(run.pcm(0), PHRASE)


async def test_a_second_watch_of_either_channel_follows_the_first(pbx, recordings):
    call = begin(pbx)
    settings = pbx.settings(recordings)
    async with recording(settings, call.caller["name"]) as run:
        await run.until_attached("caller", "callee")
        for name in (call.called["id"], call.caller["name"]):
            async with recording(settings, name) as second:
                with pytest.raises(ChannelTakenError) as taken:
                    await second.result()
            assert taken.value.folder == run.recording.folder
        async with recording(
            pbx.settings(recordings, via="stream-channel"), call.called["name"]
        ) as other:
            with pytest.raises(ChannelTakenError):
                await other.result()


async def test_what_cannot_be_asked_for_is_said_in_one_line(pbx, recordings):
    settings = pbx.settings(recordings)
    wrong = [
        (settings, NotFoundError, "no channel PJSIP/no in Asterisk"),
        (pbx.settings(recordings, ari_password="no"), UnreachableError, "does not let the user"),
    ]
    for one, error, why in wrong:
        async with recording(one, "PJSIP/no") as run:
            with pytest.raises(error, match=why):
                await run.result()
    with pytest.raises(UsageError, match="ari_user and ari_password must be set"):
        plan_tap(pbx.settings(recordings, via="ari", ari_user="", ari_password=""), ())


async def test_a_user_who_may_only_read_is_told_so(pbx, recordings):
    pbx.ari.faults.statuses, pbx.ari.faults.methods = {"/": 403}, frozenset({"POST"})
    call = begin(pbx)
    async with recording(pbx.settings(recordings), call.caller["name"]) as run:
        result = await run.result()
    assert result.exit_code is ExitCode.UNREACHABLE
    assert "read_only = no" in str(result.errors[0])


STEPS = {
    "application": ("GET", r"/applications"),
    "filter": ("PUT", r"/applications/[^/]+/eventFilter"),
    "subscription": ("POST", r"/applications/[^/]+/subscription"),
    "snoop": ("POST", r"/channels/[^/]+/snoop/[^/]+"),
    "medium": ("POST", r"/channels/externalMedia"),
    "bridge": ("POST", r"/bridges/[^/]+"),
    "join": ("POST", r"/bridges/[^/]+/addChannel"),
}

RECORD = """
import asyncio, json, sys
from streamer.bus import Bus
from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.tap.outbound import record_call
from streamer.tap.plan import plan_tap
from streamer.tap.tap import Stop
given = json.load(sys.stdin)
plan = plan_tap(Settings(**given["settings"]), (Leg("leg1", given["channel"]),))
asyncio.run(record_call(plan, Bus(), Stop()))
"""


class Trap(list[tuple[str, str]]):
    """Requests, at one of which whoever asks is killed."""

    def __init__(self, method, path):
        super().__init__()
        self.method, self.path, self.pid = method, path, 0
        self.sprung = asyncio.Event()

    def append(self, request):
        super().append(request)
        method, path = request
        if method == self.method and re.fullmatch(self.path, path) and not self.sprung.is_set():
            os.kill(self.pid, signal.SIGKILL)
            self.sprung.set()


async def kill_at(step, pbx, settings, channel):
    """Record in a process of its own, and kill it when it asks for a step."""
    import json
    from dataclasses import asdict

    pbx.ari.requests = trap = Trap(*STEPS[step])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RECORD, stdin=asyncio.subprocess.PIPE
    )
    trap.pid = process.pid
    plan = json.dumps({"settings": asdict(settings), "channel": channel}).encode()
    async with asyncio.timeout(PATIENCE_S):
        await process.communicate(plan)
    assert trap.sprung.is_set()


async def test_after_a_kill_at_any_step_the_next_recording_deletes_what_was_left(pbx, recordings):
    call = begin(pbx)
    settings = pbx.settings(recordings)
    for step in STEPS:
        await kill_at(step, pbx, settings, call.caller["name"])
    assert pbx.left()
    async with recording(settings, call.caller["name"]) as live:
        await live.until_attached("caller", "callee")
        folder = CallFolder(live.recording.folder)
        noted = folder.ari.read_text()
        ours = [one for one in pbx.left() if one.split()[1] in noted]
        await until(lambda: sorted(pbx.left()) == sorted(ours))
        async with recording(settings, "PJSIP/no") as second:  # leaves alone what lives
            with pytest.raises(NotFoundError):
                await second.result()
        assert sorted(pbx.left()) == sorted(ours)
        assert len(ours) == 7
        live.stop.request(EndReason.STOPPED)
        await live.result()
    assert pbx.left() == []
    assert not call.is_over
    assert not list(recordings.glob("*/ari.json"))
    assert not [event for event in live.bus.events if isinstance(event, Trouble)]
