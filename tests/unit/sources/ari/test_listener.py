"""The port of a tap: media with a UUID of ours are let in, once, and nobody else."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from streamer.errors import UnreachableError
from streamer.sources.ari.listener import MOST_STRANGERS, open_listener
from streamer.wire.audiosocket import encode_identifier
from tests.fakes.replay import PATIENCE_S, until

AUDIO = b"\x12\x00\x04abcd"


@asynccontextmanager
async def connected(listener, first=b""):
    reader, writer = await asyncio.open_connection(*listener.address)
    writer.write(first)
    try:
        yield reader, writer
    finally:
        writer.close()


async def is_closed(reader):
    async with asyncio.timeout(PATIENCE_S):
        try:
            return await reader.read() == b""
        except ConnectionError:
            return True


async def test_audio_comes_in_pieces_of_any_size_and_its_end_is_told():
    heard = list[bytes]()
    async with open_listener("http://127.0.0.1:8088/ari") as listener:
        medium = listener.expect(heard.append)
        sent = encode_identifier(medium.uuid) + AUDIO + b"\x03\x00\x015" + AUDIO
        async with connected(listener) as (_, writer):
            for n in range(len(sent)):
                writer.write(sent[n : n + 1])
                await writer.drain()
            await until(lambda: heard == [b"abcd", b"abcd"])
            assert medium.connected.is_set()
        await until(medium.lost.is_set)


@pytest.mark.parametrize(
    "first",
    [encode_identifier(uuid4()), AUDIO, b"GET / HTTP/1.1\r\n" + bytes(20_000), b"\x01\x00\x03abc"],
    ids=["another UUID", "audio", "HTTP", "a short UUID"],
)
async def test_whoever_shows_no_uuid_of_ours_is_sent_away(first):
    async with open_listener("http://localhost/ari") as listener:
        medium = listener.expect(lambda _: None)
        async with connected(listener, first) as (reader, _):
            assert await is_closed(reader)
        assert not medium.connected.is_set()
        assert not listener.strangers


async def test_a_uuid_lets_one_connection_in_and_none_after_it_is_forgotten():
    async with open_listener("http://127.0.0.1/ari") as listener:
        medium, forgotten = listener.expect(lambda _: None), listener.expect(lambda _: None)
        listener.forget(forgotten)
        async with connected(listener, encode_identifier(medium.uuid)) as (first, _):
            await until(medium.connected.is_set)
            for uuid in (medium.uuid, forgotten.uuid):
                async with connected(listener, encode_identifier(uuid)) as (reader, _):
                    assert await is_closed(reader)
            listener.forget(medium)
            assert await is_closed(first)


async def test_of_many_strangers_the_oldest_goes():
    async with open_listener("http://127.0.0.1/ari") as listener:
        first, leaving = await asyncio.open_connection(*listener.address)
        others = [await asyncio.open_connection(*listener.address) for _ in range(MOST_STRANGERS)]
        assert await is_closed(first)
        leaving.close()
        for _, writer in others:
            writer.close()


async def test_it_listens_on_loopback_for_a_pbx_there_and_nowhere_for_one_that_has_no_address():
    async with open_listener("http://127.0.0.1:8088/ari") as listener:
        assert listener.address[0] == "127.0.0.1"
    with pytest.raises(UnreachableError, match="ari_url"):
        async with open_listener("http://no-such-host.invalid/ari"):
            pass
