"""Calls that come to us over AudioSocket are recorded whatever happens, and never harmed: `streamer serve` as a process."""

import asyncio
import json
import resource
import signal
import ssl
import wave
from array import array
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import UUID

import psutil
import pytest
import trustme

from streamer.core.transcript import format_position
from streamer.recording.locks import is_locked
from streamer.simulator.caller import script_caller, with_digits
from streamer.simulator.judge import Ending
from streamer.wire.audiosocket import TERMINATE, Terminated
from tests.fakes.chan_websocket import dial
from tests.fakes.command_line import run_here
from tests.fakes.recorder import STOPPED_S, run_streamer
from tests.fakes.replay import PATIENCE_S, SCAN_S, until
from tests.fakes.serving import call, check_what_is_sent_is_recorded, find_listeners, play, serving

SECOND = b"\x00\x10\x00\xf0" * 4000
"""One second of a loud tone at 8 kHz."""


async def speaking(served, number=1):
    """Make a call, the `number`th of this serve, that has spoken for a second."""
    caller = await call(served.port)
    caller.identify()
    caller.speak(SECOND)
    await until(lambda: len(served.of_kind("call_started")) == number)
    return caller


async def test_the_wav_is_equal_to_the_samples_sent(recordings):
    async with serving(recordings) as served:
        await check_what_is_sent_is_recorded(served, 16_000)


async def test_pressed_keys_are_events_with_their_time(recordings):
    script = with_digits(script_caller(SECOND, rate=8000, name="a"), at=0.5, digits="5#")
    async with serving(recordings) as served:
        await play(served, script)
        await served.ended()
        pressed = served.of_kind("dtmf")
        assert [event["digit"] for event in pressed] == ["5", "#"]
        assert all(event["leg"] == "caller" and 0.4 < event["start"] < 5 for event in pressed)


async def test_kill_9_of_the_serve_leaves_ten_calls_being_recorded(recordings):
    async with serving(recordings) as served:
        callers = [await call(served.port) for _ in range(10)]
        for caller in callers:
            caller.identify()
            caller.speak(SECOND)
        await until(lambda: len(served.of_kind("call_started")) == 10)
        served.process.kill()
        await served.process.wait()
        for caller in callers:
            caller.speak(SECOND)
            caller.hang_up()
        await until(lambda: all(c["reason"] == "hang-up" for c in served.calls()))
        assert [c["legs"][0]["bytes"] for c in served.calls()] == [2 * len(SECOND)] * 10


async def test_a_serve_takes_over_the_listener_of_one_that_was_killed(recordings):
    async with serving(recordings) as first:
        caller = await speaking(first)
        first.process.kill()
        await first.process.wait()
        (listener,) = find_listeners(recordings)
        address = f"127.0.0.1:{first.port}"
        async with serving(recordings, "--audiosocket", address) as second:
            await until(lambda: "already" in second.troubles)
            await until(lambda: second.of_kind("call_started"))
            stranger = await call(second.port)
            stranger.send(b"GET / HTTP/1.1\r\n\r\n")
            await until(lambda: "AudioSocket is not HTTP" in second.troubles)
            caller.hang_up()
            await second.ended()
            await until(lambda: find_listeners(recordings) == [listener], every=SCAN_S)
            second.process.send_signal(signal.SIGTERM)
            assert await second.process.wait() == 128 + signal.SIGTERM
            await until(
                lambda: not listener.is_running() or find_listeners(recordings) == [], every=SCAN_S
            )


async def test_a_second_serve_may_leave_without_ending_the_listening(recordings):
    async with serving(recordings) as first:
        address = f"127.0.0.1:{first.port}"
        async with serving(recordings, "--audiosocket", address) as second:
            await until(lambda: "does not stop the listener" in second.troubles)
            second.process.send_signal(signal.SIGTERM)
            assert await second.process.wait() == 128 + signal.SIGTERM
            assert _is_open(first.port)
            assert first.process.returncode is None


async def test_a_second_serve_leads_when_the_first_has_died(recordings):
    async with serving(recordings) as first:
        address = f"127.0.0.1:{first.port}"
        async with serving(recordings, "--audiosocket", address) as second:
            await until(lambda: "does not stop the listener" in second.troubles)
            first.process.kill()
            await first.process.wait()
            (lock,) = (recordings / ".locks").glob("*.front")
            await until(lambda: is_locked(lock))
            second.process.send_signal(signal.SIGTERM)
            assert await second.process.wait() == 128 + signal.SIGTERM
            await until(lambda: not _is_open(first.port), every=SCAN_S)


async def test_what_ended_while_no_serve_lived_is_said_to_wait_for_its_text(recordings):
    async with serving(recordings) as first:
        caller = await speaking(first)
        first.process.kill()
        await first.process.wait()
        caller.hang_up()
        await until(lambda: all(c["reason"] == "hang-up" for c in first.calls()))
    async with serving(recordings) as second:
        assert second.process.stderr
        line = await asyncio.wait_for(second.process.stderr.readline(), timeout=PATIENCE_S)
        while b"no speech model" in line:
            line = await asyncio.wait_for(second.process.stderr.readline(), timeout=PATIENCE_S)
        assert line.startswith(b"1 earlier transcript is unfinished")


async def test_kill_9_of_the_listener_says_terminate_to_every_caller(recordings):
    async with serving(recordings) as served:
        callers = [await call(served.port) for _ in range(10)]
        for caller in callers:
            caller.identify()
            caller.speak(SECOND)
        await until(lambda: len(served.of_kind("call_started")) == 10)
        served.listener().kill()
        await until(lambda: all(isinstance(c.messages[-1], Terminated) for c in callers))
        for caller in callers:
            caller.speak(SECOND)
        assert not any(caller.was_reset for caller in callers)
        await until(lambda: len(served.of_kind("listening")) == 2)
        assert "killed" in served.troubles
        again = await speaking(served, number=11)
        for caller in (*callers, again):
            caller.hang_up()


async def test_a_call_whose_listener_was_killed_is_said_to_be_as_long_as_its_wav(recordings):
    async with serving(recordings) as served:
        caller = await speaking(served)
        wav = served.wav(served.calls()[0])
        await until(lambda: wav.is_file() and wav.stat().st_size >= 44 + len(SECOND))
        caller.speak(SECOND)
        await until(lambda: wav.stat().st_size >= 44 + 2 * len(SECOND))
        served.listener().kill()
        await served.ended()
        length = (wav.stat().st_size - 44) / len(SECOND)
        (ended,) = served.of_kind("call_ended")
        assert ended["duration"] == round(length, 3)
        _, listed, _ = await run_here("calls", "--json", "--recordings", str(recordings))
        assert json.loads(listed)["duration"] == round(length, 3)
        _, table, _ = await run_here("calls", "--recordings", str(recordings))
        assert table.split("\t")[3] == format_position(length)


async def test_stop_says_terminate_so_that_the_dialplan_goes_on(recordings):
    async with serving(recordings) as served:
        caller = await speaking(served)
        code, _, err = await run_streamer("stop", "last", "--recordings", str(recordings))
        assert code == 0
        assert "its dialplan goes on, unless this was Dial without the option g" in err
        await until(lambda: caller.messages and isinstance(caller.messages[-1], Terminated))
        caller.speak(SECOND)
        await served.ended()
        assert served.of_kind("call_ended")[0]["reason"] == "stopped"
        assert not caller.has_ended, "the keeper reads on until the PBX closes"
        caller.hang_up()


async def test_sigterm_takes_no_new_calls_and_follows_live_ones_to_their_end(recordings):
    async with serving(recordings) as served:
        caller = await speaking(served)
        served.process.send_signal(signal.SIGTERM)
        await until(lambda: "Not accepting new calls" in served.troubles)
        await until(lambda: not _is_open(served.port), every=SCAN_S)
        caller.speak(SECOND)
        caller.hang_up()
        assert await served.process.wait() == 128 + signal.SIGTERM
        assert served.of_kind("call_ended")[0]["reason"] == "hang-up"
        (recorded,) = served.calls()
        assert recorded["legs"][0]["bytes"] == 2 * len(SECOND)
        assert find_listeners(recordings) == []


def _is_open(port):
    listening = (c for c in psutil.net_connections("tcp4") if c.status == "LISTEN")
    return any(c.laddr and c.laddr.port == port for c in listening)


async def test_after_the_grace_callers_are_told_to_go_on(recordings):
    async with serving(recordings, "--grace", "0.1") as served:
        caller = await speaking(served)
        served.process.send_signal(signal.SIGTERM)
        assert await served.process.wait() == 128 + signal.SIGTERM
        assert isinstance(caller.messages[-1], Terminated)
        assert served.of_kind("call_ended")[0]["reason"] == "interrupted"
        caller.hang_up()


async def test_sigstop_of_the_listener_leaves_the_calls_to_the_keeper(recordings, monkeypatch):
    monkeypatch.setenv("STREAMER_KEEPER_PATIENCE", str(STOPPED_S))
    async with serving(recordings) as served:
        caller = await speaking(served)
        listener = served.listener()
        listener.suspend()
        await until(lambda: caller.messages and isinstance(caller.messages[-1], Terminated))
        caller.speak(SECOND)
        listener.resume()
        await served.ended()
        assert served.of_kind("call_ended")[0]["reason"] == "lost"
        assert "streamer was frozen for" in served.troubles
        other = await speaking(served, number=2)
        for one in (caller, other):
            one.hang_up()


async def test_the_tone_comes_back_whole_and_evenly(recordings):
    async with serving(recordings, "--tone", "440") as served:
        (result,) = await play(served, script_caller(SECOND * 3, rate=8000, name="a"))
        assert result.ending is Ending.HUNG_UP
        assert result.returned.frames > 50
        assert result.returned.peak == pytest.approx(0.25, abs=0.01)
        assert result.odd_rates == []
        await served.ended()
        (recorded,) = served.calls()
        assert recorded["legs"][0]["sent"]["frames"] >= result.returned.frames


async def test_the_echo_is_what_was_said(recordings, tmp_path):
    async with serving(recordings, "--echo") as served:
        script = script_caller(SECOND * 2, rate=8000, name="a")
        (result,) = await play(served, script, save_to=tmp_path / "back.wav")
        with wave.open(str(tmp_path / "back.wav")) as wav:
            heard = wav.readframes(wav.getnframes())
        assert SECOND in heard
        assert result.returned.peak == pytest.approx(0.125, abs=0.01)


async def test_an_announcement_is_played_whole_once_then_silence(recordings, tmp_path):
    said = bytes(range(1, 255)) * 60
    with wave.open(str(tmp_path / "notice.wav"), "wb") as wav:
        wav.setparams((1, 2, 16000, 0, "NONE", ""))
        wav.writeframes(said)
    notice = tmp_path / "notice.wav"
    async with serving(recordings, "--announce", str(notice)) as served:
        script = script_caller(SECOND * 4, rate=16000, name="a")
        await play(served, script, save_to=tmp_path / "back.wav")
        with wave.open(str(tmp_path / "back.wav")) as wav:
            heard = wav.readframes(wav.getnframes())
        assert heard.count(said[640:-640]) == 1


async def test_no_silence_means_nothing_is_sent(recordings):
    async with serving(recordings, "--no-silence") as served:
        caller = await speaking(served)
        caller.hang_up()
        await served.ended()
        assert caller.received == b""


def allow_few_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))


async def test_how_many_calls_fit_is_said_if_it_is_fewer_than_were_asked_for(recordings):
    many = ["--max-calls", "10000"]
    async with serving(recordings, *many, preexec_fn=allow_few_files) as served:
        await until(lambda: "calls fit at once, not 10000" in served.troubles)
        assert "LimitNOFILE" in served.troubles
    async with serving(recordings) as served:
        caller = await speaking(served)
        caller.hang_up()
        await served.ended()
        assert "calls fit" not in served.troubles


async def test_unknown_ids_are_refused_with_the_remedy_and_may_go_on(recordings):
    async with serving(recordings, accepts=False) as served:
        caller = await call(served.port)
        uuid = caller.identify()
        caller.speak(SECOND)
        await until(lambda: caller.received == TERMINATE)
        caller.hang_up()
        await until(lambda: str(uuid) in served.troubles)
        assert "--accept-unknown" in served.troubles
        assert served.calls() == []


async def test_a_port_that_is_taken_is_one_clear_line_and_exit_4(recordings, tmp_path):
    async with serving(recordings) as served:
        address = f"127.0.0.1:{served.port}"
        flags = ["--recordings", str(tmp_path / "others"), "--audiosocket", address, "--json"]
        code, out, err = await run_streamer("serve", "--accept-unknown", *flags)
        assert code == 4
        assert out == ""
        assert "no speech model" in err.splitlines()[0]
        assert len(err.splitlines()) == 2, err
        assert address in err.splitlines()[1]
        assert "another" in err.splitlines()[1]


@pytest.mark.parametrize("host", ["no.such.host.invalid", "two..dots"])
async def test_a_host_that_is_none_is_one_clear_line_and_exit_4(host, recordings):
    flags = ["--recordings", str(recordings), "--audiosocket", f"{host}:9092", "--json"]
    code, out, err = await run_streamer("serve", "--accept-unknown", *flags)
    assert (code, out) == (4, "")
    assert f"cannot listen on {host}:9092" in err.splitlines()[-1]
    assert len(err.splitlines()) == 2, err


async def test_a_folder_that_cannot_be_written_is_one_clear_line_and_exit_1(tmp_path):
    flags = ["--recordings", "/proc/nowhere", "--db", str(tmp_path / "a.sqlite3"), "--json"]
    address = ["--audiosocket", "127.0.0.1:0"]
    code, out, err = await run_streamer("serve", "--accept-unknown", *flags, *address)
    assert (code, out) == (1, "")
    assert "cannot record in /proc/nowhere" in err.splitlines()[-1]
    assert len(err.splitlines()) == 2, err


@pytest.mark.parametrize(
    "flags",
    [
        ["--audiosocket", "nonsense"],
        ["--audiosocket", "::1:9092"],
        ["--echo", "--tone", "440"],
        ["--tone", "5"],
        ["--format", "mp3"],
        ["--announce", "missing.wav"],
    ],
)
async def test_what_cannot_be_meant_is_exit_2_and_one_line(flags, recordings):
    code, out, err = await run_here("serve", "--recordings", str(recordings), *flags)
    assert (code, out, len(err.splitlines())) == (2, "", 1)


async def test_the_listener_is_small_and_knows_no_arrays_and_no_models(recordings):
    async with serving(recordings) as served:
        caller = await speaking(served)
        maps = "\n".join(map.path for map in served.listener().memory_maps())
        assert not any(name in maps for name in ("numpy", "ctranslate2", "onnxruntime", "/av/"))
        assert served.listener().memory_info().rss < 40e6
        caller.hang_up()
        await served.ended()
        assert json.dumps(served.calls())


async def test_a_new_serve_listens_while_the_calls_of_the_old_one_go_on(recordings):
    async with serving(recordings) as old:
        caller = await speaking(old)
        old.process.send_signal(signal.SIGTERM)
        await until(lambda: not _is_open(old.port), every=SCAN_S)
        address = f"127.0.0.1:{old.port}"
        async with serving(recordings, "--audiosocket", address) as new:
            assert len(find_listeners(recordings)) == 2
            await until(lambda: new.of_kind("call_started"))  # it follows the old one's, too
            other = await speaking(new, number=2)
            for one in (caller, other):
                one.hang_up()
            await new.ended(2)
        assert await old.process.wait() == 128 + signal.SIGTERM


async def test_a_serve_that_does_not_wait_leaves_live_calls_to_the_next(recordings):
    async with serving(recordings, "--no-wait") as old:
        caller = await speaking(old)
        old.process.send_signal(signal.SIGTERM)
        assert await old.process.wait() == 128 + signal.SIGTERM
        assert old.calls()[0]["reason"] is None
        async with serving(recordings, "--audiosocket", f"127.0.0.1:{old.port}") as new:
            await until(lambda: new.of_kind("call_started"))
            caller.speak(SECOND)
            caller.hang_up()
            await new.ended()
        assert new.calls()[0]["legs"][0]["bytes"] == 2 * len(SECOND)


async def test_only_a_registered_call_comes_in_once_and_brings_its_names(recordings, tmp_path):
    flags = ["--register", "127.0.0.1:0"]
    async with serving(recordings, *flags, accepts=False) as served:
        await until(lambda: len(served.of_kind("listening")) == 2)
        (register,) = [
            e["address"] for e in served.of_kind("listening") if e["source"] == "registration"
        ]
        query = "from=%2B4930123&to=100&channel=PJSIP/100-0000001a&label=customer"
        uuid = UUID(await _get(f"http://{register}/register?{query}"))
        caller = await call(served.port)
        caller.identify(uuid)
        caller.speak(SECOND)
        await until(lambda: served.of_kind("call_started"))
        (leg,) = served.of_kind("call_started")[0]["legs"]
        assert (leg["leg"], leg["channel"]) == ("customer", "PJSIP/100-0000001a")
        caller.hang_up()
        await served.ended()
        (recorded,) = served.calls()
        assert (recorded["facts"]["from"], recorded["facts"]["to"]) == ("+4930123", "100")
        again = await call(served.port)
        again.identify(uuid)
        await until(lambda: again.received == TERMINATE)
        await until(lambda: str(uuid) in served.troubles)
        assert "--accept-unknown" in served.troubles
        assert f"http://{register}/register" in served.troubles


async def test_calls_are_registered_at_any_of_several_addresses(recordings):
    flags = ["--register", "127.0.0.1:0", "--register", "127.0.0.1:0"]
    async with serving(recordings, *flags, accepts=False) as served:
        await until(lambda: len(served.of_kind("listening")) == 3)
        where = [e["address"] for e in served.of_kind("listening") if e["source"] == "registration"]
        for register in where:
            uuid = UUID(await _get(f"http://{register}/register"))
            caller = await call(served.port)
            caller.identify(uuid)
            caller.speak(SECOND)
            caller.hang_up()
        await served.ended(2)
        assert len(set(where)) == 2


async def test_the_key_of_the_registration_is_in_no_process_list_and_no_log(
    recordings, monkeypatch
):
    monkeypatch.setenv("STREAMER_REGISTER_KEY", "open-sesame")
    flags = ["--register", "127.0.0.1:0"]
    async with serving(recordings, *flags, accepts=False) as served:
        await until(lambda: len(served.of_kind("listening")) == 2)
        (register,) = [
            e["address"] for e in served.of_kind("listening") if e["source"] == "registration"
        ]
        with pytest.raises(HTTPError, match="401"):
            await _get(f"http://{register}/register")
        assert UUID(await _get(f"http://{register}/register?key=open-sesame"))
        lines = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
        assert not any("open-sesame" in line for line in lines)
        files = [path.read_bytes() for path in recordings.rglob("*") if path.is_file()]
        assert not any(b"open-sesame" in content for content in files)


async def test_registration_beyond_this_machine_has_a_key_made_and_names_its_file(recordings):
    flags = ["--register", "0.0.0.0:0"]
    async with serving(recordings, *flags, accepts=False) as served:
        register = await _registers_at(served)
        await until(lambda: str(recordings / ".register_key") in served.troubles)
        with pytest.raises(HTTPError, match="401"):
            await _get(f"http://{register}/register")
        key = (recordings / ".register_key").read_text().strip()
        assert key not in served.troubles
        assert UUID(await _get(f"http://{register}/register?key={key}"))


async def test_a_second_use_of_a_registered_id_is_a_call_of_its_own_if_unknown_ones_are(recordings):
    async with serving(recordings, "--register", "127.0.0.1:0") as served:
        uuid = UUID(await _get(f"http://{await _registers_at(served)}/register?label=customer"))
        callers = []
        for number in (1, 2):
            callers.append(await call(served.port))
            callers[-1].identify(uuid)
            callers[-1].speak(SECOND)
            await until(lambda number=number: len(served.of_kind("call_started")) == number)
        labels = [event["legs"][0]["leg"] for event in served.of_kind("call_started")]
        assert labels == ["customer", "caller"]
        for caller in callers:
            caller.hang_up()
        await served.ended(2)


@pytest.mark.parametrize("count", [2, 5])
async def test_callers_at_once_with_one_uuid_are_each_a_call_if_unknown_ones_are(recordings, count):
    uuid = UUID("40325ec2-5efd-4bd3-805f-53576e581d13")  # of a tutorial
    async with serving(recordings) as served:
        callers = []
        for number in range(count):
            callers.append(await call(served.port))
            callers[-1].identify(uuid)
            callers[-1].speak(SECOND * (number + 1))
        await until(lambda: len(served.of_kind("call_started")) == count)
        for caller in callers:
            caller.hang_up()
        await served.ended(count)
        calls = served.calls()
        lengths = sorted(one["legs"][0]["samples"] for one in calls)
        assert lengths == [len(SECOND) // 2 * (number + 1) for number in range(count)]
        assert {one["facts"]["uuid"] for one in calls} == {str(uuid)}
        assert "refused" not in served.troubles


async def test_a_second_use_of_a_registered_id_is_refused_where_no_unknown_ones_come_in(recordings):
    async with serving(recordings, "--register", "127.0.0.1:0", accepts=False) as served:
        uuid = UUID(await _get(f"http://{await _registers_at(served)}/register"))
        first, second = await call(served.port), await call(served.port)
        first.identify(uuid)
        await until(lambda: len(served.of_kind("call_started")) == 1)
        second.identify(uuid)
        await until(lambda: TERMINATE in second.received)
        await until(lambda: str(uuid) in served.troubles)
        assert not first.has_ended
        assert len(served.calls()) == 1


@pytest.mark.parametrize(
    ("via", "said"),
    [("app", "dialplan goes on, without us"), ("dial", "option g"), ("spy", "call itself goes on")],
)
async def test_stop_says_what_becomes_of_a_call_for_the_way_it_came_in(recordings, via, said):
    flags = ["--register", "127.0.0.1:0"]
    async with serving(recordings, *flags, accepts=False) as served:
        uuid = await _get(f"http://{await _registers_at(served)}/register?via={via}")
        caller = await call(served.port)
        caller.identify(UUID(uuid))
        caller.speak(SECOND)
        await until(lambda: served.of_kind("call_started"))
        _, _, err = await run_streamer("stop", "last", "--recordings", str(recordings))
        assert said in err
        await served.ended()
        assert served.calls()[0]["facts"]["via"] == via


async def _registers_at(served):
    await until(lambda: len(served.of_kind("listening")) == 2)
    (address,) = [
        e["address"] for e in served.of_kind("listening") if e["source"] == "registration"
    ]
    return address.replace("0.0.0.0", "127.0.0.1")


async def _get(url):
    def read():
        with urlopen(url, timeout=30) as answer:
            return answer.read().decode()

    return await asyncio.to_thread(read)


async def test_calls_in_a_language_that_the_model_lacks_are_recorded_without_text(recordings):
    async with serving(recordings, "--model", "demo", "--language", "Spanish") as served:
        await play(served, script_caller(SECOND, rate=8000, name="a"))
        await served.ended()
        assert served.troubles.count("the model demo knows only English, not Spanish") == 1
        assert [c["reason"] for c in served.calls()] == ["hang-up"]


async def test_calls_over_a_websocket_come_beside_the_others_and_are_transcribed_and_stored(
    recordings, short_call
):
    with wave.open(str(short_call)) as wav:
        rate, channels = wav.getframerate(), wav.getnchannels()
        pcm = wav.readframes(wav.getnframes())
    left = array("h", pcm)[::channels].tobytes()
    formats = {8000: "slin", 16000: "slin16"}
    async with serving(recordings, "--websocket", "127.0.0.1:0", "--model", "demo") as served:
        await until(lambda: len(served.of_kind("listening")) == 2)
        where = [e["address"] for e in served.of_kind("listening") if e["source"] == "websocket"]
        channel = await dial(int(where[0].rpartition(":")[2]), format=formats[rate])
        await channel.start()
        await channel.speak(left)
        beside = await speaking(served, number=2)
        beside.hang_up()
        await channel.hang_up()
        await served.ended(2)
        finals = [e for e in served.of_kind("final") if e["leg"] == "caller"]
        sources = {e["source"] for e in served.of_kind("call_started")}
        assert sources == {"audiosocket", "chan-websocket"}
        assert any(e["text"] for e in finals)
    code, out, _ = await run_here("calls", "--json", "--recordings", str(recordings))
    listed = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert {one["source"] for one in listed} == sources


async def test_a_listener_of_the_config_file_asks_for_its_secret_and_is_encrypted(
    recordings, tmp_path
):
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    (tmp_path / "token").write_text("open-sesame\n")
    config = tmp_path / "config.toml"
    config.write_text(
        f'cert = "{tmp_path / "both.pem"}"\n[[listen]]\nkind = "websocket"\naddress = "127.0.0.1:0"\n'
        f'tls = true\nauth = "bearer:@{tmp_path / "token"}"\n'
    )
    context = ssl.create_default_context(cafile=None)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with serving(recordings, "--config", str(config), accepts=False) as served:
        await until(lambda: len(served.of_kind("listening")) == 2)
        where = [e["address"] for e in served.of_kind("listening") if e["source"] == "websocket"]
        port = int(where[0].rpartition(":")[2])
        right = {"Authorization": "Bearer open-sesame"}
        channel = await dial(port, ssl=context, additional_headers=right)
        await channel.start()
        await channel.speak(SECOND)
        await channel.hang_up()
        await served.ended()
        files = [path.read_bytes() for path in recordings.rglob("*") if path.is_file()]
        assert not any(b"open-sesame" in content for content in files)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('kind = "websocket"\nadress = "127.0.0.1:1"', "the nearest known one is address"),
        ('kind = "websocket"\naddress = "127.0.0.1:1"\nauth = "s3cret"', "must begin with bearer:"),
        ('kind = "websocket"\naddress = "127.0.0.1:1"\ntls = true', "there is no certificate"),
    ],
)
async def test_a_table_that_cannot_be_meant_is_exit_2(tmp_path, table, said):
    config = tmp_path / "config.toml"
    config.write_text(f"[[listen]]\n{table}\n")
    config.chmod(0o600)
    code, _, err = await run_here("serve", "--config", str(config), "--json")
    assert code == 2
    assert said in err
    assert len(err.splitlines()) == 1
    assert "s3cret" not in err


async def test_a_certificate_that_cannot_be_read_is_exit_2(recordings, tmp_path):
    flags = ["--websocket", "0.0.0.0:0", "--cert", str(tmp_path / "none.pem"), "--json"]
    code, _, err = await run_here("serve", "--recordings", str(recordings), *flags)
    assert code == 2
    assert "none.pem cannot be read" in err.splitlines()[-1]
