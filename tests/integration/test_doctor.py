"""`streamer doctor` as users run it, on real set-ups that are broken."""

import json
import os
import pwd
import shutil
import socket
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from streamer.config import Settings
from streamer.core.addresses import show_address
from streamer.doctor.examination import Check, examine, run_check
from streamer.doctor.findings import Level, ok
from streamer.doctor.gather import machine, pbx as asking, processes
from streamer.doctor.gather.certificate import gather_certificate
from streamer.doctor.gather.listening import Listening, gather_listening, gather_refusals
from streamer.doctor.gather.patience import ask_system
from streamer.doctor.gather.pbx import gather_pbx
from streamer.doctor.gather.settings import gather_settings, read_settings
from streamer.doctor.gather.words import gather_model
from streamer.doctor.listening import PortState, judge_listening
from streamer.doctor.machine import judge_folder
from streamer.doctor.pbx import judge_pbx
from streamer.doctor.words import judge_model
from streamer.keeper.client import open_keeper
from streamer.simulator.ari.server import PASSWORD, USER, SimulatedAri
from streamer.speech.engine.models import demo_path
from streamer.tap.listen_plan import ListenAddress
from streamer.tap.listeners import ListenerNote, note_listener
from tests.fakes.command_line import run_here
from tests.fakes.ports import SILENT, closed_port, http, open_port
from tests.fakes.reading import ReadingRecogniser, opener


@pytest.fixture
async def simulated():
    ari = SimulatedAri()
    async with ari.open("127.0.0.1", 0) as port:
        yield ari, f"http://127.0.0.1:{port}"


def settings_of(url, **changes):
    return Settings(ari_url=url, ari_user=USER, **{"ari_password": PASSWORD, **changes})


async def look_at(url, tmp_path, **changes):
    facts = await gather_pbx(settings_of(url, **changes), http_conf=tmp_path / "http.conf")
    return {finding.check: finding for finding in reversed(list(judge_pbx(facts)))}


async def run_doctor(tmp_path, *flags, **env):
    given = {"HOME": str(tmp_path), "PATH": os.defpath, "STREAMER_RUNTIME_DIR": str(tmp_path / "r")}
    code, out, err = await run_here("doctor", "--json", *flags, cwd=tmp_path, env=given | env)
    return code, [json.loads(line) for line in out.splitlines()], err


async def test_a_sound_asterisk_has_no_errors_and_is_left_as_it_was(simulated, tmp_path):
    ari, url = simulated
    ari.pbx.start_call(codec="g722").answer()
    found = await look_at(url, tmp_path)
    assert [one.check for one in found.values() if one.level is not Level.OK] == ["version"]
    assert "an event comes" in found["ari events"].message
    assert "g722 (16 kHz)" in found["codecs"].message
    assert ari.applications == []
    assert all("streamer-" in path for method, path in ari.requests if method == "PUT")


async def set_version(ari):
    ari.faults.version = "23.5.0-rc1"


async def forget_snoop(ari):
    ari.faults.missing_modules.add("res_stasis_snoop.so")


async def be_read_only(ari):
    ari.faults.is_read_only = True


async def have_no_events(ari):
    ari.faults.has_no_events = True


async def list_no_modules(ari):
    ari.faults.statuses["/asterisk/modules"] = 404


async def be_slow(ari):
    ari.faults.delay_s = 0.11


async def keep_events_back(ari):
    ari.faults.keeps_events_back = True


@pytest.mark.parametrize(
    ("break_it", "check", "message", "remedy"),
    [
        (set_version, "version", "pong", "issues/2085"),
        (forget_snoop, "modules", "res_stasis_snoop is missing", "module load res_stasis_snoop.so"),
        (be_read_only, "ari rights", "may only read", "read_only = no"),
        (have_no_events, "ari events", "HTTP 503", "Upgrade"),
        (keep_events_back, "ari events", "no event comes", "proxy_buffering off"),
        (list_no_modules, "modules", "does not list", "res_ari_asterisk"),
        (be_slow, "ari latency", "ms", "near Asterisk"),
    ],
)
async def test_an_asterisk_with_a_fault(simulated, tmp_path, monkeypatch, break_it, check, message, remedy):  # fmt: skip
    ari, url = simulated
    monkeypatch.setattr(asking, "EVENT_PATIENCE_S", 0.5)
    await break_it(ari)
    found = await look_at(url, tmp_path)
    assert message in found[check].message
    assert remedy in found[check].remedy


@pytest.mark.parametrize(
    ("changes", "message", "remedy"),
    [
        ({"ari_password": "wrong"}, "HTTP 401", "ari.conf"),
        ({"ari_password": ""}, "ari_password must be set", ""),
        ({"ari_password": "@/nowhere/at/all"}, "cannot be read", ""),
        ({"ari_url": "pbx"}, "no address of http", ""),
        (
            {"ari_url": f"http://127.0.0.1:{closed_port()}"},
            "nothing is listening there",
            "enabled = yes",
        ),
    ],
)
async def test_settings_of_ari_that_are_wrong(simulated, tmp_path, changes, message, remedy):
    found = await look_at(**{"url": simulated[1], "tmp_path": tmp_path} | translate(changes))
    assert list(found) == ["ari"]
    assert message in found["ari"].message
    assert remedy in found["ari"].remedy


def translate(changes):
    return {("url" if name == "ari_url" else name): value for name, value in changes.items()}


@pytest.mark.parametrize(
    ("answer", "message"),
    [(http("200 OK", b"<html>"), "not as ARI does"), (http("404 Not Found"), "404"), (SILENT, "not answer"), (b"", "HTTP")],
)  # fmt: skip
async def test_what_is_no_asterisk(tmp_path, answer, message):
    async with open_port(answer) as port:
        found = await look_at(f"http://127.0.0.1:{port}", tmp_path, open_timeout=0.2)
    assert list(found) == ["ari"]
    assert message in found["ari"].message
    assert found["ari"].is_unreachable


async def test_the_limit_of_sessions_is_read_where_asterisk_runs_here(simulated, tmp_path):
    (tmp_path / "http.conf").write_text("[general]\n;sessionlimit=7\n sessionlimit => 20 ; few\n")
    found = await look_at(simulated[1], tmp_path)
    assert "only 20" in found["http sessions"].message


def listen_at(port, **changes):
    return Listening((ListenAddress("audiosocket", "127.0.0.1", port),), **changes)


def test_a_port_that_another_program_has_is_named_with_it(tmp_path):
    settings = Settings(recordings=str(tmp_path), runtime_dir=str(tmp_path / "r"))
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        (facts,) = gather_listening(settings, listen_at(port)).ports
    assert facts.state is PortState.TAKEN
    assert f"(process {os.getpid()})" in facts.who
    (facts,) = gather_listening(settings, listen_at(port)).ports
    assert facts.state is PortState.FREE


def test_a_listener_that_was_left_is_told_from_other_programs(tmp_path, runtime_dir):
    settings = Settings(recordings=str(tmp_path), runtime_dir=str(runtime_dir))
    with closing(socket.create_server(("127.0.0.1", 0))) as left:
        address = show_address(*left.getsockname())
        note = ListenerNote("audiosocket", address, str(tmp_path))
        held = note_listener(note, runtime_dir=runtime_dir)
        assert held is not None
        (facts,) = gather_listening(settings, listen_at(left.getsockname()[1])).ports
        held.close()
    assert (facts.state, facts.who) == (PortState.LEFT, address)


def test_an_address_that_is_not_of_this_machine(tmp_path):
    settings = Settings(recordings=str(tmp_path))
    wanted = Listening((ListenAddress("websocket", "192.0.2.1", 9094),))
    first, *_ = judge_listening(gather_listening(settings, wanted))
    assert "this machine has no such address" in first.message


def make_certificate(tmp_path, *, begins=-1, ends):
    now = datetime.now(UTC)
    issued = trustme.CA().issue_cert(
        "localhost", not_before=now + timedelta(days=begins), not_after=now + timedelta(days=ends)
    )
    path = tmp_path / "cert.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(path)
    return str(path)


@pytest.mark.parametrize(("ends", "days"), [(3.5, 3), (300.5, 300)])
def test_when_a_certificate_ends_is_read_from_it(tmp_path, ends, days):
    facts = gather_certificate(make_certificate(tmp_path, ends=ends), "")
    assert (facts.days_left, facts.trouble) == (days, "")


def test_a_certificate_that_has_expired_or_has_not_begun(tmp_path):
    assert gather_certificate(make_certificate(tmp_path, begins=-9, ends=-2), "").has_expired
    assert gather_certificate(make_certificate(tmp_path, begins=2, ends=9), "").is_early


def test_what_is_no_certificate(tmp_path):
    path = tmp_path / "cert.pem"
    assert "cannot be read" in gather_certificate(str(path), "").trouble
    path.write_text("no")
    assert "no certificate" in gather_certificate(str(path), "").trouble


def test_a_folder_that_will_be_made_is_not_made(tmp_path):
    facts = machine.gather_folder(tmp_path / "a" / "b")
    assert not facts.exists
    assert not facts.trouble
    assert facts.free
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_file(tmp_path):
    (tmp_path / "file").write_text("")
    assert machine.gather_folder(tmp_path / "file").trouble
    (finding,) = judge_folder(machine.gather_folder(tmp_path / "file" / "x"))
    assert finding.level is Level.ERROR
    facts = machine.gather_folder(tmp_path.__class__("/proc"))  # takes no file from root either
    assert facts.trouble


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="there is no /dev/full here")
def test_a_disk_that_is_full_is_said(tmp_path, monkeypatch):
    really_open = os.open
    monkeypatch.setattr(
        os, "open", lambda path, flags, mode=0: really_open("/dev/full", os.O_WRONLY)
    )
    assert "the disk is full" in machine.gather_folder(tmp_path).trouble


def test_the_kind_of_a_disk_is_that_of_the_innermost_mount(tmp_path):
    mounts = tmp_path / "mounts"
    inner = str(tmp_path).replace("_", "\\137")
    mounts.write_text(f"d / ext4 rw 0 0\nn {inner} nfs4 rw 0 0\nx /elsewhere tmpfs rw 0 0\n")
    assert machine.gather_folder(tmp_path, mounts=mounts).disk == "nfs4"


def test_a_runtime_folder_of_others(tmp_path):
    (tmp_path / "r").mkdir(mode=0o755)
    (tmp_path / "r").chmod(0o755)
    facts = machine.gather_keeper(
        Settings(recordings=str(tmp_path), runtime_dir=str(tmp_path / "r"))
    )
    assert "chmod 700" in facts.trouble


def make_proc(proc, cgroup):
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text(cgroup)
    return proc


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/streamer.service\n", ("streamer.service", False)),
        ("0::/user.slice/user-1.slice/user@1.service/app.slice/s.service\n", ("s.service", True)),
        ("1:name=systemd:/system.slice/x@1.service\n0::/\n", ("x@1.service", False)),
        ("0::/user.slice/user-1.slice/session-2.scope\n", ("", False)),
        ("0::/system.slice/--evil x.service\n", ("", False)),
        ("", ("", False)),
    ],
)
def test_the_unit_of_a_process_is_found(tmp_path, cgroup, unit):
    assert processes.find_unit("self", proc=make_proc(tmp_path, cgroup)) == unit


@pytest.mark.parametrize("is_seen", [True, False])
@pytest.mark.parametrize(
    ("module", "who"),
    [("streamer.tap.inbound_process", "user {} (streamer.service)"), ("http.server", "")],
)
def test_a_listener_that_another_user_has_started_is_told_from_other_programs(
    tmp_path, module, who, is_seen
):
    (tmp_path / "net").mkdir()
    user = tmp_path.stat().st_uid
    (tmp_path / "net" / "tcp").write_text(
        f"head\n 0: 0100007F:2384 00000000:0000 0A 0:0 00:0 0 {user} 0 99 1\n"
    )
    process = tmp_path / "7"
    process.mkdir()
    (process / "cmdline").write_bytes(b"python\0-m\0" + module.encode() + b"\0")
    (process / "cgroup").write_text("0::/system.slice/streamer.service\n")
    owner = processes.Owner(7, "python3") if is_seen else None
    name = pwd.getpwuid(user).pw_name
    found = processes.describe_listener_process(0x2384, owner, proc=tmp_path)
    assert found == who.format(name)


def test_when_a_process_started_is_read_from_the_system():
    assert 0 <= time.time() - processes.read_start(os.getpid()) < 36_000


@pytest.mark.parametrize(("changed_at", "stale"), [(500.0, False), (2_000.0, True), (None, True)])
def test_a_keeper_of_a_version_that_has_been_replaced_is_known(tmp_path, changed_at, stale):
    script, process = tmp_path / "process.py", tmp_path / "7"
    process.mkdir()
    (process / "cmdline").write_bytes(b"python\0-I\0" + os.fsencode(script) + b"\x003\0")
    (process / "stat").write_text("7 (a ) b) S " + "0 " * 18 + "0 0\n")
    (tmp_path / "stat").write_text("cpu 1\nbtime 1000\n")
    if changed_at is not None:
        script.write_text("")
        os.utime(script, (changed_at, changed_at))
    assert machine.is_stale(7, proc=tmp_path) is stale


async def test_the_keeper_that_runs_is_found_without_being_asked(tmp_path, runtime_dir):
    settings = Settings(recordings=str(tmp_path), runtime_dir=str(runtime_dir))
    assert not machine.gather_keeper(settings).is_running
    async with open_keeper(runtime_dir):
        facts = machine.gather_keeper(settings)
    assert facts.is_running
    assert not facts.is_stale


def test_how_systemd_ends_a_unit_is_asked_of_it(tmp_path, monkeypatch):
    tool = tmp_path / "systemctl"
    tool.write_text('#!/bin/sh\necho "KillMode=control-group"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    assert processes.read_kill_mode("streamer.service", is_users=False) == "control-group"
    tool.write_text("#!/bin/sh\nexit 1\n")
    assert processes.read_kill_mode("streamer.service", is_users=True) == ""
    monkeypatch.setenv("PATH", "")
    assert processes.read_kill_mode("streamer.service", is_users=False) is None


async def test_a_model_that_nobody_checked_is_tried_and_one_that_is_too_slow_is_said(monkeypatch):
    monkeypatch.setattr("streamer.doctor.gather.words.is_bundled", lambda _: False)
    for window_s, level in ((0.1, Level.OK), (100.0, Level.WARNING)):
        recogniser = ReadingRecogniser(window_s=window_s)
        facts = await gather_model(
            Settings(model="demo"), recognisers={"local": opener(recogniser)}
        )
        (finding,) = judge_model(facts)
        assert finding.level is level
        assert len(recogniser.windows) < 10
    broken = ReadingRecogniser(fault="its weights are broken; install them again")
    (finding,) = judge_model(
        await gather_model(Settings(model="demo"), recognisers={"local": opener(broken)})
    )
    assert (finding.level, finding.remedy) == (Level.ERROR, "install them again")


def test_refusals_are_read_from_the_log_of_the_listener(tmp_path):
    assert not gather_refusals(tmp_path).counts
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    why = "its UUID 00000000-0000-0000-0000-000000000000 is refused: it is not registered"
    line = f"{now},323 WARNING streamer.tap.inbound_process: listener: no call from 1:5: {why}\n"
    (tmp_path / "listener.log").write_text(line * 3)
    assert list(gather_refusals(tmp_path).counts.values()) == [3]


def test_wrong_settings_are_said_and_the_rest_is_looked_at_without_them(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('languge = "en"\n')
    settings, trouble = read_settings(config, {"STREAMER_MODEL": "base"}, {})
    assert "languge" in trouble
    assert settings.model == "base"
    settings, trouble = read_settings(None, {"STREAMER_INSECURE": "perhaps"}, {"recordings": "x"})
    assert "STREAMER_INSECURE" in trouble
    assert settings.recordings == "x"


def test_files_with_secrets_that_others_can_read_are_named(tmp_path):
    config, secret, key = (tmp_path / name for name in ("config.toml", "secret", "key.pem"))
    for file in (config, secret, key):
        file.write_text("")
        file.chmod(0o644)
    listen = [{"auth": [f"bearer:@{secret}"]}]
    settings = Settings(ari_password=f"@{secret}", key=str(key), listen=listen)
    facts = gather_settings(config, {"STREAMER_MODLE": "x"}, settings, "")
    assert facts.is_exposed
    assert set(facts.exposed) == {str(secret), str(key)}
    assert facts.unknown == (("STREAMER_MODLE", "STREAMER_MODEL"),)
    for file in (config, secret, key):
        file.chmod(0o600)
    facts = gather_settings(config, {}, settings, "")
    assert (facts.is_exposed, facts.exposed) == (False, ())


async def test_a_check_that_fails_or_hangs_is_a_finding_and_holds_nothing_up(tmp_path):
    def fail():
        raise PermissionError(13, "secret words of the system")

    async def look(function):
        return [ok("x", await ask_system(function))]

    is_over = threading.Event()
    hung = Check("slow", lambda: look(lambda: "" if is_over.wait() else ""), "wait", 0.05)
    (late,) = await run_check(hung)
    is_over.set()
    assert (late.check, late.level, late.remedy) == ("slow", Level.WARNING, "wait")
    (failed,) = await run_check(Check("bad", lambda: look(fail), "mend it"))
    assert failed.message == "it cannot be looked at: permission denied"
    found = [
        one async for one in examine([hung_first(), Check("y", lambda: look(lambda: "m"), "")])
    ]
    assert [one.check for one in found] == ["z", "x"]


def hung_first():
    async def look():
        raise TimeoutError

    return Check("z", look, "wait")


async def test_a_newcomer_without_anything_gets_warnings_and_exit_code_0(tmp_path):
    code, lines, err = await run_doctor(tmp_path)
    assert (code, err) == (0, "")
    assert all(set(line) == {"check", "level", "message", "remedy"} for line in lines)
    assert {line["level"] for line in lines} == {"ok", "warning"}
    assert [line["remedy"] for line in lines if line["check"] == "model"] == [
        "install one with `streamer models pull`, then make the text with `streamer resume --all`"
    ]
    assert not (tmp_path / "recordings").exists()


async def test_a_config_file_with_a_password_that_others_can_read(simulated, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(f'ari_url = "{simulated[1]}"\nari_user = "{USER}"\nari_password = "wrong"\n')
    config.chmod(0o644)
    code, lines, _ = await run_doctor(tmp_path, "--config", str(config))
    assert code == 4
    (first, *_) = lines
    assert (first["check"], first["remedy"]) == ("config", f"chmod 600 {config}")
    assert "wrong" not in json.dumps(lines)


async def test_an_error_is_exit_code_1_and_what_is_hostile_is_harmless(simulated, tmp_path):
    ari, url = simulated
    ari.faults.version = "23.4.1\x1b[31m"
    ari.faults.missing_modules.add("res_stasis.so")
    env = {"STREAMER_ARI_URL": url, "STREAMER_ARI_USER": USER, "STREAMER_ARI_PASSWORD": PASSWORD}
    given = {"HOME": str(tmp_path), "PATH": os.defpath, **env}
    code, out, _ = await run_here("doctor", cwd=tmp_path, env=given)
    assert code == 1
    assert "error modules: res_stasis is missing" in out
    assert "\n  `module load res_stasis.so` in Asterisk" in out
    assert "\x1b" not in out


async def test_a_model_is_looked_for_in_a_folder_of_ones_own(tmp_path):
    shutil.copytree(demo_path(), tmp_path / "base")
    facts = await gather_model(Settings(models_dir=str(tmp_path)), recognisers={"local": opener(ReadingRecogniser())})  # fmt: skip
    assert (facts.name, facts.lack) == ("base", "")
