"""Words are kept, found, exported, taken out and made again: the commands as users run them, on a real database."""

import asyncio
import io
import json
import os
import shutil
import signal
import sqlite3
import wave
from datetime import UTC, datetime, timedelta

import pytest
import srt
import typer
import webvtt

from streamer.cli import app
from streamer.cli.demo import demo_call
from streamer.core.encoding import encode_time
from streamer.errors import RecordingError
from streamer.recording import private_files
from streamer.recording.speaker_names import write_names
from tests.fakes.command_line import run_here
from tests.fakes.recorder import start_streamer
from tests.fakes.replay import until
from tests.integration.test_watch import arguments, demo_pbx, events_of, missing_or_wrong

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The demo call, transcribed and kept once; a test that changes it takes a copy."""
    folder = tmp_path_factory.mktemp("kept")
    command = ["transcribe", "--store", "--at", "0m", str(demo_call()), "--model", "demo"]
    code, _, err = asyncio.run(run_here(*command, "--recordings", str(folder / "recordings")))
    assert code == 0, err
    return folder / "recordings"


@pytest.fixture
def copy(kept, recordings):
    shutil.copytree(kept, recordings)
    return recordings


async def run(recordings, *command, code=0):
    result = await run_here(*command, "--recordings", str(recordings))
    assert result[0] == code, result
    return result[1]


async def refused(recordings, *command, code):
    returned, out, err = await run_here(*command, "--recordings", str(recordings))
    assert (returned, out, len(err.splitlines())) == (code, "", 1), (returned, out, err)
    return err


def finals(out):
    return [e for e in events_of(out) if "words" in e]


async def test_a_kept_call_is_listed_and_shown_with_its_words(kept):
    (call,) = events_of(await run(kept, "calls", "--json"))
    assert (call["state"], call["reason"], call["source"]) == ("complete", "hang-up", "file")
    assert [leg["leg"] for leg in call["legs"]] == ["left", "right"]
    assert 55 < call["duration"] < 60
    head, *segments = events_of(await run(kept, "show", "last", "--json"))
    assert head == call
    assert len(segments) == call["segments"]
    assert segments[-1]["text"].endswith(call["last_words"][-10:])
    plain = await run(kept, "show", call["call"][:12])
    assert "technical support" in plain


LISTS: dict[str, list[str]] = {
    "calls": [],
    "resume": [],
    "show": ["last"],
    "search": ["support"],
    "models": [],
    "models list": [],
    "config show": [],
    "config check": [],
    "config path": [],
    "version": [],
    "channels": [],
    "stats": [],
    "marks": [],
}
"""Every command that lists something, and what makes it list."""

NEED_FOLDER = ("calls", "resume", "show", "search", "stats", "marks")

NEED_RULES = {"alerts list", "alerts test", "webhooks list"}
"""They list what the config file asks for, which here is nothing."""

TELL = {"watch", "call", "serve", "demo", "simulate", "models check", "doctor"}
"""Their --json is something else: events, findings, or messages of a protocol."""


def _list_commands(group, name=""):
    for word, command in group.commands.items():
        yield f"{name}{word}", command
        if hasattr(command, "commands"):
            yield from _list_commands(command, f"{name}{word} ")


def test_every_command_that_lists_has_json_and_no_other_has():
    flags = {
        name: {flag for option in command.params for flag in option.opts}
        for name, command in _list_commands(typer.main.get_command(app))
    }
    assert {name for name in flags if "--json" in flags[name]} == set(LISTS) | TELL | NEED_RULES


@pytest.mark.parametrize("name", sorted(set(LISTS) - {"channels"}))  # which needs a PBX
async def test_every_list_is_json_lines(kept, name):
    folder = ["--recordings", str(kept)] if name in NEED_FOLDER else []
    code, out, err = await run_here(*name.split(), *LISTS[name], "--json", *folder)
    assert (code, err) == (0, "")
    listed = events_of(out)
    assert all(isinstance(each, dict) for each in listed)
    assert bool(listed) is (name not in ("resume", "config check", "marks")), (
        "which have nothing to list"
    )


async def test_filters_of_calls_leave_out_what_they_should(kept):
    assert await run(kept, "calls", "--since", "1h", "--channel", "LEFT", "--text", "support")
    assert await run(kept, "calls", "--until", "1h") == ""
    assert await run(kept, "calls", "--channel", "nobody") == ""
    assert await run(kept, "calls", "--text", "xylophone") == ""
    assert await run(kept, "calls", "--live") == ""


async def test_calls_and_hits_are_picked_by_who_called_whom(kept):
    assert await run(kept, "calls", "--from", "LEF", "--to", "right")
    assert await run(kept, "calls", "--from", "right") == ""
    assert await run(kept, "calls", "--digits", "1") == ""
    assert await run(kept, "search", "technical", "--from", "left")
    assert await run(kept, "search", "technical", "--to", "left") == ""
    document = json.loads(await run(kept, "export", "last", "--format", "json"))
    assert (document["from"], document["to"]) == (None, None)


async def test_a_search_finds_words_as_they_are_written(kept):
    (hit,) = events_of(await run(kept, "search", "technical", "supp*", "--json"))
    assert [hit["text"][start:end] for start, end in hit["spans"]] == ["technical", "support"]
    assert (hit["leg"], hit["language"]) == ("right", "en")
    assert await run(kept, "search", '"support technical"') == ""
    assert await run(kept, "search", "don't", "555-1234", "PJSIP/100") == ""
    assert "quotation mark" in await refused(kept, "search", '"open', code=2)


async def test_a_search_prints_what_was_answered_if_asked(kept):
    found = (await run(kept, "search", "technician")).splitlines()
    beside = (await run(kept, "search", "technician", "-C", "1")).splitlines()
    assert (len(found), len(beside), beside[1]) == (1, 3, found[0])
    assert [line.split("] ")[1].split(" ")[0] for line in beside] == ["left-", "right:", "left-"]
    assert "--json" in await refused(kept, "search", "hi", "--json", "--context", "1", code=2)


async def test_names_that_speakers_were_given_stand_in_every_text(copy):
    (call,) = events_of(await run(copy, "calls", "--json"))
    write_names(copy / call["call"], {"right": "Ann \x1b[1mLee"})
    for command in (
        ["show", "last"],
        ["search", "technical"],
        *(["export", "last", "--format", name] for name in ("txt", "srt", "vtt", "csv", "json")),
    ):
        text = await run(copy, *command)
        assert "Ann [1mLee" in text, command
        assert "\x1b" not in text
    (hit,) = events_of(await run(copy, "search", "technical", "--json"))
    assert (hit["leg"], hit["speaker"]) == ("right", "Ann [1mLee")
    said = finals(await run(copy, "show", "last", "--json"))
    assert {(s["leg"], s["speaker"]) for s in said} == {("left", "left"), ("right", "Ann [1mLee")}


async def test_other_programs_parsers_read_the_exports(kept, tmp_path):
    cues = list(srt.parse(await run(kept, "export", "last", "--format", "srt")))
    assert len(cues) > 10
    assert cues[0].end - cues[0].start < timedelta(seconds=10)
    await run(kept, "export", "last", "--format", "vtt", "-o", str(tmp_path / "call.vtt"))
    assert len(webvtt.read(str(tmp_path / "call.vtt"))) > 10
    document = json.loads(await run(kept, "export", "last", "--format", "json"))
    assert document["started_at"][-6] in "+-"
    err = await refused(
        kept, "export", "last", "--format", "vtt", "-o", str(tmp_path / "call.vtt"), code=2
    )
    assert "--force" in err


async def test_a_csv_file_says_that_it_is_utf_8_and_a_pipe_holds_the_text_alone(kept, tmp_path):
    path, mark = tmp_path / "call.csv", b"\xef\xbb\xbf"
    await run(kept, "export", "last", "--format", "csv", "-o", str(path))
    printed = (await run(kept, "export", "last", "--format", "csv")).splitlines()
    assert path.read_bytes().startswith(mark + b"call,leg,")
    assert path.read_text(encoding="utf-8-sig").splitlines() == printed
    assert printed[0].startswith("call,leg,")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = asyncio.ensure_future(asyncio.to_thread(pipe.read_bytes))
    await run(kept, "export", "last", "--format", "csv", "-o", str(pipe), "--force")
    assert (await reading).startswith(b"call,leg,")


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("a.vtt", b"WEBVTT"), ("a.SRT", b"1\n"), ("a.json", b"{"), ("a.wav", b"RIFF")],
)
async def test_the_end_of_a_file_s_name_chooses_the_format(kept, tmp_path, name, beginning):
    await run(kept, "export", "last", "-o", str(tmp_path / name))
    assert (tmp_path / name).read_bytes().startswith(beginning)


async def test_a_name_that_says_no_format_is_refused_and_leaves_nothing(kept, tmp_path):
    err = await refused(kept, "export", "last", "-o", str(tmp_path / "a.doc"), code=2)
    assert "--format txt|srt|vtt|json|csv|vcon" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.csv", "a.wav"])
async def test_a_half_export_on_a_full_disk_is_removed_and_said(kept, tmp_path, monkeypatch, name):
    class FullDisk(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    def open_on_full_disk(descriptor, mode):
        os.close(descriptor)
        return FullDisk()

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", open_on_full_disk)
        with (
            pytest.raises(RecordingError) as raised,
            private_files.open_private(tmp_path / name) as file,
        ):
            file.write(b"half")
    assert (
        str(raised.value)
        == f"{tmp_path / name} cannot be written: the disk is full; free some space"
    )
    assert list(tmp_path.iterdir()) == []


async def test_the_audio_of_all_legs_is_exported_as_it_was_recorded(kept, tmp_path):
    await run(kept, "export", "last", "--audio", "-o", str(tmp_path / "call.wav"))
    with wave.open(str(tmp_path / "call.wav")) as ours, wave.open(str(demo_call())) as original:
        assert ours.getparams()[:3] == original.getparams()[:3]
        assert ours.readframes(10**9) == original.readframes(10**9)


async def test_a_deleted_call_leaves_nothing_that_can_be_read(copy):
    assert "--yes" in await refused(copy, "delete", "last", code=2)
    await run(copy, "delete", "last", "--yes")
    assert await run(copy, "calls") == ""
    assert await run(copy, "search", "support") == ""
    assert {path.name.split("-")[0] for path in copy.iterdir()} == {"streamer.sqlite3"}
    left = b"".join(path.read_bytes() for path in copy.iterdir())
    assert b"technical" not in left
    assert "no call last" in await refused(copy, "delete", "last", "--yes", code=3)


async def test_a_file_of_somebody_else_is_left_and_said_and_the_words_go(copy):
    (call,) = events_of(await run(copy, "calls", "--json"))
    (copy / call["call"] / "notes.txt").write_text("mine")
    assert "notes.txt" in await refused(copy, "delete", "last", "--yes", code=1)
    assert await run(copy, "search", "support") == ""
    assert await run(copy, "calls") == await run(copy, "resume") == ""
    assert [path.name for path in (copy / call["call"]).iterdir()] == ["notes.txt"]


async def test_a_lost_database_is_made_again_from_the_recordings(copy):
    before = events_of(await run(copy, "show", "last", "--json"))
    for path in copy.glob("streamer.sqlite3*"):
        path.unlink()
    (call,) = events_of(await run(copy, "calls", "--json"))
    assert (call["call"], call["state"]) == (before[0]["call"], "unfinished")
    assert not (copy / "streamer.sqlite3").exists(), "a reading command makes no database"
    assert (await run(copy, "resume")).split() == [call["call"]]
    assert (await run(copy, "resume", "--all", "--model", "demo")).split() == [call["call"]]
    assert events_of(await run(copy, "show", "last", "--json")) == before
    assert await run(copy, "resume", "--all", "--model", "demo") == ""


@pytest.mark.parametrize("damage", ["header", "middle", "newer"])
async def test_a_database_that_cannot_be_used_is_one_line_and_costs_only_the_text(
    copy, damage, short_call
):
    path = copy / "streamer.sqlite3"
    if damage == "newer":
        with sqlite3.connect(path) as db:
            db.execute("INSERT INTO migration VALUES (99, 'm099', 'now')")
        db.close()
    else:
        content = bytearray(path.read_bytes())
        place = 0 if damage == "header" else 4096
        content[place : place + 4000] = b"\x55" * 4000
        path.write_bytes(content)
        for log in copy.glob("streamer.sqlite3-*"):
            log.unlink()
    for command in (["calls"], ["search", "support"], ["show", "last"]):
        err = await refused(copy, *command, code=1)
        assert "newer streamer" in err if damage == "newer" else "is damaged" in err
    async with demo_pbx(short_call, speed=30) as pbx:
        code, out, err = await run_here(*arguments(pbx, copy, "--json"))
    assert code == 1
    assert [e["message"] for e in events_of(out) if e["event"] == "trouble"][0].startswith(
        "no text"
    )
    assert finals(out) == []
    assert len(list(copy.glob("*/caller.wav"))) == 1


async def test_words_wait_for_a_locked_database_and_the_call_does_not(recordings):
    async with demo_pbx(speed=8) as pbx:
        process = await start_streamer(arguments(pbx, recordings, "--json"))
        assert process.stdout is not None
        head = b""
        while b'"final"' not in head:
            head += await process.stdout.readline()
        blocker = sqlite3.connect(recordings / "streamer.sqlite3", timeout=30)
        blocker.execute("BEGIN IMMEDIATE")
        while b'"trouble"' not in head:
            head += await process.stdout.readline()
        blocker.rollback()
        blocker.close()
        out, _ = await process.communicate()
    events = events_of((head + out).decode())
    assert process.returncode == 0
    assert missing_or_wrong(events) <= 8
    messages = [event["message"] for event in events if event["event"] == "trouble"]
    assert "is being written by another program" in messages[0]
    assert messages[-1] == "the database can be written again"


async def test_a_viewer_that_is_killed_loses_no_final_and_resume_finishes_the_call(recordings):
    async with demo_pbx(speed=6) as pbx:
        process = await start_streamer(arguments(pbx, recordings, "--json"))
        assert process.stdout is not None
        seen: list[str] = []
        while len(finals("".join(seen))) < 4:
            seen.append((await process.stdout.readline()).decode())
        process.send_signal(signal.SIGKILL)
        rest, _ = await process.communicate()
        whole_lines = rest.decode().rpartition("\n")[0]
        published = finals("".join(seen) + whole_lines)
        folder = next(recordings.glob("*/call.json")).parent
        await until(lambda: json.loads((folder / "call.json").read_text())["reason"])
    names = ("leg", "utterance", "text", "words", "start", "end")
    shown = finals(await run(recordings, "show", "last", "--json"))
    kept = [{name: e[name] for name in names} for e in shown]
    assert [e for e in published if {name: e[name] for name in names} not in kept] == []
    assert (await run(recordings, "resume")).split() == [folder.name]
    await run(recordings, "resume", "last", "--model", "demo")
    words = finals(await run(recordings, "show", "last", "--json"))
    assert missing_or_wrong([{"event": "final", **segment} for segment in words]) <= 8
    numbers = [(segment["leg"], segment["utterance"]) for segment in words]
    assert len(numbers) == len(set(numbers))


async def test_a_call_that_is_being_recorded_is_not_deleted(recordings):
    async with demo_pbx(speed=1) as pbx:
        process = await start_streamer(arguments(pbx, recordings, "--json"))
        assert process.stdout is not None
        while b'"partial"' not in await process.stdout.readline():
            pass
        (call,) = events_of(await run(recordings, "calls", "--live", "--json"))
        assert call["state"] == "live"
        err = await refused(recordings, "delete", call["call"], "--yes", code=1)
        assert "is being recorded" in err
        assert "live" in await refused(recordings, "resume", "last", "--model", "demo", code=1)
        await run(recordings, "stop", "last")
        await process.communicate()
    assert process.returncode == 0


async def test_what_another_backend_hears_is_shown_while_it_is_said(recordings):
    async with demo_pbx(speed=2) as pbx:
        one = await start_streamer(arguments(pbx, recordings, "--json"))
        await until(lambda: list(recordings.glob("*/*.partial.json")))
        other = await start_streamer(arguments(pbx, recordings, "--json"))
        assert other.stdout is not None
        while b'"partial"' not in await other.stdout.readline():
            pass
        one.send_signal(signal.SIGKILL)
        await one.communicate()
        while b'"final"' not in await other.stdout.readline():
            pass
        assert await run(recordings, "search", "thank OR internet")
        other.send_signal(signal.SIGINT)
        await other.communicate()


async def test_a_watch_that_would_delete_every_call_says_so_and_deletes_none(copy, short_call):
    with sqlite3.connect(copy / "streamer.sqlite3") as db:
        db.execute("UPDATE call SET started_at = '2020-01-01T00:00:00.000Z'")
    db.close()
    (before,) = events_of(await run(copy, "calls", "--json"))
    env = {**os.environ, "STREAMER_RETENTION_DAYS": "30"}
    async with demo_pbx(short_call, speed=10) as pbx:
        _, out, _ = await run_here(*arguments(pbx, copy, "--json"), env=env)
    said = [event["message"] for event in events_of(out) if event["event"] == "trouble"]
    assert sum("the only call began more than 30 days ago" in message for message in said) == 1
    assert before in events_of(await run(copy, "calls", "--json"))


async def test_calls_older_than_wanted_are_deleted_when_a_watch_starts(
    copy, recordings, short_call
):
    folder = next(copy.glob("*/call.json")).parent
    with sqlite3.connect(copy / "streamer.sqlite3") as db:
        db.execute("UPDATE call SET started_at = '2020-01-01T00:00:00.000Z'")
        yesterday = encode_time(datetime.now(UTC) - timedelta(hours=25))
        db.execute(
            "INSERT INTO retention VALUES (1, ?1, 'another', ?1, ?1, '2025-01-01T00:00:00.000Z')",
            [yesterday],  # that every call would go has been said a day ago
        )
    db.close()
    env = {**os.environ, "STREAMER_RETENTION_DAYS": "30"}
    await run_here("calls", "--recordings", str(copy), env=env)
    assert folder.exists(), "a command that reads deletes nothing"
    async with demo_pbx(short_call, speed=10) as pbx:
        await run_here(*arguments(pbx, copy, "--json"), env=env)
    assert not folder.exists()
    (call,) = events_of(await run(copy, "calls", "--json"))
    assert call["source"] == "stream-channel"
    log = (recordings.parent / "home").rglob("streamer.log")
    assert folder.name in next(log).read_text()


async def test_the_numbers_of_a_call_and_of_many(kept):
    (call,) = events_of(await run(kept, "stats", "last", "--json"))
    assert (len(call["legs"]), call["alerts"]) == (2, 0)
    assert sum(leg["share"] for leg in call["legs"]) == pytest.approx(1, abs=0.01)
    assert call["talk"] + call["silence"] == pytest.approx(call["duration"], abs=0.01)
    assert call["one_way"] is False
    for leg in call["legs"]:
        assert -60 < leg["level"] < 0
        assert (leg["hold"], leg["missing"]) == (0, 0)
    header = (await run(kept, "stats", "last", "--csv")).splitlines()[0]
    assert header.endswith("response,hold,level,clipped,gap,jitter,missing")
    assert (await run(kept, "stats", "last")).count(" dB\t") == 2
    rows = (await run(kept, "stats", "--csv", "--by", "agent")).splitlines()
    assert rows[0].startswith("agent,calls,duration,")
    assert rows[1].startswith("'-,1,")
    assert (await run(kept, "stats", "--by", "day")).count("\n") == 1
    assert "--by must be one of" in await refused(kept, "stats", "--by", "year", code=2)
    assert "choose one" in await refused(kept, "stats", "--csv", "--json", code=2)


async def test_a_report_is_printed_or_written_for_its_owner_alone(kept, tmp_path):
    printed = await run(kept, "report")
    assert "   1  calls\n" in printed
    assert await run(kept, "report", "--from", "nobody") != printed
    page = tmp_path / "night.html"
    assert await run(kept, "report", "-o", str(page)) == ""
    assert page.stat().st_mode & 0o777 == 0o600
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert "exists" in await refused(kept, "report", "-o", str(page), code=2)
    await run(kept, "report", "--force", "--format", "txt", "-o", str(page))
    assert "\n   1  calls\n" in page.read_text()
    assert (await run(kept, "report", "--format", "html", "-o", "-")).startswith("<!DOCTYPE html>")
    assert "tells no format" in await refused(kept, "report", "-o", str(tmp_path / "x"), code=2)
    assert "unknown format pdf" in await refused(kept, "report", "--format", "pdf", code=2)


async def test_a_report_tells_whose_recordings_are_gone(copy):
    assert "All are there." in await run(copy, "report")
    for wav in copy.glob("*/*.wav"):
        wav.unlink()
    assert "  complete  left, right\n" in await run(copy, "report")


async def test_rules_are_tried_and_alerts_are_listed_shown_and_exported(recordings, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(
        '[[alert]]\nname = "thanks"\nsaid = ["thank you for call"]\n'
        '[[alert]]\nname = "told"\nnot_said = ["recorded line"]\nwithin = 15\n'
    )
    rules = ("--config", str(config))
    out = await run(
        recordings, "transcribe", "--store", str(demo_call()), "--model", "demo", *rules
    )
    assert "alert: told (warning): not said" in out.splitlines()
    tried = await run(recordings, "alerts", "test", "last", "--json", *rules)
    assert [(e["rule"], e["likeness"]) for e in events_of(tried)] == [
        ("thanks", "other forms of the words"),
        ("told", None),
    ]
    (listed,) = events_of(await run(recordings, "calls", "--alerts", "--json"))
    assert {alert["rule"] for alert in listed["alerts"]} == {"thanks", "told"}
    assert len((await run(recordings, "calls", "--alerts")).splitlines()) == 2
    shown = events_of(await run(recordings, "show", "last", "--json"))
    assert [event["rule"] for event in shown if event.get("event") == "alert"] == ["thanks", "told"]
    exported = json.loads(await run(recordings, "export", "last", "--format", "json"))
    assert [alert["rule"] for alert in exported["alerts"]] == ["thanks", "told"]
    config.write_text('[[alert]]\nname = "broken"\n')
    assert "(broken) needs either said" in await refused(recordings, "calls", *rules, code=2)
