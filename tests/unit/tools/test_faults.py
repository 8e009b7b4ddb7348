"""What `make faults` compares: it must see a loss where there is one."""

import json
import wave

import pytest

from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.core.events import Call, Segment, Word
from streamer.store import open_store
from tests.fakes.stage import NOW
from tools.faults.kept import BEHIND_S, Kept, Sent, compare_audio, compare_words
from tools.faults.watched import BYTES_PER_S

CALL = "20261120-150203-x4qd"
SENT = bytes(range(1, 251)) * (2 * BYTES_PER_S // 250)


@pytest.fixture
def call(recordings):
    """A call whose WAV holds what was sent, but for the last 0.3 s."""
    folder = recordings / CALL
    folder.mkdir(parents=True)
    with wave.open(str(folder / "caller.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(SENT[: -round(0.3 * BYTES_PER_S)])
    described = {"call": CALL, "facts": {}, "legs": [{"leg": "caller", "path": "caller.wav"}]}
    (folder / "call.json").write_text(json.dumps(described))
    return described


def compare(tmp_path, call, *sent):
    kept = Kept()
    compare_audio(tmp_path, call, sent, kept)
    return kept.losses


def test_a_sample_that_is_missing_or_wrong_is_a_loss(tmp_path, call):
    assert "lacks 0.30 s" in compare(tmp_path, call, Sent(0, SENT))[0]
    assert "not what was sent" in compare(tmp_path, call, Sent(0, bytes(len(SENT))))[0]


def test_what_the_death_of_a_tap_may_cost_is_no_loss(tmp_path, call):
    assert compare(tmp_path, call, Sent(0, SENT, until_s=2.0)) == []
    assert compare(tmp_path, call, Sent(0, SENT * 2, until_s=1.8 + BEHIND_S))


async def test_a_final_that_was_published_and_is_not_kept_is_a_loss(tmp_path, recordings, call):
    segments = [say(1, 0, "hello"), say(2, 8_000, "again")]
    settings = Settings(recordings=str(recordings))
    async with open_store(settings) as store:
        kept_call = Call(CALL, "stream-channel", (Leg("caller", "a"),), NOW)
        await store.keep_call(kept_call, recordings / CALL, [recordings / CALL / "caller.wav"])
        for one in segments:
            await store.keep_segment(CALL, "caller", one, position=one.end, utterance=one.utterance)
        await store.complete_leg(CALL, "caller")
    published = [
        {"call": CALL, "leg": "caller", "utterance": number, "text": text}
        for number, text in ((1, "hello"), (3, "more"))
    ]
    kept = Kept()
    await compare_words(tmp_path, [(CALL, [Sent(0, SENT)])], published, kept)
    assert (kept.published, kept.lost, kept.doubled) == (2, 1, 1)


def say(utterance, start, text):
    return Segment("caller", utterance, start, start + 16_000, (Word(text, start, start + 1, 0.9),))
