"""What the stand-ins send is what the decoders read: samples, names, keys and ends."""

from __future__ import annotations

import base64
import json
import wave

import pytest

from streamer.simulator.websocket.script import (
    FORMATS,
    WRITERS,
    play,
    with_digits,
    with_hole,
    with_stall,
)
from streamer.wire import g711
from streamer.wire.websocket.base import (
    CallBegun,
    CallEnded,
    KeyPressed,
    LegBegun,
    LegEnded,
    MediaFormat,
    Odd,
    Upgrade,
)
from streamer.wire.websocket.choice import SHAPES
from streamer.wire.websocket.codecs import name_asterisk_format
from tests.unit.wire.websocket.messages import audio_of, take

SECONDS = 0.5


@pytest.fixture
def make_wav(tmp_path):
    def make(*, rate, channels):
        frames = int(rate * SECONDS)
        tone = b"".join(
            (((n * (channel + 3) * 97) % 20_000) - 10_000).to_bytes(2, "little", signed=True)
            for n in range(frames)
            for channel in range(channels)
        )
        path = tmp_path / f"{rate}-{channels}.wav"
        with wave.open(str(path), "wb") as wav:
            wav.setparams((channels, 2, rate, 0, "NONE", ""))
            wav.writeframes(tone)
        return path, [
            b"".join(tone[n : n + 2] for n in range(2 * c, len(tone), 2 * channels))
            for c in range(channels)
        ]

    return make


def read(source, script, *, rate=0):
    sent = [*script.opening, *(one.message for one in play(script)), *script.closing]
    said = take(SHAPES[source](Upgrade("/"), rate=rate), sent)
    assert not [message for message in said if isinstance(message, Odd)]
    return said


def legs_of(said):
    return [message for message in said if isinstance(message, LegBegun)]


@pytest.mark.parametrize(
    "name", ["slin", "slin12", "slin16", "slin24", "slin44", "slin48", "ulaw", "alaw"]
)
@pytest.mark.parametrize("is_json", [False, True])
def test_asterisks_call_holds_the_files_samples_in_every_format(make_wav, name, is_json):
    format = name_asterisk_format(name)
    path, (pcm,) = make_wav(rate=format.rate, channels=1)
    script = WRITERS["chan-websocket"](path, call="17.1", format=format, is_json=is_json)
    said = read("chan-websocket", script)
    assert CallBegun("17.1") in said
    assert [leg.format for leg in legs_of(said)] == [format]
    sent = pcm if format.codec == "slin" else g711.encode(pcm, g711.Law(format.codec))
    assert audio_of(said, "media") == sent
    assert script.ends_at == pytest.approx(SECONDS, abs=0.03)


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_yeastars_call_holds_each_channel_and_ends_each(make_wav, rate):
    path, tracks = make_wav(rate=rate, channels=2)
    script = WRITERS["yeastar"](path, call="17.1", format=MediaFormat("slin", rate))
    said = read("yeastar", script, rate=rate)
    legs = legs_of(said)
    assert [leg.number for leg in legs] == ["1000", "1001"]
    assert [audio_of(said, leg.key) for leg in legs] == tracks
    assert [type(message) for message in said[-2:]] == [LegEnded, LegEnded]
    assert script.messages[2].at == pytest.approx(640 / rate)


@pytest.mark.parametrize("channels", [1, 2])
def test_twilios_call_holds_a_track_for_each_channel(make_wav, channels):
    path, tracks = make_wav(rate=8_000, channels=channels)
    script = WRITERS["twilio"](path, call="CA1", format=FORMATS["twilio"])
    said = read("twilio", script)
    assert said[0] == CallBegun("CA1")
    assert said[-1] == CallEnded()
    keys = [leg.key for leg in legs_of(said)]
    assert keys == ["inbound", "outbound"][:channels]
    assert [audio_of(said, key) for key in keys] == [
        g711.encode(pcm, g711.Law.MU) for pcm in tracks
    ]
    chunks = [json.loads(one.message)["media"] for one in script.messages]
    assert {len(base64.b64decode(chunk["payload"])) for chunk in chunks} == {160}
    assert chunks[-1]["timestamp"] == "480"


@pytest.mark.parametrize(("channels", "keys"), [(1, ["mixed"]), (2, ["left", "right"])])
def test_freeswitchs_call_is_mono_or_stereo(make_wav, channels, keys):
    path, tracks = make_wav(rate=16_000, channels=channels)
    script = WRITERS["audio-stream"](path, call="u", format=FORMATS["audio-stream"])
    said = read("audio-stream", script)
    assert [leg.key for leg in legs_of(said)] == keys
    assert [audio_of(said, key) for key in keys] == tracks


def script_of(make_wav, source="chan-websocket"):
    path, _ = make_wav(rate=16_000, channels=1)
    return WRITERS[source](path, call="c", format=FORMATS[source])


@pytest.mark.parametrize(("source", "key"), [("chan-websocket", "media"), ("twilio", "inbound")])
def test_keys_are_pressed_while_the_audio_waits(make_wav, source, key):
    script = with_digits(script_of(make_wav, source), at=0.1, digits="1#")
    said = read(source, script)
    assert [m for m in said if isinstance(m, KeyPressed)] == [
        KeyPressed(key, "1"),
        KeyPressed(key, "#"),
    ]
    times = [one.at for one in script.messages]
    assert times == sorted(times)
    assert script.ends_at == pytest.approx(SECONDS + 0.24)


def test_where_there_are_no_keys_none_can_be_pressed(make_wav):
    with pytest.raises(ValueError, match="no message for a key"):
        with_digits(script_of(make_wav, "yeastar"), at=0, digits="1")


def test_a_hole_moves_what_follows_and_a_stall_only_what_is_in_it(make_wav):
    script = script_of(make_wav)
    hole = [one.at for one in with_hole(script, at=0.1, seconds=1).messages]
    stall = [one.at for one in with_stall(script, at=0.1, seconds=0.2).messages]
    assert hole[4:6] == pytest.approx([0.08, 1.1])
    assert stall[4:6] == pytest.approx([0.08, 0.3])
    assert stall[-1] == pytest.approx(script.messages[-1].at)


def test_a_loop_goes_on_behind_the_end(make_wav):
    script = script_of(make_wav)
    played = play(script, loop=True)
    times = [next(played).at for _ in range(2 * len(script.messages))]
    assert times[len(script.messages)] == pytest.approx(script.ends_at)
