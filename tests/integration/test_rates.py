"""The demo call, recorded as a PBX of another rate would send it, gives the words of the call at 16 kHz, at their times."""

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from difflib import SequenceMatcher
from itertools import pairwise
from math import gcd

import numpy as np
import pytest

from streamer.cli.demo import demo_call
from streamer.core.audio import Leg
from streamer.core.events import SPEECH_RATE, EndReason
from streamer.media.decode import decode_tracks
from streamer.recording.writer import create_recording
from streamer.speech.words.agreement import normalise
from tests.fakes.command_line import run_here
from tests.fakes.recorder import start_streamer
from tests.fakes.replay import until
from tests.integration.test_watch import missing_or_wrong

pytestmark = pytest.mark.slow


def record_demo(recordings, rates):
    """Record the demo call with a rate for each leg, frame by frame as they come; return its folder."""
    legs = tuple(
        Leg(label, label, rate) for label, rate in zip(("caller", "agent"), rates, strict=True)
    )
    recording = create_recording(recordings, source="audiosocket", url="", legs=legs)
    for number, (track, rate) in enumerate(zip(decode_tracks(demo_call()), rates, strict=True)):
        pcm, size = change_rate(track, rate), 2 * rate // 50
        for at in range(0, len(pcm), size):
            recording.append(number, [pcm[at : at + size]])
            while recording.waiting > 5 * rate:  # a call is slower than any disk, this loop is not
                time.sleep(0.001)
    assert recording.finish(EndReason.HANG_UP)
    return recording.folder


def change_rate(track, rate):
    """Resample by a way that is not the one under test."""
    from scipy.signal import resample_poly  # a second, which not every worker need spend

    step = gcd(rate, SPEECH_RATE)
    samples = np.frombuffer(track, "<i2").astype(float)
    changed = resample_poly(samples, rate // step, SPEECH_RATE // step)
    return np.clip(np.rint(changed), -32_768, 32_767).astype("<i2").tobytes()


def resume(recordings):
    return ["resume", "last", "--model", "demo", "--recordings", str(recordings)]


async def transcribe(recordings):
    """Finish the only call's words; return its segments as JSON has them."""
    code, _, err = await run_here(*resume(recordings))
    assert code == 0, err
    return await read_segments(recordings)


async def read_segments(recordings):
    code, out, err = await run_here("show", "last", "--json", "--recordings", str(recordings))
    assert code == 0, err
    _, *segments = map(json.loads, out.splitlines())
    return segments


def events_of(segments):
    return [{"event": "final", **segment} for segment in segments]


def words_of(segments, leg):
    return [word for segment in segments if segment["leg"] == leg for word in segment["words"]]


def differences(ours, theirs):
    """Return by how many seconds each word that both have begins or ends differently."""
    return [
        max(abs(one[edge] - other[edge]) for edge in ("start", "end"))
        for leg in ("caller", "agent")
        for one, other in pair_words(words_of(ours, leg), words_of(theirs, leg))
    ]


def pair_words(ours, theirs):
    one, two = ([normalise(word["word"]) for word in words] for words in (ours, theirs))
    for at, other, size in SequenceMatcher(None, one, two, autojunk=False).get_matching_blocks():
        yield from zip(ours[at : at + size], theirs[other : other + size], strict=True)


@pytest.fixture(scope="module")
def at_16_khz(tmp_path_factory):
    recordings = tmp_path_factory.mktemp("rates") / "recordings"
    record_demo(recordings, (SPEECH_RATE, SPEECH_RATE))
    return asyncio.run(transcribe(recordings))


@pytest.mark.parametrize("rates", [(8000, 8000), (44_100, 12_000), (192_000, 48_000)])
async def test_a_call_of_other_rates_has_the_same_words_at_the_same_times(
    recordings, at_16_khz, rates
):
    record_demo(recordings, rates)
    segments = await transcribe(recordings)
    assert missing_or_wrong(events_of(segments)) <= 8
    by = differences(segments, at_16_khz)
    assert len(by) >= 140
    # A few words end elsewhere for the model when their high sounds are gone; a wrong place in the audio would move all.
    assert np.median(by) <= 0.02
    assert np.quantile(by, 0.95) <= 0.15


async def test_a_transcriber_that_is_killed_goes_on_where_the_words_end(recordings):
    record_demo(recordings, (8000, 44_100))
    whole = await transcribe(recordings)
    for path in recordings.glob("streamer.sqlite3*"):
        path.unlink()
    process = await start_streamer(resume(recordings))
    await until(lambda: count_kept(recordings / "streamer.sqlite3") >= 6)
    process.kill()
    await process.communicate()
    before = await read_segments(recordings)
    assert 6 <= len(before) < len(whole)
    after = await transcribe(recordings)
    assert [segment for segment in before if segment not in after] == []
    assert missing_or_wrong(events_of(after)) <= 8
    assert abs(count_words(after) - count_words(whole)) <= 4
    for leg in ("caller", "agent"):
        own = [segment for segment in after if segment["leg"] == leg]
        assert [segment["utterance"] for segment in own] == list(range(1, len(own) + 1))
        assert all(one["end"] <= next_one["start"] for one, next_one in pairwise(own))


def count_kept(database):
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
            return db.execute("SELECT count(*) FROM segment").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # it has not been made yet


def count_words(segments):
    return sum(len(segment["words"]) for segment in segments)
