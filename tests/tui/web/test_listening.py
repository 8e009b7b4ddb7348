"""Listening in over HTTP: ranges of calls that have ended, live calls to their end, and nothing but recordings."""

import aiohttp
import pytest

from streamer.calls.sound import open_sound
from streamer.core.events import EndReason
from streamer.media.wav import HEADER_SIZE, parse_header
from streamer.recording.folder import CallFolder
from tests.fakes.replay import until
from tests.tui.web.test_access import serve
from tests.unit.calls.test_sound import RATE, begin, record, samples
from tui.web import listening


@pytest.fixture
async def heard(recordings):
    """A server of a call that has ended, and the call's id."""
    folder = record(recordings, samples(100), samples(7))
    async with serve(recordings=recordings) as served:
        yield served, f"/sound/{folder.call_id}.wav"


async def test_a_call_that_has_ended_is_a_wav_of_its_length(heard):
    served, path = heard
    response, wav = await served.fetch(path, **served.cookie)
    assert (response.status, response.content_type) == (200, "audio/wav")
    assert response.headers["Accept-Ranges"] == "bytes"
    assert parse_header(wav).data_size == len(wav) - HEADER_SIZE == 2 * RATE
    assert wav[HEADER_SIZE:] == samples(107).tobytes()
    _, alone = await served.fetch(f"{path}?leg=agent&from=0.5", **served.cookie)
    assert alone[HEADER_SIZE:] == samples(7, count=RATE // 2).tobytes()


@pytest.mark.parametrize(
    ("asked", "begin_at", "end"),
    [
        ("0-", 0, None),
        ("10-50", 10, 51),
        ("45-46", 45, 47),
        ("-3", -3, None),
        ("101-9999999", 101, None),
    ],
)
async def test_any_range_of_bytes_can_be_had(heard, asked, begin_at, end):
    served, path = heard
    _, whole = await served.fetch(path, **served.cookie)
    response, part = await served.fetch(path, Range=f"bytes={asked}", **served.cookie)
    assert (response.status, part) == (206, whole[begin_at:end])
    first = begin_at % len(whole)
    last = first + len(part) - 1
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=5-1", "lines=1-2", "bytes=a-b"])
async def test_a_range_that_is_not_there_is_416(heard, asked):
    served, path = heard
    response, _ = await served.fetch(path, Range=asked, **served.cookie)
    assert response.status == 416


@pytest.mark.parametrize(
    "query", ["from=nan", "from=inf", "from=-1", "from=1e99", "from=x", "from="]
)
async def test_a_moment_that_is_none_is_the_beginning(heard, query):
    served, path = heard
    _, wav = await served.fetch(f"{path}?{query}", **served.cookie)
    assert len(wav) == HEADER_SIZE + 2 * RATE


async def test_behind_the_end_there_is_nothing(heard):
    served, path = heard
    _, wav = await served.fetch(f"{path}?from=99", **served.cookie)
    assert len(wav) == HEADER_SIZE


@pytest.mark.parametrize(
    "name", ["20990101-000000-abcd", "..", "%2e%2e%2fsecret", "last", "20990101-000000-abcd%00"]
)
async def test_what_is_no_call_is_not_there(heard, name):
    served, _ = heard
    response, _ = await served.fetch(f"/sound/{name}.wav", **served.cookie)
    assert response.status in (404, 409)


async def test_a_leg_that_is_none_is_not_there(heard):
    served, path = heard
    response, _ = await served.fetch(f"{path}?leg=../agent", **served.cookie)
    assert response.status == 404


async def test_a_live_call_is_heard_from_now_on_to_its_end(recordings):
    recording = begin(recordings, samples(100), samples(7))
    sound = open_sound(CallFolder(recording.folder))
    await until(lambda: sound.look() == RATE)
    async with (
        serve(recordings=recordings) as served,
        aiohttp.ClientSession(served.origin, headers=served.cookie) as session,
        session.get(f"/sound/{recording.folder.name}.wav") as response,
        session.get(f"/sound/{recording.folder.name}.wav?from=0.5") as earlier,
    ):
        header = await response.content.readexactly(HEADER_SIZE)
        assert parse_header(header).data_size > 1 << 31
        assert "Accept-Ranges" not in response.headers
        for leg in (0, 1):
            recording.append(leg, [samples(3).tobytes()])
        assert await response.content.readexactly(2 * RATE) == samples(6).tobytes()
        recording.finish(EndReason.HANG_UP)
        assert await response.content.read() == b""
        assert len(await earlier.content.read()) == HEADER_SIZE + 3 * RATE


async def test_a_listener_keeps_no_server_from_ending(recordings):
    recording = begin(recordings, samples(100), samples(7))
    async with aiohttp.ClientSession() as session:
        async with serve(recordings=recordings) as served:
            response = await session.get(
                f"{served.origin}/sound/{recording.folder.name}.wav", headers=served.cookie
            )
            await response.content.readexactly(HEADER_SIZE)
        response.close()
    recording.finish(EndReason.HANG_UP)


async def test_so_many_listen_and_no_more(heard, monkeypatch):
    served, path = heard
    monkeypatch.setattr(listening, "MOST_LISTENERS", 0)
    response, _ = await served.fetch(path, **served.cookie)
    assert response.status == 503
