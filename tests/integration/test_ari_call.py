"""Calls that are made through ARI to telephones of the stand-in: held by us or sent elsewhere, each ends well and leaves nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import pytest

from streamer.core.events import CallEnded, Dtmf, EndReason, LegEnded, Trouble
from streamer.errors import ExitCode, UsageError
from streamer.recording.folder import CallFolder
from streamer.simulator.ari.originations import Telephone
from streamer.simulator.ari.sound import Speech
from streamer.tap.plan import plan_call
from streamer.tap.playbacks import PlaybackPlan
from streamer.wire.ari.wanted import WantedCall
from tests.fakes.ari_call import calling
from tests.fakes.ari_tap import OTHER, PHRASE, open_pbx, recording
from tests.fakes.replay import PATIENCE_S, until

HELD = WantedCall("PJSIP/100", caller_id="Robot <555>", variables={"CAMPAIGN": "spring"})
IN_DIALPLAN = WantedCall("PJSIP/100", context="phones", extension="800")
AT_ONCE = 0.0


@pytest.fixture
async def pbx():
    async with open_pbx() as opened:
        opened.ari.board.others = Telephone(AT_ONCE, voice=Speech(PHRASE, repeats=True))
        yield opened


def rings(pbx, **changes):
    pbx.ari.board.others = Telephone(**changes)


def described(run):
    return CallFolder(run.recording.folder).read()


def ended(run):
    (event,) = run.events(CallEnded)
    outcome = described(run)
    assert event.status in ("", outcome["status"])
    return event.reason, outcome["status"], outcome["disconnected_by"]


async def test_a_party_that_we_hold_is_recorded_and_hears_the_announcement(
    pbx, recordings, tmp_path
):
    announcement = tmp_path / "8000.slin"
    announcement.write_bytes(b"\x11\x11" * 160 * 3)
    playing = PlaybackPlan(announcement={8000: str(announcement)})
    heard: set[bytes] = set()
    async with calling(pbx, recordings, HELD, playing) as run:

        def note_what_is_heard():
            inside = pbx.ari.pbx.inside.values()
            heard.update(one.sent_back[:2] for one in inside if one.sent_back)
            return b"\x11\x11" in heard and b"\0\0" in heard

        await run.until_attached("callee")
        await until(note_what_is_heard)  # and silence after it
        await run.until_heard(0)
        channel = next(iter(pbx.ari.pbx.channels.values()))
        assert (channel["caller"]["name"], channel["caller"]["number"]) == ("Robot", "555")
        variables = pbx.ari.pbx.variables[channel["id"]]
        run.stop.request(EndReason.STOPPED)
        assert (await run.result()).exit_code is ExitCode.DONE
    assert ended(run) == (EndReason.STOPPED, "completed", "assistant")
    facts = described(run)["facts"]
    assert variables["CAMPAIGN"] == "spring"
    assert variables["RAPIDA_CONTEXT_ID"] == facts["context_id"]
    assert (variables["STREAMER_CALL"], variables["STREAMER"]) == (run.recording.call.id, "off")
    assert (facts["direction"], facts["to"], facts["from"]) == ("outbound", "100", "Robot <555>")
    assert facts["channel_id"] == channel["id"]
    (leg,) = run.legs()
    assert (leg["channel"], leg["number"], leg["rate"]) == ("PJSIP/100", "100", 8_000)
    assert leg["sent"]["frames"] >= 3
    assert set(run.pcm(0)) != {0}
    assert described(run)["source"] == "ari-call"
    assert (pbx.left(), pbx.ari.pbx.channels) == ([], {})
    assert not CallFolder(run.recording.folder).ari.exists()


async def test_a_party_that_hangs_up_ends_the_call(pbx, recordings):
    rings(pbx, answers_after_s=AT_ONCE, hangs_up_after_s=0.2, voice=Speech(PHRASE, repeats=True))
    async with calling(pbx, recordings, HELD) as run:
        assert (await run.result()).exit_code is ExitCode.DONE
    assert ended(run) == (EndReason.HANG_UP, "completed", "user")
    assert run.legs()[0]["cause"] == 16
    assert (pbx.left(), pbx.ari.pbx.channels) == ([], {})


@pytest.mark.parametrize("wanted", [HELD, IN_DIALPLAN])
@pytest.mark.parametrize(
    ("telephone", "status", "cause", "why"),
    [
        (Telephone(answers_after_s=None), "no_answer", 19, "did not answer within 1 s"),
        (Telephone(is_busy=True), "failed", 17, "is busy"),
    ],
)
async def test_a_call_that_nobody_answers_says_so(
    pbx, recordings, wanted, telephone, status, cause, why
):
    pbx.ari.board.others = telephone
    wanted = WantedCall(wanted.endpoint, wanted.context, wanted.extension, ring_s=1)
    async with calling(pbx, recordings, wanted) as run:
        assert (await run.result()).exit_code is ExitCode.FAILED
    assert ended(run) == (EndReason.HANG_UP, status, "user")
    assert run.legs()[0]["cause"] == cause
    assert run.events(LegEnded)[0].message == f"PJSIP/100 {why}"
    assert (pbx.left(), pbx.ari.pbx.channels) == ([], {})


@pytest.mark.parametrize("wanted", [HELD, IN_DIALPLAN])
async def test_an_endpoint_that_is_not_there_is_exit_4_and_leaves_no_folder(
    pbx, recordings, wanted
):
    pbx.ari.board.missing.add("PJSIP/100")
    async with calling(pbx, recordings, wanted) as run:
        assert (await run.result()).exit_code is ExitCode.UNREACHABLE
    assert "no such endpoint, or it is not registered" in run.events(LegEnded)[0].message
    assert not run.recording.folder.exists()
    assert pbx.left() == []


@pytest.mark.parametrize("wanted", [HELD, IN_DIALPLAN])
async def test_a_stop_while_it_rings_gives_the_call_up(pbx, recordings, wanted):
    rings(pbx, answers_after_s=None)
    async with calling(pbx, recordings, wanted) as run:
        await until(lambda: any(c["state"] == "Ringing" for c in pbx.ari.pbx.channels.values()))
        await until(lambda: "channel_id" in described(run)["facts"])
        CallFolder(run.recording.folder).request_stop()
        await run.result()
    assert ended(run) == (EndReason.STOPPED, "no_answer", "assistant")
    assert (pbx.left(), pbx.ari.pbx.channels) == ([], {})


@pytest.mark.parametrize("wanted", [IN_DIALPLAN, WantedCall("PJSIP/100", app="rapida")])
async def test_a_call_that_goes_elsewhere_is_tapped_there_and_outlives_the_recording(
    pbx, recordings, wanted
):
    async with calling(pbx, recordings, wanted) as run:
        await run.until_attached("callee", "caller")
        await run.until_heard(0)
        run.stop.request(EndReason.STOPPED)
        assert (await run.result()).exit_code is ExitCode.DONE
    assert ended(run) == (EndReason.STOPPED, "completed", "assistant")
    assert set(run.pcm(0)) != {0}
    assert pbx.left() == []
    (channel,) = pbx.ari.pbx.channels.values()
    assert channel["state"] == "Up"
    assert channel["id"] == described(run)["facts"]["channel_id"]


async def test_a_call_in_the_dialplan_ends_with_the_party(pbx, recordings):
    rings(pbx, answers_after_s=AT_ONCE, hangs_up_after_s=0.4, voice=Speech(PHRASE, repeats=True))
    async with calling(pbx, recordings, IN_DIALPLAN) as run:
        assert (await run.result()).reason is EndReason.HANG_UP
    assert ended(run)[1:] == ("completed", "user")
    assert (pbx.left(), pbx.ari.pbx.channels) == ([], {})


async def test_a_party_is_held_over_a_websocket_where_there_is_no_audiosocket(pbx, recordings):
    pbx.ari.faults.missing_modules.add("chan_audiosocket.so")
    async with calling(pbx, recordings, HELD, PlaybackPlan(tone_hz=400)) as run:
        await run.until_attached("callee")
        await run.until_heard(0)
        await until(lambda: any(one.sent_back for one in pbx.ari.pbx.inside.values()))
        run.stop.request(EndReason.STOPPED)
        await run.result()
    assert run.legs()[0]["sent"]["frames"] > 0
    assert (pbx.left(), pbx.ari.crashes) == ([], [])


async def test_audio_that_breaks_off_ends_a_call_that_we_hold(pbx, recordings):
    async with calling(pbx, recordings, HELD) as run:
        await run.until_attached("callee")
        await run.until_heard(0)
        pbx.ari.media.break_off()
        assert (await run.result()).exit_code is ExitCode.FAILED
    assert ended(run) == (EndReason.LOST, "failed", "system")
    assert (pbx.left(), pbx.ari.pbx.channels) == ([], {})


async def test_events_that_come_twice_or_not_at_all_change_nothing(pbx, recordings):
    pbx.ari.faults.doubles = True
    async with calling(pbx, recordings, HELD) as run:
        await run.until_attached("callee")
        channel = next(iter(pbx.ari.pbx.channels.values()))
        pbx.ari.pbx.emit("ChannelDtmfReceived", digit="5", duration_ms=100, channel=channel)
        await until(lambda: run.events(Dtmf))
        await pbx.ari.drop_events(is_abrupt=True)
        await until(lambda: run.events(Trouble))
        pbx.ari.pbx.end(channel)
        await run.result()
    assert [(key.leg, key.digit) for key in run.events(Dtmf)] == [("callee", "5")]
    assert ended(run)[:2] == (EndReason.HANG_UP, "completed")
    assert pbx.left() == []


async def test_a_call_whose_process_was_killed_is_hung_up_by_the_next_recording(pbx, recordings):
    settings = pbx.settings(recordings)
    script = (
        "import asyncio, json, sys; from streamer.bus import Bus; from streamer.config import Settings;"
        "from streamer.tap.outbound import record_call; from streamer.tap.plan import plan_call;"
        "from streamer.tap.tap import Stop; from streamer.wire.ari.wanted import WantedCall;"
        "plan = plan_call(Settings(**json.loads(sys.argv[1])), WantedCall('PJSIP/100'));"
        "asyncio.run(record_call(plan, Bus(), Stop()))"
    )
    given = {name: getattr(settings, name) for name in ("ari_url", "ari_user", "ari_password")}
    caller = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, json.dumps({**given, "recordings": str(recordings)})
    )
    await until(lambda: any(one.sent_back for one in pbx.ari.pbx.inside.values()))
    os.kill(caller.pid, signal.SIGKILL)
    await caller.wait()
    await until(lambda: not pbx.ari.applications)
    assert any("channel" in one for one in pbx.left())
    call = pbx.ari.pbx.start_call(
        voices=(Speech(PHRASE, repeats=True), Speech(OTHER, repeats=True))
    )
    call.answer()
    async with recording(settings, call.called["name"]) as run:
        await run.until_attached("caller", "callee")
        run.stop.request(EndReason.STOPPED)
        await run.result()
    assert pbx.left() == []
    assert not call.is_over


def test_something_to_be_heard_needs_a_call_that_we_hold(pbx, recordings):
    with pytest.raises(UsageError, match="only where streamer holds the call"):
        plan_call(pbx.settings(recordings), IN_DIALPLAN, playing=PlaybackPlan(echoes=True))


async def test_the_command_says_in_its_events_how_the_call_went(pbx, recordings):
    rings(pbx, answers_after_s=AT_ONCE, hangs_up_after_s=0.3, voice=Speech(PHRASE, repeats=True))
    access = pbx.settings(recordings)
    environment = {
        "STREAMER_ARI_URL": access.ari_url,
        "STREAMER_ARI_USER": access.ari_user,
        "STREAMER_ARI_PASSWORD": access.ari_password,
        "STREAMER_RECORDINGS": str(recordings),
    }
    command = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "streamer", "call", "100", "--json", "--tone", "440"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    async with asyncio.timeout(PATIENCE_S):
        out, _ = await command.communicate()
    events = [json.loads(line) for line in out.splitlines()]
    end = next(event for event in events if event["event"] == "call_ended")
    assert (end["reason"], end["status"], end["disconnected_by"]) == (
        "hang-up",
        "completed",
        "user",
    )
    assert command.returncode == 0


async def test_leaving_the_command_ends_the_call(pbx, recordings):
    access = pbx.settings(recordings)
    command = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "streamer", "call", "PJSIP/100", "--plain", "--recordings", str(recordings)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={
            **os.environ,
            "STREAMER_ARI_URL": access.ari_url,
            "STREAMER_ARI_USER": access.ari_user,
            "STREAMER_ARI_PASSWORD": access.ari_password,
        },
    )
    await until(lambda: any(one.sent_back for one in pbx.ari.pbx.inside.values()))
    command.send_signal(signal.SIGINT)
    async with asyncio.timeout(PATIENCE_S):
        assert await command.wait() == 128 + signal.SIGINT
    assert (pbx.left(), pbx.ari.pbx.channels) == ([], {})
