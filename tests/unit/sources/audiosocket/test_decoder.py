import pytest

from streamer.core.audio import AudioChunk
from streamer.sources.audiosocket.decoder import MOST_RAW, Decoder, describe_beginning
from streamer.sources.base import DtmfReceived, Odd, RateKnown
from streamer.wire import audiosocket as wire
from streamer.wire.formats import Format

FRAME = b"\x00\x10\x00\xf0" * 80


def hear(decoder, payloads, rate=8000, start=10.0):
    return [
        item
        for n, payload in enumerate(payloads)
        for item in decoder.take(wire.Audio(rate, payload), start + n * 0.02)
    ]


def of_kind(kind, items):
    return [item for item in items if isinstance(item, kind)]


def test_ordinary_audio_is_known_soon_and_none_of_it_is_lost():
    decoder = Decoder("peer", None)
    items = hear(decoder, [FRAME] * 10)
    assert items[0] == RateKnown(0, 8000)
    chunks = of_kind(AudioChunk, items)
    assert [chunk.pcm for chunk in chunks] == [FRAME] * 10
    assert [round(chunk.arrival, 2) for chunk in chunks] == [10 + n / 50 for n in range(10)]
    assert of_kind(Odd, items) == []


@pytest.mark.parametrize("rate", [12_000, 16_000, 44_100, 192_000])
def test_other_kinds_are_what_they_say_from_the_first_frame_on(rate):
    decoder = Decoder("peer", None)
    assert hear(decoder, [FRAME], rate) == [RateKnown(0, rate), AudioChunk(0, FRAME, 10.0)]
    assert decoder.kind_rate == rate


def test_what_the_user_says_is_not_doubted():
    decoder = Decoder("peer", Format.SLIN16)
    items = hear(decoder, [FRAME * 2])
    assert items == [RateKnown(0, 16_000), AudioChunk(0, FRAME * 2, 10.0)]
    assert decoder.kind_rate == 8000, "what goes back has the rate of the label"


def test_a_wrong_label_is_said_once():
    decoder = Decoder("peer", None)
    items = hear(decoder, [b"\xff" * 160] * 100)
    assert [item.message.count("ulaw") for item in of_kind(Odd, items)] == [1]
    assert sum(chunk.samples for chunk in of_kind(AudioChunk, items)) == 16_000


def test_a_call_that_ends_at_once_is_heard_all_the_same():
    decoder = Decoder("peer", None)
    assert hear(decoder, [FRAME]) == []
    assert decoder.finish() == [RateKnown(0, 8000), AudioChunk(0, FRAME, 10.0)]
    assert decoder.finish() == []


def test_a_rate_that_changes_is_dropped_and_counted():
    decoder = Decoder("peer", None)
    hear(decoder, [FRAME], 16_000)
    first, second = hear(decoder, [FRAME, FRAME], 8000)
    assert isinstance(first, Odd)
    assert "16000 to 8000" in first.message
    assert (first.odd_bytes, second) == (320, Odd(0, "", 320))


def test_half_samples_and_empty_frames_cost_nothing_else():
    decoder = Decoder("peer", Format.SLIN)
    items = hear(decoder, [FRAME + b"\1", b"", b"\1"])
    assert [chunk.pcm for chunk in of_kind(AudioChunk, items)] == [FRAME]
    assert [item.odd_bytes for item in of_kind(Odd, items)] == [1, 1]


def test_everything_else_that_may_come_is_told_and_costs_no_audio():
    decoder = Decoder("peer", None)
    assert decoder.take(wire.Digit("5"), 11.0) == [DtmfReceived(0, "5", 11.0)]
    assert decoder.take(wire.Silence(), 11.0) == []
    (error,) = decoder.take(wire.Failed(0x01), 11.0)
    (unknown,) = decoder.take(wire.Unknown(0x42, 7), 11.0)
    assert isinstance(error, Odd)
    assert "hung up" in error.message
    assert isinstance(unknown, Odd)
    assert "0x42" in unknown.message


@pytest.mark.parametrize("raw", [b"f", b"!", b"12", b"", b"\xff"])
def test_a_key_that_is_none_is_kept_as_it_came_and_counted(raw):
    key, odd = Decoder("peer", None).take(wire.Digit(None, raw), 11.0)
    assert key == DtmfReceived(0, None, 11.0, raw)
    assert isinstance(odd, Odd)
    assert (raw.hex() or "nothing") in odd.message
    assert (odd.odd_bytes, odd.frames) == (len(raw), 1)


def test_keys_that_are_none_are_said_once_whatever_they_hold():
    decoder = Decoder("peer", None)
    keys = [b"f", b"!", b"12", b"", b"f"]
    items = [item for raw in keys for item in decoder.take(wire.Digit(None, raw), 11.0)]
    assert [bool(item.message) for item in of_kind(Odd, items)] == [
        True,
        False,
        False,
        False,
        False,
    ]


def test_only_the_beginning_of_a_huge_key_is_kept():
    key, odd = Decoder("peer", None).take(wire.Digit(None, b"x" * 0xFFFF), 11.0)
    assert key == DtmfReceived(0, None, 11.0, b"x" * MOST_RAW)
    assert isinstance(odd, Odd)
    assert odd.odd_bytes == 0xFFFF
    assert len(odd.message) < 300


def test_a_second_uuid_of_another_length_is_ignored_and_said_once():
    decoder = Decoder("peer", None)
    first, second = (decoder.take(wire.Malformed(length), 11.0)[0] for length in (15, 0))
    assert isinstance(first, Odd)
    assert "15 bytes" in first.message
    assert (first.odd_bytes, second) == (15, Odd(0, ""))


def test_an_empty_frame_of_another_kind_settles_no_rate():
    decoder = Decoder("peer", None)
    items = hear(decoder, [b""], 48_000) + hear(decoder, [FRAME], 16_000)
    assert items == [RateKnown(0, 16_000), AudioChunk(0, FRAME, 10.0)]


def test_a_thousand_odd_things_are_a_few_lines():
    decoder = Decoder("peer", None)
    messages = [
        item.message
        for kind in range(0x20, 0xF0)
        for item in decoder.take(wire.Unknown(kind, 0), 11.0)
        if isinstance(item, Odd)
    ]
    assert sum(map(bool, messages)) <= 20


def test_a_wrong_beginning_is_described():
    assert "HTTP" in describe_beginning(ord("G"), 0x4554)
    assert "TLS" in describe_beginning(0x16, 0x0301)
    assert "send-proxy" in describe_beginning(ord("P"), int.from_bytes(b"RO"))
    assert "send-proxy" in describe_beginning(ord("\r"), int.from_bytes(b"\n\r"))
    assert "0x80" in describe_beginning(0x80, 0)
    assert "audio" in describe_beginning(0x16, 1920)
