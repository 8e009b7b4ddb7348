"""`streamer watch` from the socket to the words: real tap, real recording, real model; only Asterisk is played."""

import asyncio
import json
import os
import pty
import shutil
import signal
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest

from streamer.cli.demo import demo_call
from streamer.simulator.script import EndKind, load_script, script_pcm
from streamer.simulator.stream_channel import StreamChannelSimulator, open_simulator
from streamer.speech.engine.model_advice import suggest
from streamer.speech.engine.models import demo_path
from streamer.speech.words.agreement import normalise
from tests.fakes.command_line import run_here
from tests.fakes.recorder import run_streamer, start_streamer
from tests.fakes.replay import SCAN_S, until

pytestmark = pytest.mark.slow

SCRIPT = json.loads(demo_call().with_suffix(".json").read_text())
SAID = {
    leg: [normalise(w["word"]) for line in SCRIPT if line["leg"] == leg for w in line["words"]]
    for leg in ("caller", "agent")
}


@asynccontextmanager
async def demo_pbx(file=None, *, speed=12.0, times=1, end=EndKind.HANG_UP):
    """Play a file, the bundled call unless one is named, so many times in one call."""
    scripts = [
        script_pcm(script.pcm * times, name=script.name, unique_id=script.unique_id, end=end)
        for script in load_script(file or demo_call(), name="Demo", unique_id="demo")
    ]
    async with open_simulator(StreamChannelSimulator([scripts], speed=speed)) as pbx:
        yield pbx
        pbx.hang_up()
        await until(lambda: pbx.connections == 0)
        assert pbx.reports == []


def arguments(pbx, recordings, *flags, model="demo"):
    url = f"ws://127.0.0.1:{pbx.port}/ws"
    return [
        "watch",
        "caller=Demo;1",
        "agent=Demo;2",
        "--url",
        url,
        "--recordings",
        str(recordings),
        "--model",
        model,
        *flags,
    ]


def events_of(out):
    return [json.loads(line) for line in out.splitlines()]


def heard(events, leg):
    finals = [event for event in events if event["event"] == "final" and event["leg"] == leg]
    return [normalise(word["word"]) for final in finals for word in final["words"]]


def missing_or_wrong(events):
    from tools.bench.gold import count_errors

    return sum(count_errors(said, heard(events, leg)) for leg, said in SAID.items())


async def test_the_words_of_a_call_are_printed_as_events(recordings):
    async with demo_pbx() as pbx:
        code, out, err = await run_streamer(*arguments(pbx, recordings, "--json"))
    events = events_of(out)
    assert code == 0
    assert err.startswith("recording ")
    assert events[0]["event"] == "call_started"
    assert [leg["leg"] for leg in events[0]["legs"]] == ["caller", "agent"]
    assert all(Path(leg["recording"]).is_file() for leg in events[0]["legs"])  # noqa: ASYNC240
    assert (events[-1]["event"], events[-1]["reason"]) == ("call_ended", "hang-up")
    assert missing_or_wrong(events) <= 8, "of 153 words"


async def test_settled_lines_are_printed_plainly(recordings, short_call):
    async with demo_pbx(short_call, speed=4) as pbx:
        code, out, _ = await run_here(*arguments(pbx, recordings, "--plain"))
    assert code == 0
    assert any(line.startswith("[0:0") and "technical support" in line for line in out.splitlines())


async def test_committed_words_only_grow_and_the_final_begins_with_them(recordings):
    async with demo_pbx(speed=8) as pbx:
        _, out, _ = await run_here(*arguments(pbx, recordings, "--json"))
    committed: dict[tuple[str, int], str] = {}
    partials = 0
    for event in events_of(out):
        if event["event"] == "partial":
            key = event["leg"], event["utterance"]
            assert event["committed"].startswith(committed.get(key, ""))
            committed[key] = event["committed"]
            partials += 1
        elif event["event"] == "final":
            assert event["text"].startswith(committed.get((event["leg"], event["utterance"]), ""))
    assert partials > 10


async def run_on_terminal(commands, answer, tmp_path, *, shows_stdout=False):
    """Run a command whose user can be asked; return its exit code, stdout, and what the terminal showed."""
    terminal, inside = pty.openpty()
    nowhere = {"HF_HUB_CACHE": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:1"}
    stdout = inside if shows_stdout else asyncio.subprocess.PIPE
    env = {**os.environ, **nowhere}
    process = await start_streamer(commands, stdin=inside, stdout=stdout, stderr=inside, env=env)
    os.write(terminal, answer)
    out, _ = await process.communicate()
    os.close(inside)
    said = os.read(terminal, 10_000).decode()
    os.close(terminal)
    return process.returncode, out, said


async def test_on_a_terminal_a_call_is_recorded_without_a_question_before_it(recordings, tmp_path):
    async with demo_pbx(speed=50) as pbx:
        watch = arguments(pbx, recordings, "--plain", model="")
        code, out, said = await run_on_terminal(watch, b"", tmp_path)
    assert (code, out) == (0, b"")
    assert "Download" not in said
    assert "this process makes no text" in said
    assert len(list(recordings.glob("*/*.wav"))) == 2


@pytest.mark.parametrize(("answer", "lines"), [(b"n\n", 0), (b"y\n", 1)])
async def test_on_a_terminal_a_missing_model_is_offered_where_only_text_is_made(
    tmp_path, short_call, answer, lines
):
    transcribe = ["transcribe", str(short_call)]
    code, _, said = await run_on_terminal(transcribe, answer, tmp_path, shows_stdout=True)
    assert code == 3
    assert f"No speech model is installed. Download {suggest().name} (" in said
    assert said.count("the Hugging Face hub cannot be reached") == lines
    assert "install one with `streamer models pull`" in said


async def test_an_engine_that_is_killed_again_and_again_costs_no_word(recordings):
    async with demo_pbx(speed=6) as pbx:
        process = await start_streamer(arguments(pbx, recordings, "--json"))
        collecting = asyncio.ensure_future(process.communicate())
        for _ in range(10):
            engine = await _engine_of(process, collecting)
            if engine is None:
                break
            os.kill(engine, signal.SIGKILL)
            await until(
                lambda engine=engine: not psutil.pid_exists(engine) or collecting.done(),
                every=SCAN_S,
            )
        out, _ = await collecting
    events = events_of(out.decode())
    assert missing_or_wrong(events) <= 8
    assert events[-1]["event"] == "call_ended"
    assert any("starts it again" in event.get("message", "") for event in events)
    assert (recordings.glob("*/caller.wav").__next__()).stat().st_size > 1_800_000


async def _engine_of(process, collecting):
    def find():
        try:
            children = psutil.Process(process.pid).children(recursive=True)
            return [
                child.pid
                for child in children
                if "streamer.speech.engine.worker" in " ".join(child.cmdline())
            ]
        except psutil.Error:
            return []

    await until(lambda: find() or collecting.done(), every=SCAN_S)
    return next(iter(find()), None)


@pytest.mark.parametrize("damage", ["model.bin", "tokenizer.json", "config.json"])
async def test_a_broken_model_costs_the_text_and_not_the_recording(damage, recordings, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(demo_path(), broken)
    (broken / damage).write_bytes(
        (broken / damage).read_bytes()[: 1000 if damage == "model.bin" else 0]
    )
    async with demo_pbx(speed=30) as pbx:
        code, out, err = await run_here(*arguments(pbx, recordings, "--json", model=str(broken)))
    if code == 1 and out:
        events = events_of(out)
        assert sum(event["event"] == "trouble" for event in events) == 1
        assert events[-1]["event"] == "call_ended"
        assert (next(recordings.glob("*/caller.wav"))).stat().st_size > 1_800_000
    else:
        assert code in (1, 3), (
            "files that are missing or empty are found before anything is connected"
        )
        assert len(err.splitlines()) == 1


async def test_without_any_model_the_call_is_recorded_and_the_remedy_said(recordings):
    async with demo_pbx(speed=30) as pbx:
        flags = arguments(pbx, recordings)[:-2]
        code, out, err = await run_here(*flags)
    assert (code, out) == (0, "")
    remedy, folder = err.splitlines()
    assert "install one with `streamer models pull`" in remedy
    assert folder.startswith("recording ")
    assert (next(recordings.glob("*/caller.wav"))).stat().st_size > 1_800_000


async def test_an_unknown_channel_is_exit_3_and_one_line(recordings):
    async with demo_pbx() as pbx:
        url = f"ws://127.0.0.1:{pbx.port}/ws"
        code, _, err = await run_here(
            "watch", "nobody", "--url", url, "--recordings", str(recordings), "--model", "demo"
        )
    assert code == 3
    assert [line for line in err.splitlines() if not line.startswith("recording")][0].startswith(
        "leg1: no such channel"
    )


async def test_ctrl_c_ends_the_viewer_and_another_one_shows_everything(recordings):
    async with demo_pbx(speed=3) as pbx:
        first = await start_streamer(arguments(pbx, recordings, "--json"))
        assert first.stdout is not None
        while b'"final"' not in await first.stdout.readline():
            pass
        first.send_signal(signal.SIGINT)
        _, err = await first.communicate()
        assert first.returncode == 130
        assert err.decode().splitlines()[-1].startswith("still recording ")
        code, out, _ = await run_streamer(*arguments(pbx, recordings, "--json"))
        assert pbx.most_attachments == 2, "one for each leg, and no more for the second viewer"
    events = events_of(out)
    assert code == 0
    assert missing_or_wrong(events) <= 8
    numbers = [(event["leg"], event["utterance"]) for event in events if event["event"] == "final"]
    assert len(numbers) == len(set(numbers))


def _commands_below(pid):
    words = []
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ended since it was listed
            words += child.cmdline()
    return " ".join(words)


async def test_two_viewers_of_one_call_show_the_same_and_nothing_twice(recordings):
    async with demo_pbx(speed=8, times=20) as pbx:  # the call outlasts any start at load
        one = await start_streamer(arguments(pbx, recordings, "--json"))
        first = asyncio.ensure_future(one.communicate())
        await until(lambda: list(recordings.glob("*/transcriber.lock")))
        other = await start_streamer(arguments(pbx, recordings, "--json"))
        assert other.stdout is not None
        lines = [await other.stdout.readline()]
        assert "streamer.speech.engine.worker" not in _commands_below(other.pid), (
            "one engine a call"
        )
        while lines[-1] and sum(b'"final"' in line for line in lines) < 24:
            lines.append(await other.stdout.readline())
        pbx.hang_up()
        out, _ = await first
        second = (b"".join(lines) + (await other.communicate())[0]).decode()
    finals = [
        [(e["leg"], e["utterance"], e["text"]) for e in events_of(text) if e["event"] == "final"]
        for text in (out.decode(), second)
    ]
    assert len(finals[1]) >= 24
    assert sorted(finals[0]) == sorted(finals[1])
    assert len(finals[0]) == len(set(finals[0]))


async def test_a_tap_that_is_killed_ends_the_call_as_interrupted(recordings):
    async with demo_pbx(speed=3) as pbx:
        process = await start_streamer(arguments(pbx, recordings, "--json"))
        await until(lambda: any(w.stat().st_size > 64_000 for w in recordings.glob("*/agent.wav")))
        (tap,) = [
            c
            for c in psutil.Process(process.pid).children()
            if "streamer.tap.outbound_process" in c.cmdline()
        ]
        tap.kill()
        out, _ = await process.communicate()
    events = events_of(out.decode())
    assert process.returncode == 1
    (length,) = [event["duration"] for event in events if event["event"] == "call_ended"]
    longest = max(wav.stat().st_size - 44 for wav in recordings.glob("*/*.wav"))
    assert length == round(longest / 32_000, 3)
    assert "interrupted" in [event.get("reason") for event in events]
    assert any("keeper reads on" in event.get("message", "") for event in events)


async def test_a_file_is_transcribed_offline_and_live_alike():
    codes, texts = [], []
    for flags in ([], ["--live", "--speed", "16"]):
        code, out, _ = await run_here(
            "transcribe", str(demo_call()), "--model", "demo", "--format", "json", *flags
        )
        codes.append(code)
        texts.append(sorted(segment["text"] for segment in json.loads(out)["segments"]))
    assert codes == [0, 0]
    assert len(set(texts[0]) & set(texts[1])) >= 20, "of 24 utterances"


@pytest.mark.parametrize("name", ["txt", "srt", "vtt", "json", "csv"])
async def test_every_format_is_printed(name, short_call):
    code, out, _ = await run_here(
        "transcribe", str(short_call), "--model", "demo", "--format", name
    )
    assert code == 0
    assert "technical support" in out


@pytest.mark.parametrize(
    ("flags", "code"),
    [(["/nonexistent.wav"], 3), ([__file__], 2), ([str(demo_call()), "--format", "doc"], 2)],
)
async def test_what_cannot_be_transcribed_is_one_line(flags, code):
    result = await run_here("transcribe", *flags, "--model", "demo")
    assert (result[0], result[1]) == (code, "")
    assert len(result[2].splitlines()) == 1


async def test_the_demo_needs_nothing(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    process = await start_streamer(["demo", "--json"], cwd=folder)
    assert process.stdout is not None
    while b'"final"' not in (line := await process.stdout.readline()):
        assert line, "the demo ended without a word"
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130
    assert b"still recording" not in err
    assert list(folder.iterdir()) == []
