"""Listening in: the sound of a call for the browser's own player, from the recording and nothing else.

A call that has ended is a WAV of known length, of which any range can be asked for. A live one is a WAV whose end nobody knows, which
goes on for as long as the call does: from the newest sample on, or from a moment that is asked for.
"""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

from aiohttp import web

from streamer.calls.sound import LOOK_S, Sound, open_sound
from streamer.core.audio import SAMPLE_WIDTH
from streamer.errors import NotFoundError, StreamerError
from streamer.media.wav import HEADER_SIZE
from streamer.recording.folder import CallFolder, is_call_id

MOST_LISTENERS = 100
_PIECE_S = 2


class Listening:
    """Answers requests for the sound of the calls in one folder."""

    def __init__(self, recordings: Path) -> None:
        self._recordings = recordings
        self._listeners = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Send the sound of a call; blocking reads are made on threads."""
        call_id = request.match_info["call"]
        if not is_call_id(call_id):
            raise web.HTTPNotFound(text="this is no call's id\n")
        if self._listeners >= MOST_LISTENERS:
            raise web.HTTPServiceUnavailable(text="too many listen already\n")
        folder = CallFolder(self._recordings / call_id)
        label = request.query.get("leg", "")
        self._listeners += 1
        try:
            return await _send(request, await _open(folder, label))
        finally:
            self._listeners -= 1


async def _open(folder: CallFolder, label: str) -> Sound:
    try:
        return await asyncio.to_thread(open_sound, folder, label, only_inside=True)
    except NotFoundError as error:
        raise web.HTTPNotFound(text=f"{error}\n") from error
    except StreamerError as error:
        raise web.HTTPConflict(text=f"{error}\n") from error


async def _send(request: web.Request, sound: Sound) -> web.StreamResponse:
    is_live = sound.is_live()
    length = await asyncio.to_thread(sound.look)
    start = _parse_start(request, sound.rate, length if is_live else 0)
    if not is_live:
        return await _send_range(request, sound, min(start, length), length)
    response = _begin(200)
    await response.prepare(request)
    await response.write(sound.header(None))
    await _follow(request, response, sound, start)
    return response


async def _send_range(
    request: web.Request, sound: Sound, first: int, length: int
) -> web.StreamResponse:
    """Send what is asked for of a WAV that begins at a sample."""
    total = HEADER_SIZE + (length - first) * SAMPLE_WIDTH
    try:
        asked = request.http_range
    except ValueError:
        asked = slice(total, total)
    begin, end, _ = asked.indices(total)
    if begin >= end:
        raise web.HTTPRequestRangeNotSatisfiable(headers={"Content-Range": f"bytes */{total}"})
    is_part = (asked.start, asked.stop) != (None, None)
    response = _begin(206 if is_part else 200)
    response.headers["Accept-Ranges"] = "bytes"
    response.content_length = end - begin
    if is_part:
        response.headers["Content-Range"] = f"bytes {begin}-{end - 1}/{total}"
    await response.prepare(request)
    head = sound.header(length - first)[begin:end]
    await response.write(head)
    piece = _PIECE_S * sound.rate * SAMPLE_WIDTH
    at = begin + len(head)
    while at < end:
        upto = min(end, at + piece)
        await response.write(await asyncio.to_thread(_read_bytes, sound, first, at, upto))
        at = upto
    return response


def _read_bytes(sound: Sound, first: int, begin: int, end: int) -> bytes:
    """Return bytes of the WAV that begins at a sample, which need not be whole samples."""
    begin, end = begin - HEADER_SIZE, end - HEADER_SIZE
    skipped = begin // SAMPLE_WIDTH
    pcm = sound.read(first + skipped, -(-end // SAMPLE_WIDTH) - skipped)
    return pcm[begin - skipped * SAMPLE_WIDTH :][: end - begin]


async def _follow(
    request: web.Request, response: web.StreamResponse, sound: Sound, at: int
) -> None:
    """Send samples as they come, until the call has ended or nobody listens."""
    while True:
        is_live = sound.is_live()
        length = await asyncio.to_thread(sound.look)
        while at < length:
            count = min(length - at, _PIECE_S * sound.rate)
            await response.write(await asyncio.to_thread(sound.read, at, count))
            at += count
        if not is_live or request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(LOOK_S)


def _begin(status: int) -> web.StreamResponse:
    return web.StreamResponse(status=status, headers={"Content-Type": "audio/wav"})


def _parse_start(request: web.Request, rate: int, now: int) -> int:
    """Return the sample that is asked for, by its second; `now` without one."""
    try:
        second = float(request.query["from"])
    except (KeyError, ValueError):
        return now
    return round(second * rate) if math.isfinite(second) and 0 <= second < 1e6 else now
