"""Frames of known kinds with payloads that they cannot have: no sequence of them ends a call, and what came is kept and counted."""

import asyncio
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from streamer.core.events import EndReason
from streamer.sources.audiosocket import connection
from streamer.sources.base import DtmfReceived
from streamer.wire.audiosocket import RATES, encode_audio, encode_digit
from streamer.wire.formats import Format
from tests.fakes.listening import listening
from tests.fakes.replay import PATIENCE_S, until
from tests.fakes.serving import call
from tests.integration.test_bad_callers import open_server

FRAME = b"\x00\x10\x00\xf0" * 80
KNOWN = (0x01, 0x02, 0x03, 0xFF, *RATES)
MARK = encode_digit("#") * 3


def frame(kind, payload):
    return bytes([kind]) + len(payload).to_bytes(2, "big") + payload


payloads = st.one_of(
    st.binary(max_size=3),
    st.sampled_from([b"f", b"!", b"12", b"#", bytes(16), bytes(15), bytes(36)]),
    st.builds(lambda size: b"\x01" * size, st.integers(0, 1_930)),
)
frames = st.lists(
    st.builds(frame, st.one_of(st.sampled_from(KNOWN), st.integers(0x01, 0xFF)), payloads),
    max_size=40,
)


@given(frames, st.sampled_from([None, *Format]), st.booleans())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_well_framed_payload_but_0x00_ends_a_call(sent, format_, echoes):
    with patch.object(connection, "RATE_WAIT_S", 0.1):  # most of these calls never tell their rate
        asyncio.run(say(b"".join(sent), format_, echoes=echoes))


async def say(data, format_, *, echoes):
    async with asyncio.timeout(PATIENCE_S), open_server(format=format_, echoes=echoes) as opened:
        caller = await call(opened.port)
        caller.identify()
        caller.send(data + MARK)
        await until(lambda: opened.items and last_keys(opened) == "###")
        assert not opened.has_ended()
        assert not caller.has_ended
        caller.hang_up()
        await until(opened.has_ended)
        assert (opened.end().reason, opened.end().error) == (EndReason.HANG_UP, None)


def last_keys(opened):
    keys = [item.digit for item in opened.items[0] if isinstance(item, DtmfReceived)]
    return "".join(key or "?" for key in keys[-3:])


@pytest.mark.parametrize("raw", [b"f", b"!", b"no", b"", b"\x00"])
async def test_a_key_that_is_none_is_an_event_a_note_and_a_line(recordings, runtime_dir, raw):
    async with listening(recordings, runtime_dir) as one:
        caller = await call(one.port)
        caller.identify()
        sound = encode_audio(FRAME, 16_000)
        caller.send(sound + frame(0x03, raw) * 2 + encode_digit("5") + sound)
        caller.hang_up()
        await one.ended()
    digits = [(event["digit"], event.get("raw")) for event in one.of_kind("dtmf")]
    assert digits == [(None, raw.hex()), (None, raw.hex()), ("5", None)]
    (recorded,) = one.calls()
    leg = recorded["legs"][0]
    assert [(key["digit"], key.get("raw")) for key in leg["digits"]] == digits
    assert (leg["odd_frames"], leg["odd_bytes"]) == (2, 2 * len(raw))
    assert one.pcm(recorded) == FRAME * 2
    assert (recorded["reason"], leg["message"]) == ("hang-up", "")
    assert one.troubles.count("key that no telephone has") == 1


async def test_all_odd_frames_are_counted(recordings, runtime_dir):
    odd = [frame(0x01, b"hello"), frame(0x12, FRAME + b"x"), frame(0x03, b""), frame(0x77, b"ab")]
    async with listening(recordings, runtime_dir) as one:
        caller = await call(one.port)
        caller.identify()
        caller.send(encode_audio(FRAME, 16_000) + b"".join(odd) * 5)
        caller.hang_up()
        await one.ended()
    (recorded,) = one.calls()
    leg = recorded["legs"][0]
    assert (leg["odd_frames"], leg["odd_bytes"]) == (20, 5 * (5 + 1 + 0 + 2))
    assert one.pcm(recorded) == FRAME * 6
    assert recorded["reason"] == "hang-up"
