"""Calls that come to us are recorded to the byte, at the rate that they have: the listener in this process."""

import math
import wave

import pytest

from streamer.simulator.caller import load_caller, script_mislabelled
from streamer.wire.audiosocket import RATES, Audio
from streamer.wire.formats import Format, decode
from streamer.wire.g711 import Law, encode
from tests.conftest import TRACES
from tests.fakes.listening import listening
from tests.fakes.replay import until
from tests.fakes.serving import call, check_what_is_sent_is_recorded, play

SECOND = b"\x00\x10\x00\xf0" * 4000
"""One second of a loud tone at 8 kHz."""


@pytest.mark.parametrize("rate", sorted(RATES.values()))
async def test_the_wav_is_equal_to_the_samples_sent_at_every_rate(rate, recordings, runtime_dir):
    async with listening(recordings, runtime_dir) as served:
        await check_what_is_sent_is_recorded(served, rate)


@pytest.mark.parametrize("format", [Format.ULAW, Format.ALAW, Format.SLIN16])
async def test_audio_under_a_wrong_label_is_recognised_and_said_once(
    format, recordings, runtime_dir
):
    demo = b"".join(n.to_bytes(2, "little", signed=True) for n in _speech())
    async with listening(recordings, runtime_dir) as served:
        await play(served, script_mislabelled(demo, format, name="a"))
        await served.ended()
        (recorded,) = served.calls()
        expected = demo if format is Format.SLIN16 else decode(encode(demo, Law(format)), format)
        assert served.pcm(recorded) == expected
        assert recorded["legs"][0]["rate"] == format.rate
        assert served.troubles.count(format) == 1


def _speech():
    """A sum of tones that swells and fades, as vowels do."""
    return [
        round(
            6000
            * abs(math.sin(n / 1500))
            * (math.sin(n / 9) + 0.5 * math.sin(n / 4.1) + 0.2 * math.sin(n / 2.3))
        )
        for n in range(12_000)
    ]


@pytest.mark.parametrize("name", sorted(path.name for path in TRACES.glob("audiosocket_*.jsonl")))
async def test_what_asterisk_sent_is_recorded_to_the_byte(name, recordings, runtime_dir):
    script = load_caller(TRACES / name)
    async with listening(recordings, runtime_dir) as served:
        await play(served, script, speed=4.0)
        await served.ended()
        (recorded,) = served.calls()
        sent = b"".join(frame.data[3:] for frame in script.frames if frame.data[0] >= 0x10)
        assert served.pcm(recorded).replace(b"\0", b"") == sent.replace(b"\0", b"")
        assert recorded["legs"][0]["channel"] == str(served.calls()[0]["facts"]["uuid"])
        digits = [chr(frame.data[3]) for frame in script.frames if frame.data[0] == 3]
        assert [digit["digit"] for digit in recorded["legs"][0]["digits"]] == digits


async def test_without_any_audio_silence_goes_out_and_an_empty_wav_is_left(recordings, runtime_dir):
    async with listening(recordings, runtime_dir) as served:
        caller = await call(served.port)
        caller.identify()
        await until(lambda: len(caller.messages) > 3)
        assert {type(message) for message in caller.messages} == {Audio}
        assert not caller.received.replace(bytes(320), b"").strip(b"\x10\x01\x40")
        caller.hang_up()
        await served.ended()
        (recorded,) = served.calls()
        assert served.pcm(recorded) == b""
        assert recorded["reason"] == "hang-up"


async def test_a_rate_that_is_known_late_is_put_right(recordings, runtime_dir):
    async with listening(recordings, runtime_dir) as served:
        caller = await call(served.port)
        caller.identify()
        await until(lambda: served.of_kind("call_started"))  # after RATE_WAIT_S, as 8 kHz
        caller.speak(SECOND * 2, rate=16000)
        caller.hang_up()
        await served.ended()
        (recorded,) = served.calls()
        assert recorded["legs"][0]["rate"] == 16000
        with wave.open(str(served.wav(recorded))) as wav:
            assert (wav.getframerate(), wav.getnframes()) == (16000, 16000)
