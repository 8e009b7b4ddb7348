"""Broken set-ups, each recognised with the right remedy."""

from dataclasses import replace

import pytest

from streamer.doctor.findings import Finding, Level, choose_exit_code, split_advice
from streamer.doctor.listening import (
    CertificateFacts,
    ListeningFacts,
    PortFacts,
    PortState,
    RegistrationFacts,
    judge_listening,
)
from streamer.doctor.machine import (
    GB,
    MB,
    FolderFacts,
    KeeperFacts,
    LimitFacts,
    ScreenFacts,
    UnitFacts,
    judge_folder,
    judge_keeper,
    judge_limits,
    judge_screen,
    judge_units,
)
from streamer.doctor.modules import judge_modules
from streamer.doctor.pbx import ChannelFacts, PbxFacts, judge_pbx, judge_version
from streamer.doctor.refusals import judge_refusals, read_refusals
from streamer.doctor.settings import SettingsFacts, judge_settings
from streamer.doctor.words import ModelFacts, judge_model
from streamer.errors import ExitCode
from streamer.simulator.ari.faults import MODULES as FILES

MODULES = sorted(file.removesuffix(".so") for file in FILES)
RUNNING = dict.fromkeys(MODULES, "Running")
PBX = PbxFacts(
    is_wanted=True,
    url="http://pbx:8088/ari",
    user="streamer",
    version="23.4.1",
    latencies_s=(0.002, 0.004),
    headers={"server": "Asterisk/23.4.1"},
    clock_ahead_s=0.2,
    modules=RUNNING,
    is_read_only=False,
    event_s=0.003,
    sessions=3,
)
PORT = PortFacts("websocket", "127.0.0.1", 9094, PortState.FREE)
FOLDER = FolderFacts("/calls", free=100 * GB, inodes=1_000_000, disk="ext4")
SCREEN = ScreenFacts("Python 3.11.2", "utf-8", "LANG=C.UTF-8", True, "xterm-256color", 120, 40)


def pbx(**changes):
    return judge_pbx(replace(PBX, **changes))


def without(*names):
    return judge_modules({name: "Running" for name in MODULES if name not in names})


def port(state, **facts):
    return judge_listening(ListeningFacts([replace(PORT, state=state, **facts)]))


def certificate(**facts):
    return judge_listening(ListeningFacts(certificate=CertificateFacts("/c.pem", **facts)))


def registration(*, host="127.0.0.1", **facts):
    place = replace(PORT, host=host, is_loopback=host == "127.0.0.1")
    known = RegistrationFacts("/calls/.register_key", **facts)
    return judge_listening(ListeningFacts([place], registration=known))


def folder(**changes):
    return judge_folder(replace(FOLDER, **changes))


def refused(why):
    line = f"2026-11-28 12:00:00,323 WARNING streamer.tap: listener: no call from 10.0.0.1:5: {why}"
    return judge_refusals(read_refusals(line, since="2026-11-27 13:00:00"))


ID = "its UUID 40325ec2-5efd-4bd3-805f-53576e581d13 is refused: "

BROKEN = [
    # The PBX.
    (pbx(unreachable="http://pbx:8088/ari cannot be reached: the connection was refused; check host and port"), "ari", "error", "refused", "enabled = yes"),
    (pbx(unreachable="http://pbx does not let the user x in (HTTP 401): check ari_user"), "ari", "error", "401", "check ari_user"),
    (pbx(unreachable="u cannot be reached: it does not speak HTTP as ARI does; `http show status`"), "ari", "error", "HTTP", "sessionlimit = 300"),
    (pbx(trouble="ari_password must be set, in the config file: a user; write it"), "ari", "error", "ari_password", "write it"),
    (pbx(is_read_only=True), "ari rights", "error", "only read", "read_only = no"),
    (pbx(is_read_only=None), "ari rights", "warning", "cannot be found out", "read_only"),
    (pbx(events_trouble="u/events answered HTTP 400: x"), "ari events", "error", "HTTP 400", "Upgrade"),
    (pbx(are_events_kept=True), "ari events", "error", "no event comes", "proxy_buffering off"),
    (pbx(event_s=2.5), "ari events", "warning", "2500 ms", "proxy_buffering off"),
    (pbx(latencies_s=(0.4, 0.5, 0.6)), "ari latency", "warning", "500 ms", "near Asterisk"),
    (pbx(headers={"server": "nginx/1.24"}), "ari proxy", "warning", "nginx", "name Asterisk itself"),
    (pbx(headers={"server": "Asterisk", "via": "1.1 x"}), "ari proxy", "warning", "via", "timeout"),
    (pbx(clock_ahead_s=-90.0), "clock", "warning", "90 s behind", "NTP"),
    (pbx(sessions=80), "http sessions", "warning", "80 of 100", "sessionlimit = 300"),
    (pbx(session_limit=20), "http sessions", "warning", "only 20", "sessionlimit = 300"),
    (pbx(version=""), "version", "warning", "does not say", "res_ari_asterisk"),
    (pbx(channels=[ChannelFacts("PJSIP/1", ())]), "codecs", "warning", "PJSIP/1", "NativeFormats"),
    (pbx(modules=RUNNING | {"res_ari_stream": "Running"}, channels=[ChannelFacts("PJSIP/1", ("slin16",))]), "codecs", "warning", "slin16", "over ARI"),
    # Its version.
    (judge_version("16.30.0"), "version", "error", "too old", "18 or newer"),
    (judge_version("GIT-master-abc123"), "version", "warning", "no release", "issues/2085"),
    (judge_version("23.5.0-rc1"), "version", "warning", "pong", "issues/2085"),
    (judge_version("22.11.0-rc1"), "version", "warning", "pong", "issues/2085"),
    (judge_version("22.9.0"), "version", "warning", "many calls over ARI", "issues/1962"),
    (judge_version("20.19.0"), "version", "warning", "standstill", "issues/1907"),
    (judge_version("20.18.2"), "version", "warning", "unanswered", "issues/2078"),
    (judge_version("23.4.1"), "version", "warning", "server is silent", "issues/2089"),
    (judge_version("22.8.0"), "version", "warning", "two packets", "22.9.0"),
    (judge_version("22.3.0"), "version", "warning", "second node", "22.4.0"),
    (judge_version("22.6.0"), "version", "warning", "may crash", "issues/1643"),
    (judge_version("20.9.0"), "version", "warning", "no chan_websocket", "20.16.0"),
    # Its modules.
    (judge_modules(None), "modules", "warning", "does not list", "res_ari_asterisk"),
    (without("res_stasis_snoop"), "modules", "error", "res_stasis_snoop is missing", "module load res_stasis_snoop.so"),
    (without("res_ari_channels", "res_ari_events"), "modules", "error", "cannot make taps", "module load"),
    (without("chan_audiosocket"), "modules", "warning", "only chan_websocket", "module load chan_audiosocket.so"),
    (without("chan_audiosocket", "chan_websocket"), "modules", "error", "no audio can come", "module load"),
    (without("app_audiosocket"), "modules", "warning", "AudioSocket()", "if your dialplan calls it"),
    (judge_modules(RUNNING | {"res_stasis": "Not Running"}), "modules", "error", "loaded but not running", "module load"),
    (judge_modules(RUNNING | {"res_ari_stream": "Running"}), "stream-channel", "warning", "freezes", "over ARI"),
    (without("res_timing_timerfd"), "timing", "error", "stand still", "res_timing_timerfd"),
    (judge_modules({**{n: s for n, s in RUNNING.items() if "timing" not in n}, "res_timing_pthread": "Running"}), "timing", "warning", "stutters", "timing test"),
    # Listeners.
    (port(PortState.TAKEN, who="asterisk (process 7)"), "listeners", "error", "taken by asterisk", "sport = :9094"),
    (port(PortState.TAKEN), "listeners", "error", "another user", "ss -ltnp"),
    (port(PortState.LEFT, who="127.0.0.1:9094"), "listeners", "warning", "left over", "stop --listener 127.0.0.1:9094"),
    (port(PortState.FORBIDDEN, port=80), "listeners", "error", "below 1024", "CAP_NET_BIND_SERVICE"),
    (port(PortState.UNUSABLE, why="it is no address of this machine; choose one that is"), "listeners", "error", "no address", "choose one"),
    (judge_listening(ListeningFacts([PORT, PORT])), "listeners", "error", "2 times", "port of its own"),
    (judge_listening(ListeningFacts(trouble="listen 1 has no kind; add one")), "listeners", "error", "no kind", "add one"),
    (certificate(trouble="/c.pem cannot be read (it is not there); --cert and --key name PEM files"), "tls", "error", "cannot be read", "--cert"),
    (certificate(has_expired=True), "tls", "error", "has expired", "renew"),
    (certificate(is_early=True), "tls", "error", "not valid yet", "clock"),
    (certificate(days_left=3, ends="2026-12-01"), "tls", "warning", "3 days", "renew"),
    (certificate(), "tls", "warning", "cannot be read", "openssl"),
    (registration(key_length=4), "registration", "warning", "4 characters", "openssl rand"),
    (registration(key_trouble="/k must be a file of yours; remove it"), "registration", "error", "/k", "remove it"),
    (registration(host="0.0.0.0", key_length=40), "registration", "warning", "without TLS", "cert and key"),
    # Calls that were refused.
    (refused(ID + "it is not registered; register it"), "refused calls", "warning", "not registered", "--accept-unknown"),
    (refused(ID + "its registration has expired; x"), "refused calls", "warning", "expired", "within 300 s"),
    (refused(ID + "its registration has been used already"), "refused calls", "warning", "used", "in each call"),
    (refused("its id WebSocket/x/0x1 is refused: it is not registered (and 1 more from 10.0.0.1)"), "refused calls", "warning", "2 calls were refused in the last day: they had no id", "CURL()"),
    (refused("it did not begin with a UUID but with b'x'"), "refused calls", "warning", "no id", "CURL()"),
    # This machine.
    (folder(trouble="you have no permission; change it with chmod"), "recordings", "error", "no permission", "chmod"),
    (folder(free=3 * GB), "recordings", "warning", "3,000 MB", "retention_days"),
    (folder(free=50 * MB), "recordings", "error", "50 MB", "free some space"),
    (folder(inodes=5_000), "recordings", "warning", "5,000 more files", "df -i"),
    (folder(inodes=3), "recordings", "error", "3 more files", "df -i"),
    (folder(disk="nfs4"), "recordings", "warning", "network disk (nfs4)", "a disk of this machine"),
    (folder(disk="tmpfs"), "recordings", "warning", "in memory", "--recordings"),
    (folder(disk="vfat"), "recordings", "warning", "no permissions", "ext4"),
    (folder(is_writable_by_others=True), "recordings", "warning", "other users", "chmod 700 /calls"),
    (judge_keeper(KeeperFacts("/r", "/r must be a folder that you own; run chmod 700 on it")), "runtime folder", "error", "/r", "chmod 700"),
    (judge_keeper(KeeperFacts("/r", is_running=True, is_stale=True)), "keeper", "warning", "replaced", "never kill it"),
    (judge_units([UnitFacts("streamer.service", "the keeper", "control-group")]), "systemd", "error", "KillMode=control-group", "KillMode=process"),
    (judge_units([UnitFacts("streamer.service", "the keeper")]), "systemd", "warning", "does not say", "systemctl show"),
    (judge_limits(LimitFacts(256, 1)), "open files", "warning", "enough for 1 call", "LimitNOFILE"),
    (judge_screen(replace(SCREEN, encoding="ascii", locale="LANG=C")), "locale", "warning", "ascii", "LANG=C.UTF-8"),
    (judge_screen(replace(SCREEN, term="dumb")), "terminal", "warning", "TERM is dumb", "xterm-256color"),
    (judge_screen(replace(SCREEN, columns=30)), "terminal", "warning", "30 columns", "at least"),
    (judge_screen(replace(SCREEN, has_screen=False)), "terminal", "warning", "not installed", "install streamer again"),
    # Words.
    (judge_model(ModelFacts(lack="no speech model is installed; `streamer models pull small` installs one")), "model", "warning", "no speech model", "models pull"),
    (judge_model(ModelFacts("small", True, "the model small is not installed; `streamer models pull small`")), "model", "error", "not installed", "models pull small"),
    (judge_model(ModelFacts("large", calls=0, smaller="base")), "model", "warning", "too slow", "--model base"),
    (judge_model(ModelFacts("x", calls=3, wer=40.0, is_right=False)), "model", "error", "40 %", "models pull"),
    (judge_model(ModelFacts("x", trouble="x/model.bin is broken; install it again")), "model", "error", "broken", "install it again"),
    (judge_model(ModelFacts("x")), "model", "warning", "not known", "models check x"),
    (judge_model(ModelFacts("demo", is_demo=True)), "model", "warning", "demo", "models pull"),
    # Settings.
    (judge_settings(SettingsFacts("/c.toml", trouble="/c.toml has the unknown key languge")), "config", "error", "languge", "streamer config"),
    (judge_settings(SettingsFacts("/c.toml", is_exposed=True)), "config", "warning", "others can read /c.toml", "chmod 600 /c.toml"),
    (judge_settings(SettingsFacts("/c.toml", exposed=["/key.pem"])), "config", "warning", "/key.pem", "chmod 600 /key.pem"),
    (judge_settings(SettingsFacts("/c.toml", unknown=[("STREAMER_MODLE", "STREAMER_MODEL")])), "config", "warning", "STREAMER_MODLE", "STREAMER_MODEL"),
]  # fmt: skip
ROWS = [(list(found), *row) for found, *row in BROKEN]


@pytest.mark.parametrize(
    ("findings", "check", "level", "message", "remedy"),
    ROWS,
    ids=[f"{check}: {message}" for _, check, _, message, _ in BROKEN],
)
def test_a_broken_set_up_is_recognised_with_its_remedy(findings, check, level, message, remedy):
    fitting = [one for one in findings if one.check == check and message in one.message]
    assert [(str(one.level), remedy in one.remedy) for one in fitting] == [(level, True)]


def test_what_is_not_well_has_a_remedy_and_what_is_well_has_none():
    everything = [one for findings, *_ in ROWS for one in findings]
    assert len({one.check for one in everything}) > 20
    assert all(bool(one.remedy) == (one.level is not Level.OK) for one in everything)


def test_a_sound_set_up_has_no_warning_but_what_is_known_of_its_release():
    sound = [
        *judge_pbx(replace(PBX, version="20.12.0")),
        *folder(),
        *port(PortState.FREE),
        *port(PortState.OURS),
        *port(PortState.OTHERS, who="user streamer (streamer.service)"),
        *certificate(days_left=80, ends="2027-02-01"),
        *registration(key_length=40),
        *judge_refusals(read_refusals("", since="2026-11-27 00:00:00")),
        *judge_keeper(KeeperFacts("/r", is_running=True)),
        *judge_units([UnitFacts("streamer.service", "the keeper", "process")]),
        *judge_limits(LimitFacts(20_000, 6_000)),
        *judge_screen(SCREEN),
        *judge_model(ModelFacts("base", calls=2, wer=1.0)),
        *judge_settings(SettingsFacts("/c.toml", exists=True)),
    ]
    assert {one.check for one in sound if one.level is not Level.OK} == {"version"}


def test_a_pbx_that_is_not_set_up_is_no_fault():
    (finding,) = judge_pbx(PbxFacts(is_wanted=False))
    assert finding.level is Level.OK
    assert "streamer config asterisk --via ari" in finding.message


@pytest.mark.parametrize(
    "version", ["23.4.1", "22.10.0", "22.11.0", "20.21.0", "certified/20.7-cert1"]
)
def test_the_crash_by_a_pong_and_the_standstill_are_not_in_other_releases(version):
    said = " ".join(one.message for one in judge_version(version))
    assert "pong" not in said
    assert "standstill" not in said


def test_refusals_before_the_last_day_do_not_count():
    line = (
        f"2026-11-26 12:00:00,323 WARNING x: listener: no call from 1:5: {ID}it is not registered"
    )
    assert not read_refusals(line, since="2026-11-27 00:00:00").counts


def finding(level, *, is_unreachable=False):
    return Finding("x", level, "m", is_unreachable=is_unreachable)


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([], ExitCode.DONE),
        ([finding(Level.OK), finding(Level.WARNING)], ExitCode.DONE),
        ([finding(Level.WARNING), finding(Level.ERROR)], ExitCode.FAILED),
        ([finding(Level.ERROR, is_unreachable=True), finding(Level.ERROR)], ExitCode.UNREACHABLE),
    ],
)
def test_the_exit_code_is_that_of_the_worst(findings, code):
    assert choose_exit_code(findings) is code


def test_an_absent_pbx_is_unreachable_and_wrong_settings_of_it_are_not():
    assert choose_exit_code(pbx(unreachable="x; y")) is ExitCode.UNREACHABLE
    assert choose_exit_code(pbx(trouble="x; y")) is ExitCode.FAILED


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a; b; c", ("a", "b; c")),
        ("a (HTTP 401): check b; c", ("a (HTTP 401)", "check b; c")),
        ("a", ("a", "")),
    ],
)
def test_advice_is_what_stands_behind_what_happened(text, parts):
    assert split_advice(text) == parts
