"""The engine may die, hang or be broken; requests are answered, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streamer.errors import ModelError
from streamer.speech.base import Suspicion, Window
from streamer.speech.engine.messages import Parser, Ready
from streamer.speech.engine.supervisor import EngineProcess, Patience, open_engine_process
from streamer.speech.engine.worker import EnginePlan
from tests.fakes.scripted_engine import command

QUICK = Patience(job_s=60, back_off_s=0.001, longest_back_off_s=0.01)
HASTY = Patience(job_s=0.5, per_audio_s=0, back_off_s=0.001, longest_back_off_s=0.01)


def window(prompt: str) -> Window:
    return Window("c1/caller", 1, bytes(3200), 16_000, prompt=prompt)


@asynccontextmanager
async def running(folder: Path, *, threads: int = 1, load: str = "", patience: Patience = QUICK):
    troubles: list[str] = []
    engine = EngineProcess(
        command(folder, threads=threads, load=load),
        slots=threads,
        patience=patience,
        say_trouble=troubles.append,
    )
    engine.start()
    try:
        yield engine, troubles
    finally:
        await engine.aclose()


async def read(engine: EngineProcess, *prompts: str) -> list[str]:
    hypotheses = await engine.transcribe([window(prompt) for prompt in prompts])
    return [h.words[0].text if h.words else str(h.suspicion) for h in hypotheses]


async def test_windows_are_read_in_order_and_keep_their_place(tmp_path):
    async with running(tmp_path) as (engine, troubles):
        (first, second) = await engine.transcribe([window("one"), window("two")])
        assert (first.words[0].text, second.words[0].text) == ("one", "two")
        assert (first.start, first.end) == (16_000, 17_600)
        assert (await engine.ready()).name == "scripted"
        assert troubles == []


async def test_what_libraries_print_does_not_break_the_talk(tmp_path):
    async with running(tmp_path) as (engine, troubles):
        assert await read(engine, "print", "one") == ["print", "one"]
        assert troubles == []


async def test_an_engine_that_dies_once_is_started_again_and_the_window_is_read(tmp_path):
    async with running(tmp_path) as (engine, troubles):
        assert await read(engine, "crash-1") == ["crash-1"]
        assert engine.starts == 2
        assert troubles == ["the engine process was killed by SIGABRT; streamer starts it again"]


async def test_a_window_that_kills_the_engine_twice_is_skipped_and_said(tmp_path):
    async with running(tmp_path) as (engine, troubles):
        assert await read(engine, "crash") == [Suspicion.SKIPPED]
        (skipped,) = [
            t for t in troubles if t.startswith("0.1 s of c1/caller could not be transcribed")
        ]
        assert skipped.endswith(
            "the engine process was killed by SIGABRT; the recording has the audio"
        )
        assert await read(engine, "one") == ["one"]
        assert engine.starts == 3


async def test_of_a_batch_only_the_window_that_kills_is_skipped(tmp_path):
    async with running(tmp_path) as (engine, _):
        assert await read(engine, "one", "crash", "two") == ["one", Suspicion.SKIPPED, "two"]


async def test_an_engine_killed_ten_times_from_outside_still_reads_the_window(tmp_path):
    async with running(tmp_path) as (engine, _):
        assert await read(engine, "killed-10") == ["killed-10"]
        assert engine.starts == 11


async def test_a_window_is_not_read_for_ever_if_something_kills_the_engine_each_time(tmp_path):
    async with running(tmp_path) as (engine, _):
        assert await read(engine, "killed-99") == [Suspicion.SKIPPED]


async def test_an_engine_that_hangs_is_ended_and_its_window_skipped_at_last(tmp_path):
    async with running(tmp_path, patience=HASTY) as (engine, troubles):
        assert await read(engine, "hang") == [Suspicion.SKIPPED]
        assert "the engine was killed because it hung; streamer starts it again" in troubles


async def test_an_error_of_the_engine_costs_its_window_and_not_the_process(tmp_path):
    async with running(tmp_path) as (engine, troubles):
        assert await read(engine, "raise", "one") == [Suspicion.SKIPPED, "one"]
        assert engine.starts == 1
        assert "out of memory" in troubles[0]


async def test_jobs_are_read_at_the_same_time_up_to_the_threads_of_the_engine(tmp_path):
    async with running(tmp_path, threads=2) as (engine, _):
        results = await asyncio.gather(read(engine, "together-1"), read(engine, "together-2"))
        assert tuple(results) == (["together-1"], ["together-2"])


async def test_a_job_beside_one_that_crashes_is_read_all_the_same(tmp_path):
    async with running(tmp_path, threads=2) as (engine, _):
        results = await asyncio.gather(read(engine, "crash"), read(engine, "one"))
        assert tuple(results) == ([Suspicion.SKIPPED], ["one"])


async def test_a_caller_that_gives_up_leaves_the_engine_usable(tmp_path):
    async with running(tmp_path, patience=HASTY) as (engine, _):
        await engine.ready()
        request = asyncio.ensure_future(read(engine, "hang"))
        await asyncio.wait([request], timeout=0.01)
        request.cancel()
        assert await read(engine, "one") == ["one"]


async def test_a_broken_model_is_said_once_and_not_tried_again(tmp_path):
    async with running(tmp_path, load="broken") as (engine, troubles):
        with pytest.raises(ModelError, match=r"the model x has no tokenizer\.json"):
            await read(engine, "one")
        with pytest.raises(ModelError, match=r"no tokenizer\.json"):
            await engine.ready()
        assert (engine.starts, troubles) == (1, [])


async def test_a_model_that_crashes_the_engine_while_it_loads_is_given_up(tmp_path):
    async with running(tmp_path, load="crash") as (engine, _):
        with pytest.raises(
            ModelError, match="cannot be loaded: the engine process was killed by SIGABRT"
        ):
            await engine.ready()
        assert engine.starts == 3


async def test_an_engine_killed_while_it_loads_is_started_again(tmp_path):
    async with running(tmp_path, load="killed once") as (engine, _):
        assert await read(engine, "one") == ["one"]
        assert engine.starts == 2


async def test_a_model_that_never_loads_is_given_up(tmp_path):
    patience = Patience(load_s=0.2, back_off_s=0.001, longest_back_off_s=0.001)
    async with running(tmp_path, load="hang", patience=patience) as (engine, _):
        with pytest.raises(ModelError, match="took too long"):
            await engine.ready()


async def test_a_command_that_cannot_be_started_is_a_broken_model(tmp_path):
    engine = EngineProcess([str(tmp_path / "nothing")], patience=QUICK)
    engine.start()
    with pytest.raises(ModelError, match="the engine cannot be started"):
        await engine.ready()
    await engine.aclose()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("print('not a message, though long enough to look like one')", "not of this protocol"),
        ("raise SystemExit(3)", "exited with status 3"),
    ],
)
async def test_a_process_that_is_no_engine_is_a_broken_model(script, reason):
    engine = EngineProcess([sys.executable, "-c", script], patience=QUICK)
    engine.start()
    with pytest.raises(ModelError, match=reason):
        await engine.ready()
    await engine.aclose()


async def test_the_real_engine_says_in_one_line_what_is_wrong_with_a_directory(tmp_path):
    async with open_engine_process(EnginePlan(str(tmp_path))) as engine:
        with pytest.raises(ModelError, match=r"has no model\.bin") as raised:
            await engine.ready()
        assert "\n" not in str(raised.value)


async def test_what_an_engine_says_on_stderr_goes_to_the_log(tmp_path, caplog):
    caplog.set_level("INFO")
    async with running(tmp_path) as (engine, _):
        await read(engine, "raise")
    assert "engine: RuntimeError: out of memory" in caplog.messages


async def test_closing_ends_waiting_requests_and_may_be_done_twice(tmp_path):
    async with running(tmp_path) as (engine, _):
        await engine.ready()
        request = asyncio.ensure_future(read(engine, "hang"))
        await asyncio.wait([request], timeout=0.01)
        await engine.aclose()
        with pytest.raises(asyncio.CancelledError):
            await request
        await engine.aclose()


async def test_threads_are_limited_before_numpy_loads(tmp_path):
    async with running(tmp_path, load="environment") as (engine, _):
        with pytest.raises(ModelError, match="1False"):
            await engine.ready()


def test_the_engine_ignores_ctrl_c_and_ends_with_its_parent_even_in_a_job(tmp_path):
    process = subprocess.Popen(command(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    (message,) = Parser().feed(os.read(process.stdout.fileno(), 1 << 16))
    assert isinstance(message, Ready)
    process.send_signal(signal.SIGINT)
    process.stdin.close()
    assert process.wait(timeout=30) == 0
    process.stdout.close()


def test_the_plan_travels_on_the_command_line():
    plan = EnginePlan("/models/x", name="x", inter_threads=2)
    assert plan.command()[:3] == [sys.executable, "-m", "streamer.speech.engine.worker"]
    assert '"inter_threads": 2' in plan.command()[3]


@pytest.mark.parametrize(("deaths", "rest"), [(0, 0), (1, 0), (2, 0.25), (4, 1.0), (99, 5.0)])
def test_the_rest_before_a_start_grows_with_the_deaths_in_a_row(deaths, rest):
    assert Patience().rest_s(deaths) == rest


def test_the_deadline_follows_the_audio():
    ten_seconds = Window("a", 1, bytes(320_000), 0)
    assert Patience().deadline_s([ten_seconds] * 2) == 30 + 5 * 20


async def test_a_caller_that_gives_up_ends_the_work_and_frees_the_engine(tmp_path):
    async with running(tmp_path, threads=2) as (engine, troubles):
        endless = asyncio.ensure_future(read(engine, "endless"))
        assert await read(engine, "one") == ["one"]
        endless.cancel()
        await asyncio.wait([endless])
        both = [read(engine, "together-1"), read(engine, "together-2")]  # takes both threads
        assert await asyncio.gather(*both) == [["together-1"], ["together-2"]]
        assert (engine.starts, troubles) == (1, [])


async def test_a_caller_that_gives_up_before_its_turn_is_never_read(tmp_path):
    async with running(tmp_path) as (engine, _):
        await engine.ready()
        endless = asyncio.ensure_future(read(engine, "endless"))
        await asyncio.sleep(0)
        early = asyncio.ensure_future(read(engine, "early"))
        await asyncio.sleep(0)
        early.cancel()
        await asyncio.wait([early])
        endless.cancel()
        await asyncio.wait([endless])
        assert await read(engine, "one") == ["one"]
        assert "early" not in (tmp_path / "asked").read_text()
