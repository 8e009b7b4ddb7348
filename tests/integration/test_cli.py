"""The command line's contract, tried as a user does."""

import asyncio
import functools
import os
import subprocess
import sys
import wave
from pathlib import Path

import av
import pytest

from streamer import __version__
from streamer.media import piped
from streamer.media.wav import HEADER_SIZE
from streamer.recording.writer import create_recording
from streamer.simulator.script import script_pcm
from streamer.simulator.stream_channel import StreamChannelSimulator, open_simulator
from tests.conftest import TRACES
from tests.fakes.command_line import run_here
from tests.fakes.recorder import SECOND, run_streamer, start_streamer
from tests.fakes.replay import PATIENCE_S

HEAVY = ("numpy", "faster_whisper", "ctranslate2", "av", "textual", "websockets", "rich")


def imported_by(code: str) -> set[str]:
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(' '.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(shown.stdout.splitlines()[-1].split())


def test_help_imports_nothing_heavy():
    code = "import streamer.cli as c, sys\nsys.argv = ['streamer', '--help']\nassert c._run() == 0"
    assert imported_by(code).isdisjoint(HEAVY)


def test_a_tap_imports_no_numpy_no_model_and_no_screen():
    modules = imported_by("import streamer.cli.record")
    assert modules.isdisjoint(
        {"numpy", "faster_whisper", "ctranslate2", "av", "textual", "rich", "aiosqlite"}
    )


def test_the_keeper_is_standard_library_only():
    process = Path(__file__).parents[2] / "streamer" / "keeper" / "process.py"
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({str(process)!r})"],
        check=True,
    )


async def test_version_and_help_are_data():
    assert await run_streamer("--version") == (0, f"streamer {__version__}\n", "")
    code, out, _ = await run_streamer("record", "--help")
    assert code == 0
    assert "LABEL" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["record"],
        ["record", "a", "--nonsense"],
        ["record", "a", "--seconds", "0"],
        ["record", "a", "--url", "http://pbx/"],
        ["record", ""],
        ["record", "a\r\nX: y"],
        ["record", "a=x", "A=y"],
        ["record", "a" * 300 + "=x"],
        ["record", "a", "--header", "Channel-ID: other"],
        ["record", "a", "--url", "ws://user@pbx/ws"],
        ["record", "a", "--output", __file__],
        ["record", "a", "--log-file", "/"],
        ["record", "a", "--header", "nonsense"],
        ["record", "a", "--config", "/nonexistent"],
        ["record", "a", "--url", "wss://pbx/", "--ca", "/nonexistent"],
        ["simulate", "/nonexistent.wav"],
        ["simulate", str(TRACES / "stream_gap.jsonl"), "--hole", "x"],
        ["simulate", str(TRACES / "stream_gap.jsonl"), "--port", "70000"],
    ],
)
async def test_what_cannot_be_meant_is_exit_2_and_one_line(arguments, tmp_path):
    code, out, err = await run_here(*arguments, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("streamer: ")


@pytest.mark.parametrize("arguments", [["--help"], ["help", "watch"], ["models", "-h"]])
async def test_a_help_that_the_disk_does_not_take_is_one_line(arguments):
    full = os.open("/dev/full", os.O_WRONLY)
    process = await start_streamer(arguments, stdout=full)
    os.close(full)
    async with asyncio.timeout(PATIENCE_S):
        _, err = await process.communicate()
    said = b"streamer: stdout cannot be written: the disk is full; free some space\n"
    assert (process.returncode, err) == (1, said)


@pytest.mark.parametrize("arguments", [["version", "--json"], ["config"], ["--help"]])
async def test_a_reader_that_has_gone_is_no_failure(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    process = await start_streamer(arguments, stdout=writing)
    os.close(writing)
    async with asyncio.timeout(PATIENCE_S):
        _, err = await process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in err


async def test_an_error_is_the_exit_code_of_the_process_and_one_line_of_it():
    code, out, err = await run_streamer("nonsense")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("streamer: ")


@pytest.fixture
async def pbx():
    script = script_pcm(SECOND, name="a", unique_id="1")
    async with open_simulator(StreamChannelSimulator([[script]], speed=20)) as simulator:
        yield simulator


def flags(pbx, recordings):
    return "--url", f"ws://127.0.0.1:{pbx.port}/ws", "--recordings", str(recordings)


async def test_an_existing_output_is_not_overwritten_without_force(pbx, recordings, tmp_path):
    target = tmp_path / "x.wav"
    target.write_text("precious")
    code, _, err = await run_here("record", "a", *flags(pbx, recordings), "-o", str(target))
    assert code == 2
    assert "--force" in err
    assert target.read_text() == "precious"
    assert pbx.most_attachments == 0


async def test_force_overwrites_only_when_there_is_a_channel(pbx, recordings, tmp_path):
    target = tmp_path / "x.wav"
    target.write_text("precious")
    code, _, _ = await run_here(
        "record", "nobody", *flags(pbx, recordings), "-o", str(target), "--force"
    )
    assert code == 3
    assert target.read_text() == "precious"
    code, out, _ = await run_here(
        "record", "a", *flags(pbx, recordings), "-o", str(target), "--force"
    )
    assert (code, out) == (0, f"{target}\n")
    assert target.read_bytes()[HEADER_SIZE:] == SECOND
    assert len(list(recordings.glob("*/call.json"))) == 1


async def test_several_channels_do_not_fit_into_one_file(pbx, recordings, tmp_path):
    code, _, err = await run_here(
        "record", "x=a", "y=b", *flags(pbx, recordings), "-o", str(tmp_path / "x.wav")
    )
    assert code == 2
    assert "2 channels" in err


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
async def test_an_unwritable_folder_is_said_before_anything_is_connected(pbx, tmp_path):
    tmp_path.chmod(0o500)
    code, _, err = await run_here("record", "a", *flags(pbx, tmp_path / "recordings"))
    assert code == 1
    assert "cannot record in" in err
    assert pbx.most_attachments == 0


async def test_a_recordings_folder_that_is_a_file_is_said_before_anything_is_connected(
    pbx, tmp_path
):
    (tmp_path / "file").write_text("")
    code, _, err = await run_here("record", "a", *flags(pbx, tmp_path / "file"))
    assert code == 2
    assert "is not a folder" in err
    assert pbx.most_attachments == 0


async def test_quiet_prints_only_the_path(pbx, recordings):
    code, out, err = await run_streamer("record", "a", *flags(pbx, recordings), "--quiet")
    assert (code, err) == (0, "")
    assert out.strip().endswith("/leg1.wav")


def _close(descriptors):
    for descriptor in descriptors:
        os.close(descriptor)


@pytest.mark.parametrize("closed", [(2,), (0, 1, 2)])
async def test_closed_descriptors_do_not_stop_a_recording(closed, pbx, recordings):
    code, _, _ = await run_streamer(
        "record", "a", *flags(pbx, recordings), preexec_fn=functools.partial(_close, closed)
    )
    assert code == 0
    assert (next(recordings.glob("*/leg1.wav"))).stat().st_size == HEADER_SIZE + len(SECOND)


@pytest.mark.parametrize("variable", ["STREAMER_OPEN_TIMEOUT", "STREAMER_KEEPER_PATIENCE"])
@pytest.mark.parametrize("value", ["-1", "0", "nan", "inf", "1e7"])
async def test_a_wait_that_cannot_be_meant_is_exit_2(variable, value, monkeypatch):
    monkeypatch.setenv(variable, value)
    code, _, err = await run_here("record", "a")
    assert code == 2
    assert variable in err


async def test_a_log_that_cannot_be_written_stops_nothing(pbx, recordings, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/nowhere")
    monkeypatch.setenv("HOME", "/dev/null/nowhere")
    code, out, _ = await run_here("record", "a", *flags(pbx, recordings), "-vv")
    assert code == 0
    assert out.endswith("leg1.wav\n")


async def test_a_closed_stdout_ends_quietly(pbx, recordings):
    process = await start_streamer(["record", "a", *flags(pbx, recordings), "--quiet"])
    assert process.stdout is not None
    process.stdout._transport.close()  # type: ignore[attr-defined]
    _, err = await process.communicate()
    assert err == b""


async def test_stopping_what_is_not_there_is_exit_3(recordings):
    code, _, err = await run_here("stop", "last", "--recordings", str(recordings))
    assert code == 3
    assert "no call last" in err


async def test_stopping_what_has_ended_is_no_error(recordings):
    from streamer.core.audio import Leg
    from streamer.core.events import EndReason

    recording = create_recording(recordings, source="s", url="u", legs=(Leg("a", "a"),))
    recording.finish(EndReason.HANG_UP)
    code, _, err = await run_here("stop", recording.call.id, "--recordings", str(recordings))
    assert code == 0
    assert "not being recorded" in err


async def test_the_environment_and_the_config_file_reach_a_command(
    pbx, recordings, tmp_path, monkeypatch
):
    config = tmp_path / "config.toml"
    config.write_text(f'url = "ws://127.0.0.1:{pbx.port}/ws"\n')
    monkeypatch.setenv("STREAMER_RECORDINGS", str(recordings))
    code, out, _ = await run_here("record", "a", "--config", str(config))
    assert code == 0
    assert out.startswith(str(recordings))


async def test_the_config_sample_can_be_saved_and_used(tmp_path):
    code, out, _ = await run_here("config")
    assert code == 0
    assert "# url = " in out


async def test_simulate_prints_names_to_paste_and_records_as_a_whole(recordings, tmp_path):
    pbx = await start_streamer(
        ["simulate", str(TRACES / "stream_two_legs_bridged.jsonl"), "--port", "0", "--speed", "8"]
    )
    assert pbx.stdout is not None
    assert pbx.stderr is not None
    names = [(await pbx.stdout.readline()).decode().split("\t")[0].strip("'") for _ in range(2)]
    url = (await pbx.stderr.readline()).decode().split()[4].rstrip(";")
    code, out, _ = await run_here("record", *names, "--url", url, "--recordings", str(recordings))
    assert code == 0
    assert len(out.splitlines()) == 2
    assert await pbx.wait() == 0
    await pbx.communicate()


async def test_simulate_on_a_port_in_use_is_one_line(pbx):
    code, _, err = await run_here(
        "simulate", str(TRACES / "stream_gap.jsonl"), "--port", str(pbx.port)
    )
    assert code == 4
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("command", [["demo"], ["watch", "x"], ["serve"]])
async def test_two_kinds_of_lines_at_once_are_refused(command):
    code, out, err = await run_here(*command, "--plain", "--json")
    assert (code, out) == (2, "")
    assert err == "streamer: choose one of --plain and --json\n"


@pytest.mark.parametrize(
    ("arguments", "help_of"),
    [
        (["record"], "streamer record"),
        (["models", "pull", "a", "b"], "streamer models pull"),
        (["nonsense"], "streamer"),
    ],
)
async def test_a_usage_error_names_the_help_of_its_command(arguments, help_of):
    code, _, err = await run_here(*arguments)
    assert code == 2
    assert err.endswith(f"(see {help_of} --help)\n")


async def test_what_is_no_audio_is_refused_without_a_library_s_number(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no audio")
    code, _, err = await run_here("transcribe", str(path), "--model", "demo")
    assert code == 2
    assert "Errno" not in err
    assert "it is in no format that is known" in err


async def test_a_variable_that_is_no_setting_is_said_once(tmp_path):
    _, _, err = await run_here(
        "calls", "--recordings", str(tmp_path), env={**os.environ, "STREAMER_MODLE": "x"}
    )
    assert err.count("STREAMER_MODLE") == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("empty.wav", "empty.wav is empty"),
        ("folder", "the folder"),
        ("pipe", "is a pipe into which nobody writes"),
        ("mute.mkv", "mute.mkv holds no audio"),
        ("header.wav", "header.wav can be decoded"),
        ("cut.wav", "cut.wav holds no audio behind its header"),
        ("cut.ogg", "cut.ogg holds no audio behind its header"),
        ("x" * 300, "no such file"),
    ],
)
async def test_what_holds_no_audio_is_said_in_plain_words(tmp_path, name, said, monkeypatch):
    monkeypatch.setattr(piped, "WRITER_PATIENCE_S", 0.01)
    (tmp_path / "empty.wav").touch()
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "cut.ogg").write_bytes(b"OggS\0\2")
    (tmp_path / "cut.wav").write_bytes(b"RIFF\0\0\0\0WAVEfmt ")
    with wave.open(str(tmp_path / "header.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
    write_mute_video(tmp_path / "mute.mkv")
    code, out, err = await run_here("transcribe", str(tmp_path / name), "--model", "demo")
    assert (code, out) == (3 if name.startswith("x") else 2, "")
    assert err.count("\n") == 1
    assert said in err
    assert "fault" not in err


def write_mute_video(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        frame = av.VideoFrame(64, 64, "yuv420p")
        container.mux([*stream.encode(frame), *stream.encode(None)])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["simulate", "x", "--port", "x"], "it must be a whole number"),
        (["simulate", "x", "--port", "70000"], "it must be at most 65535"),
        (["calls", "--limit", "0"], "it must be at least 1"),
        (["record", "x", "--seconds", "0"], "it must be at least 0.1"),
        (["record", "x", "--seconds", "nan"], "it must be a number"),
        (["search", "x", "--offset", "x'y"], "it must be a whole number"),
        (["transcribe", "x", "--speed", "fast"], "it must be a number"),
        (["transcribe", "x", "--channels", "left"], "'left' is not one of"),
    ],
)
async def test_a_value_that_cannot_be_is_said_in_our_words(arguments, said):
    code, _, err = await run_here(*arguments)
    assert code == 2
    assert said in err
    assert "Input should" not in err
    assert "Value error" not in err
    assert "range" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["calls", "--limit", "many"],
            "Invalid value for '--limit': it must be a whole number (see",
        ),
        (
            ["calls", "--limit", "a: 'b' is"],
            "Invalid value for '--limit': it must be a whole number",
        ),
        (["transcribe", "x", "--speed", "f\nt"], "for '--speed': it must be a number (see"),
        (["webhooks", "resend", "x"], "for '[EVENT]...': it must be a whole number (see"),
        (["version", "x", "y"], "Too many arguments: x y (see"),
        (["show"], "Missing argument 'CALL' (see"),
        (["calls", "--digits", "seven"], "--digits takes 0-9, A-D, * and #, not 'seven'"),
        (["calls", "--since", "1h", "--until", "2h"], "--since 1h is not before --until 2h"),
        (["transcribe", "x", "--speed", "2"], "add --live"),
        (["backup", "-"], "cannot go to stdout"),
        (["export", "last", "--audio", "-o", "-"], "`streamer play` writes audio to a pipe"),
        (["export", "last", "--audio", "-o", "x.mp3"], "name x.wav with -o"),
        (["help", "watch", "x"], "watch has no commands of its own"),
        (["models", "list", "--models-dir", __file__], "is not a folder; name one with"),
    ],
)
async def test_what_is_wrong_with_a_command_line_names_its_part(arguments, said):
    code, out, err = await run_here(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["delete", "--yes", ""], "CALL"),
        (["calls", "--before", ""], "--before"),
        (["calls", "--from="], "--from"),
        (["backup", ""], "DIR"),
        (["export", "last", "--output="], "--output"),
        (["simulate", "x.wav", "--host", ""], "--host"),
        (["serve", "--api", ""], "--api"),
        (["models", "path", ""], "NAME|DIR"),
        (["help", ""], "COMMAND"),
    ],
)
async def test_what_is_empty_is_refused_before_it_means_anything(arguments, named):
    code, out, err = await run_here(*arguments)
    assert (code, out) == (2, "")
    assert err == f"streamer: {named} is empty; check that the variable is set\n"


@pytest.mark.parametrize(("name", "said"), [("none.pem", "cannot be read"), ("x.pem", "--key")])
async def test_a_certificate_that_cannot_be_used_is_said_before_anything_begins(
    name, said, tmp_path
):
    (tmp_path / "x.pem").write_text("no certificate")
    code, out, err = await run_here("serve", "--plain", "--cert", name, cwd=tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert [path.name for path in tmp_path.iterdir()] == ["x.pem"]


async def test_a_setting_of_the_config_file_is_taken_back_by_an_empty_flag(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('models_dir = "/nowhere"\n')
    flags = ("--config", str(config), "--models-dir")
    _, _, err = await run_here("models", "list", *flags, "")
    assert "/nowhere" not in err


@pytest.mark.parametrize("group", ["alerts", "webhooks"])
async def test_a_group_alone_lists(group, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert await run_here(group) == await run_here(group, "list")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["watch", "--port"], "streamer watch --help"),
        (["models", "list", "--json=3"], "streamer models list --help"),
        (["--nothing"], "streamer --help"),
    ],
)
async def test_a_flag_that_is_wrong_names_the_help_of_its_command(arguments, named):
    code, _, err = await run_here(*arguments)
    assert code == 2
    assert err.endswith(f"(see {named})\n")


@pytest.mark.parametrize("more", [[], ["--audiosocket", "127.0.0.1:9"]])
async def test_a_folder_to_play_is_called_one(more, tmp_path):
    code, _, err = await run_here("simulate", str(tmp_path), *more)
    assert (code, err) == (2, f"streamer: {tmp_path} is a folder; name a file\n")
